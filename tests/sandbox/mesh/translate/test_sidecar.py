from __future__ import annotations

from typing import Any

import pytest

from controller.sandbox.mesh import PlainClient, SidecarClient
from controller.sandbox.mesh.translate import sidecar
from tests.sandbox.mesh.backends import Object, destination_rule, service, split, virtual_service
from tests.sandbox.mesh.translate.worlds import WEB, at, by_domain, clusters_of, hosts, target, view

PLAIN: list[Any] = ["80||podinfo.shop"]


def to(host: str, subset: str = "", port: int = 0) -> Object:
    destination: Object = {"host": host}
    if subset:
        destination["subset"] = subset
    if port:
        destination["port"] = {"number": port}
    return {"route": [{"destination": destination}]}


def two_ports(name: str = "podinfo") -> Object:
    return service(name, ports=[{"name": "http", "port": 80}, {"name": "http-api", "port": 9898}])


def test_a_service_without_virtual_service_is_routed_to_by_all_its_names() -> None:
    found = hosts(service("podinfo", clusterIP="10.96.0.7"))
    for name in ("podinfo", "podinfo.shop", "podinfo.shop.svc", "podinfo.shop.svc.cluster.local", "10.96.0.7"):
        for domain in (name, f"{name}:80"):
            assert clusters_of(found[domain]) == PLAIN, domain
    assert found["podinfo"]["routes"][0]["route"]["retry_policy"]["num_retries"] == 2


def test_a_client_elsewhere_needs_the_namespace_in_the_name() -> None:
    found = hosts(service("podinfo"), source=SidecarClient("web", "other"))
    assert "podinfo" not in found
    assert clusters_of(found["podinfo.shop"]) == PLAIN


def test_the_port_in_the_host_header_chooses_the_services_port() -> None:
    found = hosts(two_ports())
    assert clusters_of(found["podinfo"]) == clusters_of(found["podinfo:80"]) == PLAIN
    assert clusters_of(found["podinfo:9898"]) == ["9898||podinfo.shop"]
    only = hosts(service("podinfo", port=9898))
    assert clusters_of(only["podinfo"]) == clusters_of(only["podinfo:9898"]) == ["9898||podinfo.shop"]
    assert "podinfo:80" not in only


def test_ports_without_http_and_services_out_of_sight_have_no_routes() -> None:
    hidden = service("hidden", namespace="other")
    hidden["metadata"]["annotations"] = {"networking.istio.io/exportTo": "."}
    assert set(hosts(service("db", port=5432, port_name="tcp"), hidden)) == {"*"}


def test_unknown_hosts_are_refused() -> None:
    (route,) = hosts()["*"]["routes"]
    assert route["direct_response"] == {"status": 502}


def test_weights_of_a_virtual_service() -> None:
    found = hosts(service("podinfo"), virtual_service("podinfo", split("podinfo", v1=90, v2=10)))
    assert clusters_of(found["podinfo.shop"]) == [{"80|v1|podinfo.shop": 90, "80|v2|podinfo.shop": 10}]


def test_each_match_is_a_route_of_its_own_in_order_up_to_the_first_that_matches_everything() -> None:
    http = [
        {"name": "a", "match": [{"uri": {"prefix": "/x"}}, {"name": "m", "headers": {"t": {}}}], **to("podinfo", "v1")},
        {"name": "b", **to("podinfo", "v2")},
        {"name": "c", "match": [{"uri": {"prefix": "/y"}}], **to("podinfo", "v3")},
    ]
    found = hosts(service("podinfo"), virtual_service("podinfo", http))["podinfo"]["routes"]
    assert [(route["name"], target(route)) for route in found] == [
        ("a", "80|v1|podinfo.shop"),
        ("a.m", "80|v1|podinfo.shop"),
        ("b", "80|v2|podinfo.shop"),
    ]


@pytest.mark.parametrize(
    ("match", "first"),
    [
        ({"sourceLabels": {"app": "web"}}, True),
        ({"sourceLabels": {"app": "another"}}, False),
        ({"sourceNamespace": "shop"}, True),
        ({"gateways": ["mesh"]}, True),
        ({"gateways": ["istio-system/public"]}, False),
        ({"port": 80}, True),
        ({"port": 9898}, False),
    ],
)
def test_matches_on_the_source_are_decided_beforehand(match: Object, first: bool) -> None:
    http = [{"match": [match], **to("podinfo", "v1")}, to("podinfo", "v2")]
    found = clusters_of(hosts(two_ports(), virtual_service("podinfo", http))["podinfo"])
    assert found[0] == ("80|v1|podinfo.shop" if first else "80|v2|podinfo.shop")


def test_a_virtual_service_without_a_route_for_this_source_leaves_the_service_as_it_is() -> None:
    http = [{"match": [{"sourceLabels": {"app": "another"}}], **to("podinfo", "v1")}]
    assert clusters_of(hosts(service("podinfo"), virtual_service("podinfo", http))["podinfo"]) == PLAIN


def test_tcp_routes_alone_leave_http_as_it_is() -> None:
    assert clusters_of(hosts(service("podinfo"), virtual_service("podinfo", []))["podinfo"]) == PLAIN


def test_a_destination_without_port_means_the_port_of_the_request() -> None:
    found = hosts(two_ports(), two_ports("backend"), virtual_service("podinfo", [to("backend")]))
    assert clusters_of(found["podinfo:80"]) == ["80||backend.shop"]
    assert clusters_of(found["podinfo:9898"]) == ["9898||backend.shop"]
    fixed = hosts(two_ports(), two_ports("backend"), virtual_service("podinfo", [to("backend", port=9898)]))
    assert clusters_of(fixed["podinfo:80"]) == ["9898||backend.shop"]


def test_a_destination_on_another_port_that_says_none_leads_nowhere() -> None:
    """istiod's trap: a sidecar guesses the port of the request, not the only port of the other Service."""
    found = hosts(service("podinfo"), service("backend", port=8080), virtual_service("podinfo", [to("backend")]))
    assert clusters_of(found["podinfo"]) == ["80||backend.shop"]


def test_only_ports_with_a_service_behind_the_host_are_touched() -> None:
    found = hosts(two_ports(), service("backend", port=8080), virtual_service("backend", [to("podinfo", "v1", 80)]))
    assert clusters_of(found["backend"]) == ["80|v1|podinfo.shop"]
    assert clusters_of(found["podinfo:9898"]) == ["9898||podinfo.shop"]


def test_a_host_that_is_no_service_is_served_at_port_80() -> None:
    found = hosts(service("podinfo"), virtual_service("x", [to("podinfo", "v1")], hosts=["shop.example.com"]))
    assert clusters_of(found["shop.example.com"]) == clusters_of(found["shop.example.com:80"]) == ["80|v1|podinfo.shop"]
    assert clusters_of(found["podinfo"]) == PLAIN


def test_several_hosts_share_routes() -> None:
    one = virtual_service("x", [to("podinfo", "v1")], hosts=["podinfo", "backend", "shop.example.com"])
    found = hosts(service("podinfo"), service("backend"), one)
    for host in ("podinfo", "backend", "shop.example.com"):
        assert clusters_of(found[host]) == ["80|v1|podinfo.shop"]


def test_the_oldest_virtual_service_has_the_host() -> None:
    old = at(virtual_service("z", [to("podinfo", "old")], hosts=["podinfo"]), "2026-01-01T00:00:00Z")
    new = at(virtual_service("a", [to("podinfo", "new")], hosts=["podinfo"]), "2026-01-02T00:00:00Z")
    assert clusters_of(hosts(service("podinfo"), new, old)["podinfo"]) == ["80|old|podinfo.shop"]


def test_a_name_goes_before_a_wildcard_and_a_narrow_wildcard_before_a_wide_one() -> None:
    wide = at(virtual_service("wide", [to("podinfo", "wide")], hosts=["*.cluster.local"]), "2026-01-01T00:00:00Z")
    narrow = virtual_service("narrow", [to("podinfo", "narrow")], hosts=["*.shop.svc.cluster.local"])
    exact = virtual_service("exact", [to("podinfo", "exact")], hosts=["podinfo"])
    narrow, exact = at(narrow, "2026-01-02T00:00:00Z"), at(exact, "2026-01-03T00:00:00Z")
    services = service("podinfo"), service("backend"), service("far", namespace="other")
    found = hosts(*services, wide, narrow, exact)
    assert clusters_of(found["podinfo"]) == ["80|exact|podinfo.shop"]
    assert clusters_of(found["backend"]) == ["80|narrow|podinfo.shop"]
    assert clusters_of(found["far.other"]) == ["80|wide|podinfo.shop"]


def test_a_virtual_service_for_everything_takes_every_host() -> None:
    found = hosts(service("podinfo"), virtual_service("x", [to("podinfo", "v1")], hosts=["*"]))
    assert clusters_of(found["podinfo"]) == ["80|v1|podinfo.shop"]


def test_virtual_services_of_gateways_only_and_those_out_of_sight_do_nothing() -> None:
    edge = virtual_service("podinfo", [to("podinfo", "v1")], gateways=["istio-system/public"])
    private = virtual_service(
        "p", [to("podinfo", "v2")], namespace="other", exportTo=["."], hosts=["podinfo.shop.svc.cluster.local"]
    )
    assert clusters_of(hosts(service("podinfo"), edge, private)["podinfo"]) == PLAIN


def test_consistent_hashing_comes_with_the_route() -> None:
    hashing = {"loadBalancer": {"consistentHash": {"httpHeaderName": "user"}}}
    rule = destination_rule("podinfo", {"v1": {"version": "v1"}}, trafficPolicy=hashing)
    for items in ((), (virtual_service("podinfo", [to("podinfo", "v1")]),)):
        (route,) = hosts(service("podinfo"), rule, *items)["podinfo"]["routes"]
        assert route["route"]["hash_policy"] == [{"header": {"header_name": "user"}}]


def test_a_headless_service_is_also_known_by_the_names_of_its_pods() -> None:
    found = hosts(service("db", clusterIP="None"))
    assert clusters_of(found["*.db"]) == ["80||db.shop"]


def test_a_client_without_sidecar_obeys_no_virtual_service() -> None:
    items = service("podinfo"), virtual_service("podinfo", [to("podinfo", "v1")])
    found = by_domain(sidecar.plain_hosts(view(*items, source=PlainClient("shop"))))
    assert clusters_of(found["podinfo"]) == PLAIN
    assert "retry_policy" not in found["podinfo"]["routes"][0]["route"]


def test_domains_are_unique_whatever_is_there() -> None:
    items = [service(name, namespace=space) for name in ("a", "b") for space in ("shop", "other")]
    items += [virtual_service(name, [to("a")], hosts=["a", "x.com", "*.x.com", "*"]) for name in ("1", "2")]
    assert by_domain(sidecar.sidecar_hosts(view(*items, source=WEB)))


def test_an_unreadable_route_names_its_object() -> None:
    with pytest.raises(Exception, match="VirtualService shop/podinfo cannot be read: 'soon' is not a duration"):
        hosts(service("podinfo"), virtual_service("podinfo", [{"timeout": "soon", **to("podinfo")}]))
