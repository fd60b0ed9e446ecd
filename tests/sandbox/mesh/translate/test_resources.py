from __future__ import annotations

import json

import pytest

from controller.sandbox.mesh import GatewayClient, PlainClient, SidecarClient, Source
from controller.sandbox.mesh.translate import resources
from controller.sandbox.mesh.translate.resources import TcpListener
from tests.sandbox.mesh.backends import Object, destination_rule, endpoint_slice, service, split, virtual_service
from tests.sandbox.mesh.translate.worlds import WEB, plain_pod, short, view

V1 = plain_pod("one", {"app": "podinfo", "version": "v1"})
V2 = plain_pod("two", {"app": "podinfo", "version": "v2"}, ports={8080: 30001})
RULE = destination_rule("podinfo", {"v1": {"version": "v1"}, "v2": {"version": "v2"}, "v3": {"version": "v3"}})
ITEMS = (V1, V2, service("podinfo"), endpoint_slice("podinfo", [V1, V2]))


def made(*items: Object, source: Source = WEB) -> resources.Resources:
    return resources.source(view(*items, source=source), 15001, {"path_config_source": {"path": "routes"}})


def endpoints(cluster: Object) -> list[str]:
    found = cluster["load_assignment"]["endpoints"]
    return [
        one["endpoint"]["address"]["envoy_internal_address"]["endpoint_id"]
        for each in found
        for one in each["lb_endpoints"]
    ]


def pods_of(items: tuple[Object, ...], source: Source = WEB) -> dict[str, list[str]]:
    return {short(name): endpoints(cluster) for name, cluster in made(*items, source=source).clusters.items()}


def test_a_cluster_for_the_service_and_each_subset_that_the_rule_names() -> None:
    assert pods_of((*ITEMS, RULE)) == {
        "80||podinfo.shop": ["shop/one", "shop/two"],
        "80|v1|podinfo.shop": ["shop/one"],
        "80|v2|podinfo.shop": ["shop/two"],
        "80|v3|podinfo.shop": [],  # no endpoints: 503 UH
    }
    assert pods_of(ITEMS) == {"80||podinfo.shop": ["shop/one", "shop/two"]}  # an unknown subset: 503 NC


def test_a_rule_out_of_sight_makes_no_subsets() -> None:
    hidden = destination_rule("podinfo", {"v1": {"version": "v1"}}, exportTo=["."])
    assert list(pods_of((*ITEMS, hidden), SidecarClient("web", "other"))) == ["80||podinfo.shop"]


def test_a_sidecar_ignores_the_subsets_of_a_headless_service_and_a_gateway_does_not() -> None:
    headless = (V1, V2, service("podinfo", clusterIP="None"), endpoint_slice("podinfo", [V1, V2]), RULE)
    assert pods_of(headless)["80|v1|podinfo.shop"] == ["shop/one", "shop/two"]
    assert pods_of(headless, GatewayClient("istio-system/public"))["80|v1|podinfo.shop"] == ["shop/one"]


def test_a_client_without_sidecar_asks_the_pods_in_turn() -> None:
    found = made(*ITEMS, RULE, source=PlainClient("shop"))
    assert [cluster["lb_policy"] for cluster in found.clusters.values()] == ["ROUND_ROBIN"]
    (manager,) = found.outbound["plain.shop.outside"]["filter_chains"][0]["filters"]
    assert manager["typed_config"]["access_log"] == []
    assert "request_headers_to_add" not in found.routes["plain.shop.outside"]


def test_an_endpoint_carries_what_metrics_say_of_it() -> None:
    cluster = made(*ITEMS, RULE).clusters[f"{WEB.key}|outbound|80|v1|podinfo.shop.svc.cluster.local"]
    (host,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert host["metadata"]["filter_metadata"]["istio"] == {
        "workload": "one",
        "workload_namespace": "shop",
        "app": "podinfo",
        "version": "v1",
        "canonical_service": "podinfo",
        "canonical_revision": "v1",
    }
    assert cluster["metadata"]["filter_metadata"]["istio"] == {
        "host": "podinfo.shop.svc.cluster.local",
        "name": "podinfo",
        "namespace": "shop",
    }


def test_each_pod_has_a_listener_that_leads_to_its_app() -> None:
    found = resources.pods(view(*ITEMS).world)
    assert sorted(found.inbound) == sorted(found.clusters) == ["inbound|shop/one|8080", "inbound|shop/two|8080"]
    (group,) = found.clusters["inbound|shop/two|8080"]["load_assignment"]["endpoints"]
    assert group["lb_endpoints"][0]["endpoint"]["address"]["socket_address"] == {
        "address": "127.0.0.1",
        "port_value": 30001,
    }


def test_a_pod_that_does_not_say_where_it_listens_has_no_listener() -> None:
    gone = plain_pod("gone", {"app": "podinfo"}, ports={})
    items = gone, service("podinfo"), endpoint_slice("podinfo", [gone])
    assert resources.pods(view(*items).world).inbound == {}
    assert pods_of(items) == {"80||podinfo.shop": ["shop/gone"]}


def test_a_pods_sidecar_outlives_its_readiness_and_its_service() -> None:
    items = V1, V2, service("podinfo"), endpoint_slice("podinfo", [V1, V2], ready=False)
    assert pods_of(items) == {"80||podinfo.shop": []}
    assert len(resources.pods(view(*items).world).inbound) == 2
    assert len(resources.pods(view(V1, V2).world).inbound) == 2


def test_a_tcp_port_is_proxied_as_it_is() -> None:
    database = service("db", port=5432, port_name="tcp")
    items = V1, database, endpoint_slice("db", [V1], port_name="tcp")
    (inbound,) = resources.pods(view(*items).world).inbound.values()
    assert inbound["filter_chains"][0]["filters"][0]["name"] == "envoy.filters.network.tcp_proxy"
    opened = resources.source(
        view(*items), 15001, {}, [TcpListener("db", 5432, 15002), TcpListener("nobody", 1, 15003)]
    )
    assert sorted(opened.outbound) == ["sidecar.shop.web", "sidecar.shop.web|tcp|5432|db"]


def test_what_the_source_is_travels_with_the_request_and_ends_before_the_app() -> None:
    added = made(*ITEMS).routes[WEB.key]["request_headers_to_add"]
    told = {one["header"]["key"]: one["header"]["value"] for one in added}
    assert told == {
        "x-sandbox-peer-workload": "web",
        "x-sandbox-peer-workload-namespace": "shop",
        "x-sandbox-peer-app": "web",
        "x-sandbox-peer-canonical-service": "web",
        "x-sandbox-peer-canonical-revision": "latest",
    }
    inbound = json.dumps(resources.pods(view(*ITEMS).world).inbound["inbound|shop/one|8080"])
    for header in told:
        assert f'"header": "{header}"' in inbound


def test_sources_share_nothing() -> None:
    items = (*ITEMS, RULE, virtual_service("podinfo", split("podinfo", v1=50, v2=50)))
    sources: list[Source] = [
        WEB,
        SidecarClient("batch", "shop"),
        PlainClient("shop"),
        GatewayClient("istio-system/public"),
    ]
    seen: set[str] = set()
    for source in sources:
        found = made(*items, source=source)
        names = {*found.clusters, *found.outbound, *found.routes}
        assert not names & seen
        seen |= names


@pytest.mark.parametrize("value", ["100%", "%REQ(host)%", "%"])
def test_labels_are_never_format_strings(value: str) -> None:
    odd = plain_pod("one", {"app": value, "version": "v1"})
    items = odd, service("podinfo"), endpoint_slice("podinfo", [odd])
    (inbound,) = resources.pods(view(*items).world).inbound.values()
    (manager,) = inbound["filter_chains"][0]["filters"]
    (counter,) = manager["typed_config"]["access_log"][0]["typed_config"]["counters"]
    tags = {tag["name"]: tag["value_format"] for tag in counter["stat"]["tags"]}
    assert tags["destination_app"] == value.replace("%", "%%")
