from __future__ import annotations

import pytest

from controller.errors import SandboxError
from controller.sandbox.mesh import GatewayClient
from controller.sandbox.mesh.translate.gateway import gateway_hosts
from tests.sandbox.mesh.backends import Object, metadata, service, virtual_service
from tests.sandbox.mesh.translate.worlds import at, by_domain, clusters_of, view

PUBLIC = GatewayClient("istio-system/public")


def gateway(*servers: Object, name: str = "public") -> Object:
    return {"kind": "Gateway", "metadata": metadata(name, "istio-system"), "spec": {"servers": list(servers)}}


def server(*names: str, port: int = 80, protocol: str = "HTTP", **more: object) -> Object:
    return {"port": {"number": port, "protocol": protocol, "name": f"p{port}"}, "hosts": list(names) or ["*"], **more}


def edge(name: str, subset: str, *names: str, namespace: str = "shop", **route: object) -> Object:
    http: list[Object] = [{"route": [{"destination": {"host": "podinfo", "subset": subset}}], **route}]
    return virtual_service(
        name, http, hosts=list(names) or ["shop.com"], gateways=["istio-system/public"], namespace=namespace
    )


def hosts(*items: Object, source: GatewayClient = PUBLIC) -> dict[str, Object]:
    return by_domain(gateway_hosts(view(service("podinfo"), *items, source=source)))


def test_without_a_gateway_everything_is_not_found() -> None:
    assert hosts(edge("a", "v1"))["*"]["routes"] == []


def test_a_host_is_served_with_any_port() -> None:
    found = hosts(gateway(server()), edge("a", "v1"))
    assert {name for name in found if name != "*"} == {"shop.com", "shop.com:80", "shop.com:*"}
    assert clusters_of(found["shop.com"]) == ["80|v1|podinfo.shop"]
    assert found["*"]["routes"] == []


def test_everything_at_a_gateway() -> None:
    assert clusters_of(hosts(gateway(server()), edge("a", "v1", "*"))["*"]) == ["80|v1|podinfo.shop"]


@pytest.mark.parametrize(
    ("server_hosts", "hosts_of_one", "served"),
    [
        (["shop.com"], ["shop.com"], ["shop.com"]),
        (["*.com"], ["shop.com"], ["shop.com"]),
        (["shop.com"], ["*.com"], ["shop.com"]),
        (["other.com"], ["shop.com"], []),
        (["shop/shop.com"], ["shop.com"], ["shop.com"]),
        (["team/shop.com"], ["shop.com"], []),
        (["*/shop.com"], ["shop.com"], ["shop.com"]),
        (["./shop.com"], ["shop.com"], []),  # "." is the gateway's namespace, not the object's
    ],
)
def test_hosts_must_be_the_servers_and_the_virtual_services(
    server_hosts: list[str], hosts_of_one: list[str], served: list[str]
) -> None:
    found = hosts(gateway(server(*server_hosts)), edge("a", "v1", *hosts_of_one))
    assert [name for name in found if ":" not in name and name != "*"] == served


def test_virtual_services_for_one_host_are_merged_the_oldest_first_and_catch_alls_last() -> None:
    old = at(edge("old", "old"), "2026-01-01T00:00:00Z")
    new = at(edge("new", "new", match=[{"uri": {"prefix": "/new"}}]), "2026-01-02T00:00:00Z")
    last = at(edge("last", "last"), "2026-01-03T00:00:00Z")
    found = hosts(gateway(server()), last, new, old)
    assert clusters_of(found["shop.com"]) == ["80|new|podinfo.shop", "80|old|podinfo.shop", "80|last|podinfo.shop"]


def test_the_port_in_the_host_header_chooses_the_server() -> None:
    http: list[Object] = [
        {"match": [{"port": 8080}], "route": [{"destination": {"host": "podinfo", "subset": "admin"}}]},
        {"route": [{"destination": {"host": "podinfo", "subset": "v1"}}]},
    ]
    one = virtual_service("a", http, hosts=["shop.com"], gateways=["istio-system/public"])
    found = hosts(gateway(server(), server(port=8080)), one)
    assert clusters_of(found["shop.com"]) == ["80|v1|podinfo.shop"]
    assert clusters_of(found["shop.com:8080"])[0] == "80|admin|podinfo.shop"


def test_a_destinations_only_port_is_known_at_a_gateway() -> None:
    found = by_domain(
        gateway_hosts(view(service("podinfo", port=9898), gateway(server()), edge("a", "v1"), source=PUBLIC))
    )
    assert clusters_of(found["shop.com"]) == ["9898|v1|podinfo.shop"]


def test_tls_that_ends_at_the_gateway_is_http_and_tls_that_passes_is_not() -> None:
    tls: dict[str, object] = {"mode": "SIMPLE", "credentialName": "x"}
    found = hosts(gateway(server(port=443, protocol="HTTPS", tls=tls)), edge("a", "v1"))
    assert clusters_of(found["shop.com"]) == ["80|v1|podinfo.shop"]
    assert set(hosts(gateway(server(port=443, protocol="TLS", tls={"mode": "PASSTHROUGH"})), edge("a", "v1"))) == {"*"}


def test_https_redirect() -> None:
    servers = (
        server("shop.com", tls={"httpsRedirect": True}),
        server("shop.com", port=443, protocol="HTTPS", tls={"mode": "SIMPLE"}),
    )
    found = hosts(gateway(*servers), edge("a", "v1"))
    assert found["shop.com"]["require_tls"] == "ALL"
    assert "require_tls" not in found["shop.com:443"]


@pytest.mark.parametrize(
    ("match", "served"),
    [
        ({"gateways": ["istio-system/public"]}, True),
        ({"gateways": ["mesh"]}, False),
        ({"sourceLabels": {"app": "web"}}, False),
        ({"sourceLabels": {"istio": "ingressgateway"}}, True),
    ],
)
def test_matches_on_gateways_and_the_gateways_own_labels(match: Object, served: bool) -> None:
    assert ("shop.com" in hosts(gateway(server()), edge("a", "v1", match=[match]))) is served


def test_one_of_another_gateway_or_out_of_sight_is_not_served() -> None:
    other = virtual_service(
        "x", [{"route": [{"destination": {"host": "podinfo"}}]}], hosts=["shop.com"], gateways=["shop/public"]
    )
    private = edge("y", "v1")
    private["spec"]["exportTo"] = ["."]
    assert set(hosts(gateway(server()), other, private)) == {"*"}


def test_a_gateway_is_named_with_its_namespace() -> None:
    with pytest.raises(SandboxError, match="is named \"namespace/name\", not 'public'"):
        GatewayClient("public")
