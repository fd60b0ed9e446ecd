"""What a real Envoy counts for both sides of a request."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.mesh.backends import Object, destination_rule, virtual_service
from tests.sandbox.mesh.cluster import WEB, Cluster
from tests.sandbox.mesh.podinfo import PLAIN, VERSIONS, labelled, to, when
from tests.sandbox.mesh.users import ask

pytestmark = pytest.mark.envoy


async def test_both_reporters_count_with_istios_labels(cluster: Cluster) -> None:
    await cluster.put(
        virtual_service("podinfo", [when("none", uri={"prefix": "/nc"}), when("v3", uri={"prefix": "/uh"}), to("v1")]),
        destination_rule("podinfo", {**VERSIONS, "v3": {"version": "v3"}}),
    )
    await ask(cluster.mesh.listener(WEB), "podinfo", 5)
    await ask(cluster.mesh.listener(PLAIN), "podinfo", 4)
    assert [(await cluster.get(path=path))[0] for path in ("/nc", "/uh")] == [503, 503]
    found = await cluster.counted(total=5 + 5 + 4 + 2)
    names = (
        "reporter",
        "source_workload",
        "destination_workload",
        "response_code",
        "response_flags",
        "connection_security_policy",
    )
    plain = sum(count for key, count in labelled(found, *names).items() if key[:2] == ("destination", ""))
    assert plain == 4
    assert {key: count for key, count in labelled(found, *names).items() if key[1]} == {
        ("source", "web", "podinfo-v1", "200", "-", "unknown"): 5,
        ("destination", "web", "podinfo-v1", "200", "-", "mutual_tls"): 5,
        ("source", "web", "", "503", "NC", "unknown"): 1,
        ("source", "web", "", "503", "UH", "unknown"): 1,
    }
    by_flag = {
        labels["response_flags"]: labels
        for labels, _ in found
        if labels["reporter"] == "source" and labels["response_code"] == "503"
    }
    assert by_flag["UH"]["destination_service"] == "podinfo.shop.svc.cluster.local"
    assert by_flag["UH"]["destination_service_name"] == "podinfo"
    assert by_flag["NC"]["destination_service"] == "podinfo"  # Istio falls back to the Host header
    (good,) = [labels for labels, _ in found if labels["reporter"] == "source" and labels["response_code"] == "200"]
    assert good == {
        "reporter": "source",
        "source_workload": "web",
        "source_workload_namespace": "shop",
        "source_app": "web",
        "source_canonical_service": "web",
        "source_canonical_revision": "latest",
        "destination_workload": "podinfo-v1",
        "destination_workload_namespace": "shop",
        "destination_app": "podinfo",
        "destination_version": "v1",
        "destination_canonical_service": "podinfo",
        "destination_canonical_revision": "v1",
        "destination_service": "podinfo.shop.svc.cluster.local",
        "destination_service_name": "podinfo",
        "destination_service_namespace": "shop",
        "request_protocol": "http",
        "response_code": "200",
        "response_flags": "-",
        "grpc_response_status": "",
        "connection_security_policy": "unknown",
    }


async def test_a_dead_apps_sidecar_answers_for_it(cluster: Cluster) -> None:
    await cluster.put(virtual_service("podinfo", [to("v2")]))
    await cluster.apps["podinfo-v2-1"].stop()
    assert (await cluster.get())[0] == 503
    names = "reporter", "destination_workload", "response_flags"
    assert labelled(await cluster.counted(total=2), *names) == {
        ("source", "podinfo-v2", "-"): 1,
        ("destination", "podinfo-v2", "URX,UF"): 1,
    }


async def test_a_pod_that_is_gone_does_not_answer_a_source_that_does_not_know(cluster: Cluster) -> None:
    await cluster.put(virtual_service("podinfo", [when("v2", uri={"prefix": "/one"}), to("v1")]))
    pods = (await cluster.client.list("/api/v1/namespaces/shop/pods"))[0]
    (pod,) = [one for one in pods if "v2" in one["metadata"]["name"]]
    cluster.mesh.delay_propagation(30, WEB)
    await cluster.remove({"kind": "Pod", **pod})
    assert (await cluster.get(path="/one"))[0] == 503
    found = labelled(
        await cluster.counted(total=1), "reporter", "destination_workload", "response_code", "response_flags"
    )
    assert found == {("source", "podinfo-v2", "503", "URX,UF"): 1}


async def test_copies_count_at_the_destination_only(cluster: Cluster) -> None:
    mirror: Object = {"mirrors": [{"destination": {"host": "podinfo", "subset": "v2"}, "percentage": {"value": 100}}]}
    await cluster.put(virtual_service("podinfo", [to("v1", **mirror)]))
    account = await ask(cluster.mesh.listener(WEB), "podinfo", 20, users=2)
    assert account.by("podinfo-v1") == 20
    assert labelled(await cluster.counted(total=60), "reporter", "destination_workload") == {
        ("source", "podinfo-v1"): 20,
        ("destination", "podinfo-v1"): 20,
        ("destination", "podinfo-v2"): 20,
    }


async def test_grpc_is_told_apart(cluster: Cluster) -> None:
    await cluster.put(virtual_service("podinfo", [to("v1")]))
    assert (await cluster.get(content_type="application/grpc"))[0] == 200
    found = labelled(await cluster.counted(total=2), "reporter", "request_protocol", "grpc_response_status")
    # An answer without grpc-status is status UNKNOWN (2).
    assert found == {("source", "grpc", "2"): 1, ("destination", "grpc", "2"): 1}


async def test_tcp_routes_share_connections_by_weight(tmp_path: Path) -> None:
    async with Cluster(tmp_path) as cluster:
        await cluster.deploy("db", {"v1": 1, "v2": 1}, port=5432, port_name="tcp")
        await cluster.put(destination_rule("db", VERSIONS))
        address = await cluster.mesh.tcp_listener(WEB, "db", 5432)

        async def apps(times: int) -> set[str]:
            found = [await ask(address, "x", 1, users=1) for _ in range(times)]
            return {app for account in found for app, _ in account.answers}

        assert await apps(20) == {"db-v1-1", "db-v2-1"}
        for subset in ("v1", "v2"):
            await cluster.put(virtual_service("db", [], tcp=[to(subset, "db")]))
            assert await apps(5) == {f"db-{subset}-1"}
        each = {("source",): 30, ("destination",): 30}
        closed = await cluster.counted(60, "istio_tcp_connections_closed_total")
        opened = await cluster.counted(60, "istio_tcp_connections_opened_total")
        assert labelled(opened, "reporter") == labelled(closed, "reporter") == each
        assert {labels["request_protocol"] for labels, _ in opened} == {"tcp"}
