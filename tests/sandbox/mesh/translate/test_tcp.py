from __future__ import annotations

from typing import Any

from controller.sandbox.mesh import GatewayClient, PlainClient
from controller.sandbox.mesh.translate.tcp import needs_inspector, tcp_chains
from tests.sandbox.mesh.backends import Object, service, virtual_service
from tests.sandbox.mesh.translate.test_gateway import gateway, server
from tests.sandbox.mesh.translate.worlds import WEB, short, view

DB = service("db", port=5432, port_name="tcp")
PLAIN = [(None, "5432||db.shop")]


def destinations(**weights: int) -> list[Object]:
    return [{"destination": {"host": "db", "subset": name}, "weight": weight} for name, weight in weights.items()]


def rules(tcp: list[Object] | None = None, tls: list[Object] | None = None, **spec: Any) -> Object:
    return virtual_service("db", [], tcp=tcp or [], tls=tls or [], **spec)


def chains(*items: Object, source: Any = WEB, host: str = "db", port: int = 5432) -> list[tuple[Any, Any]]:
    """(what a chain matches, where it leads) in order."""
    found = []
    for chain in tcp_chains(view(DB, *items, source=source), host, port):
        config = chain["filters"][0]["typed_config"]
        weighted = config.get("weighted_clusters", {}).get("clusters", [])
        where = (
            short(config["cluster"]) if "cluster" in config else {short(one["name"]): one["weight"] for one in weighted}
        )
        found.append((chain.get("filter_chain_match"), where))
    return found


def test_without_routes_connections_go_to_the_service() -> None:
    assert chains() == chains(host="db.shop") == chains(host="db.shop.svc.cluster.local") == PLAIN
    assert chains(host="nobody") == chains(port=1) == []


def test_weights() -> None:
    found = chains(rules([{"route": destinations(v1=75, v2=25)}]))
    assert found == [(None, {"5432|v1|db.shop": 75, "5432|v2|db.shop": 25})]
    assert chains(rules([{"route": destinations(v1=100, v2=0)}])) == [(None, {"5432|v1|db.shop": 100})]
    assert chains(rules([{"route": destinations(v2=1)}])) == [(None, "5432|v2|db.shop")]


def test_the_first_route_whose_match_holds_is_taken() -> None:
    tcp = [
        {"match": [{"port": 1}], "route": destinations(other=1)},
        {"match": [{"sourceLabels": {"app": "nobody"}}], "route": destinations(nobody=1)},
        {"match": [{"port": 5432, "sourceLabels": {"app": "web"}}], "route": destinations(v1=1)},
        {"route": destinations(late=1)},
    ]
    assert chains(rules(tcp)) == [(None, "5432|v1|db.shop")]
    assert chains(rules(tcp[:2])) == PLAIN


def test_tls_routes_go_by_server_name_and_the_rest_goes_on() -> None:
    tls = [{"match": [{"sniHosts": ["db.shop.svc.cluster.local"]}], "route": destinations(v2=1)}]
    found = tcp_chains(view(DB, rules(tls=tls)), "db", 5432)
    assert needs_inspector(found)
    assert chains(rules(tls=tls)) == [({"server_names": ["db.shop.svc.cluster.local"]}, "5432|v2|db.shop"), *PLAIN]


def test_a_client_without_sidecar_reaches_the_service_itself() -> None:
    assert chains(rules([{"route": destinations(v1=1)}]), source=PlainClient("shop")) == PLAIN


def test_at_a_gateway_the_port_and_the_server_name_decide() -> None:
    public = GatewayClient("istio-system/public")
    edge: dict[str, Any] = {"gateways": ["istio-system/public"], "hosts": ["db.com"]}
    tcp = rules([{"match": [{"port": 3306}], "route": destinations(v1=1)}], **edge)
    assert chains(gateway(server("*", port=3306, protocol="TCP")), tcp, source=public, port=3306) == [
        (None, "5432|v1|db.shop")
    ]
    assert chains(gateway(server("*", port=80)), tcp, source=public, port=3306) == []
    tls = rules(tls=[{"match": [{"sniHosts": ["db.com"]}], "route": destinations(v1=1)}], **edge)
    passing = gateway(server("db.com", port=443, protocol="TLS", tls={"mode": "PASSTHROUGH"}))
    assert chains(passing, tls, source=public, port=443) == [({"server_names": ["db.com"]}, "5432|v1|db.shop")]
