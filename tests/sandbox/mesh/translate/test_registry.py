from __future__ import annotations

import pytest

from controller.sandbox.mesh.translate import registry
from tests.sandbox.mesh.backends import Object, endpoint_slice, metadata, service
from tests.sandbox.mesh.translate.worlds import at, plain_pod, snapshot

REPLICA_SET: Object = {"kind": "ReplicaSet", "name": "podinfo-7d9f8", "controller": True}


@pytest.mark.parametrize(
    ("port", "protocol"),
    [
        ({"name": "http"}, "http"),
        ({"name": "http-metrics"}, "http"),
        ({"name": "http2-x"}, "http2"),
        ({"name": "grpc-api"}, "grpc"),
        ({"name": "tcp-redis"}, "tcp"),
        ({"name": "tls"}, "tcp"),
        ({"name": "https"}, "tcp"),
        ({"name": "api"}, "http"),
        ({}, "http"),
        ({"name": "http", "appProtocol": "tcp"}, "tcp"),
        ({"appProtocol": "kubernetes.io/h2c"}, "http2"),
        ({"name": "dns", "protocol": "UDP"}, "udp"),
    ],
)
def test_a_port_says_its_protocol(port: Object, protocol: str) -> None:
    assert registry.protocol_of(port) == protocol


@pytest.mark.parametrize(
    ("owner", "labels", "name"),
    [
        (REPLICA_SET, {"pod-template-hash": "7d9f8"}, "podinfo"),
        (REPLICA_SET, {}, "podinfo"),
        ({"kind": "ReplicaSet", "name": "a-b-c", "controller": True}, {"pod-template-hash": "b-c"}, "a"),
        ({"kind": "StatefulSet", "name": "db-main", "controller": True}, {}, "db-main"),
        ({"kind": "ReplicaSet", "name": "x-1", "controller": False}, {}, "pod"),
        (None, {}, "pod"),
    ],
)
def test_a_workload_is_named_by_what_controls_the_pod(owner: Object | None, labels: dict[str, str], name: str) -> None:
    assert registry.workload_of(plain_pod("pod", labels, owner=owner)).name == name


@pytest.mark.parametrize(
    ("labels", "service_name", "revision"),
    [
        ({}, "w", "latest"),
        ({"app": "a", "version": "v1"}, "a", "v1"),
        ({"app": "a", "app.kubernetes.io/name": "b", "app.kubernetes.io/version": "2", "version": "v1"}, "b", "2"),
        (
            {"app": "a", "service.istio.io/canonical-name": "c", "service.istio.io/canonical-revision": "r-7"},
            "c",
            "r-7",
        ),
    ],
)
def test_canonical_names_come_from_labels(labels: dict[str, str], service_name: str, revision: str) -> None:
    found = registry.describe("w", "shop", labels)
    assert (found.canonical_service, found.canonical_revision) == (service_name, revision)
    assert (found.app, found.version) == (labels.get("app", ""), labels.get("version", ""))


def test_a_ports_endpoints_are_the_pods_of_its_slices_at_its_target() -> None:
    pods = [plain_pod(name, {"app": "x"}) for name in ("b", "a", "late")]
    slices = [
        endpoint_slice("podinfo", pods[:2], port=8080),
        {
            **endpoint_slice("podinfo", pods[2:], ready=False),
            "metadata": metadata("more", labels={"kubernetes.io/service-name": "podinfo"}),
        },
        endpoint_slice("another", pods[2:]),
    ]
    found = registry.services(snapshot(service("podinfo"), *pods, *slices))["podinfo.shop.svc.cluster.local"]
    assert [(one.pod[1], one.port, one.ready) for one in found.endpoints[80]] == [
        ("a", 8080, True),
        ("b", 8080, True),
        ("late", 8080, False),
    ]
    assert [one.pod[1] for one in found.ready(80)] == ["a", "b"]


def test_a_pod_without_conditions_is_ready_and_one_that_is_gone_is_no_endpoint() -> None:
    there = plain_pod("there", {})
    gone = plain_pod("gone", {})
    found = endpoint_slice("podinfo", [there, gone])
    for entry in found["endpoints"]:
        del entry["conditions"]
    services = registry.services(snapshot(service("podinfo"), there, found))
    assert [one.pod[1] for one in services["podinfo.shop.svc.cluster.local"].endpoints[80]] == ["there"]


def test_each_port_finds_its_slice_port_by_name() -> None:
    one = plain_pod("one", {})
    ports = [{"name": "http", "port": 80}, {"name": "grpc-api", "port": 9090}]
    item = service("podinfo", ports=ports)
    slices = endpoint_slice("podinfo", [one])
    slices["ports"] = [{"name": "http", "port": 8080}, {"name": "grpc-api", "port": 9999}]
    found = registry.services(snapshot(item, one, slices))["podinfo.shop.svc.cluster.local"]
    assert {number: [e.port for e in endpoints] for number, endpoints in found.endpoints.items()} == {
        80: [8080],
        9090: [9999],
    }


@pytest.mark.parametrize(
    ("ports", "default"),
    [
        ([(8080, "http"), (80, "http-2")], 80),
        ([(9090, "tcp-x"), (9898, "http")], 9898),
        ([(80, "tcp")], None),
    ],
)
def test_no_port_in_the_host_means_80_or_the_first_with_http(ports: list[tuple[int, str]], default: int | None) -> None:
    item = service("podinfo", ports=[{"name": name, "port": number} for number, name in ports])
    assert registry.services(snapshot(item))["podinfo.shop.svc.cluster.local"].default_port == default


def test_services_come_oldest_first_and_external_names_not_at_all() -> None:
    old, new = at(service("z"), "2026-01-01T00:00:00Z"), at(service("a"), "2026-01-02T00:00:00Z")
    outside = service("out", type="ExternalName", externalName="example.com")
    assert [one.name for one in registry.services(snapshot(new, old, outside)).values()] == ["z", "a"]


@pytest.mark.parametrize("text", ["", "no", "[]", '{"http": 1}', "null"])
def test_ports_that_cannot_be_read_are_none(text: str) -> None:
    one = plain_pod("one", {})
    one["metadata"]["annotations"] = {registry.PORTS_ANNOTATION: text}
    assert registry.loopback_ports(one) == {}
