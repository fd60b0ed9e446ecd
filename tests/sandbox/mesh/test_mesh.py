"""The mesh with a real Envoy: what happens to real requests."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from controller.errors import SandboxError
from controller.sandbox.mesh import SidecarClient
from tests.sandbox.mesh.backends import Object, destination_rule, endpoint_slice, service, split, virtual_service
from tests.sandbox.mesh.cluster import WEB, Cluster
from tests.sandbox.mesh.podinfo import BATCH, PLAIN, PUBLIC, VERSIONS, to, when
from tests.sandbox.mesh.users import ask, steadily

pytestmark = pytest.mark.envoy


async def test_requests_go_where_matches_say(cluster: Cluster) -> None:
    routes = [
        when("v2", headers={"x-test": {"exact": "yes"}}),
        when("v2", headers={"x-any": {}}),
        when("v2", headers={"cookie": {"regex": "^(.*;\\s*)?user=tester(;.*)?$"}}),
        when("v2", queryParams={"beta": {"exact": "1"}}),
        when("v2", method={"exact": "PUT"}),
        when("v2", uri={"prefix": "/NEW"}, ignoreUriCase=True),
        when("v2", sourceLabels={"app": "batch"}),
        {**when("v1", uri={"prefix": "/old"}), "rewrite": {"uri": "/new", "authority": "elsewhere"}},
        {"match": [{"uri": {"exact": "/moved"}}], "redirect": {"uri": "/there", "redirectCode": 308}},
        {"match": [{"uri": {"exact": "/direct"}}], "directResponse": {"status": 418, "body": {"string": "tea"}}},
        {**to("v1"), "headers": {"request": {"set": {"x-set": "1"}}, "response": {"add": {"x-got": "2"}}}},
    ]
    await cluster.put(
        virtual_service("podinfo", routes, hosts=["podinfo", "shop.com"], gateways=["mesh", "istio-system/public"])
    )
    for request, app in (
        ({}, "podinfo-v1-1"),
        ({"x_test": "yes"}, "podinfo-v2-1"),
        ({"x_test": "no"}, "podinfo-v1-1"),
        ({"x_any": "thing"}, "podinfo-v2-1"),
        ({"cookie": "a=b; user=tester"}, "podinfo-v2-1"),
        ({"cookie": "user=nobody"}, "podinfo-v1-1"),
        ({"path": "/?beta=1"}, "podinfo-v2-1"),
        ({"path": "/?beta=2"}, "podinfo-v1-1"),
        ({"method": "PUT"}, "podinfo-v2-1"),
        ({"path": "/new/x"}, "podinfo-v2-1"),
        ({"source": BATCH}, "podinfo-v2-1"),
        ({"source": PUBLIC, "host": "shop.com"}, "podinfo-v1-1"),
        ({"source": PUBLIC, "host": "shop.com:80", "x_test": "yes"}, "podinfo-v2-1"),
        ({"host": "podinfo.shop.svc.cluster.local:80", "x_test": "yes"}, "podinfo-v2-1"),
    ):
        status, body = await cluster.get(**request)
        assert (status, body["app"]) == (200, app), request
    _, rewritten = await cluster.get(path="/old/x")
    assert (rewritten["path"], rewritten["headers"]["host"]) == ("/new/x", "elsewhere")
    status, moved = await cluster.get(path="/moved")
    assert (status, moved["answer"]["location"]) == (308, "http://podinfo/there")
    assert (await cluster.get(path="/direct"))[0] == 418
    _, changed = await cluster.get()
    assert changed["headers"]["x-set"] == "1"
    assert changed["answer"]["x-got"] == "2"
    assert not any(name.startswith("x-sandbox") for name in changed["headers"])
    assert {*await cluster.who(6, source=PLAIN)} == {"podinfo-v1-1", "podinfo-v2-1"}
    assert (await cluster.get(host="nobody"))[0] == 502
    assert (await cluster.get(host="nobody", source=PUBLIC))[0] == 404


async def test_faults_timeouts_and_retries(cluster: Cluster) -> None:
    always = {"percentage": {"value": 100}}
    routes = [
        {**when("v1", uri={"prefix": "/abort"}), "fault": {"abort": {"httpStatus": 555, **always}}},
        {**when("v1", uri={"prefix": "/delay"}), "fault": {"delay": {"fixedDelay": "200ms", **always}}},
        {**when("v1", uri={"prefix": "/hurry"}), "timeout": "100ms"},
        {**when("v1", uri={"prefix": "/retry"}), "retries": {"attempts": 3, "retryOn": "5xx"}},
        to("v1"),
    ]
    await cluster.put(virtual_service("podinfo", routes))
    app = cluster.apps["podinfo-v1-1"]
    assert (await cluster.get(path="/abort"))[0] == 555
    assert app.calls == 0
    begin = time.monotonic()
    assert (await cluster.get(path="/delay"))[0] == 200
    assert time.monotonic() - begin >= 0.19  # a timer of Envoy may be a millisecond early
    app.delay = 0.5
    assert (await cluster.get(path="/hurry"))[0] == 504
    app.delay, app.status, app.calls = 0, 500, 0
    assert (await cluster.get(path="/retry"))[0] == 500
    assert app.calls == 4
    assert (await cluster.get())[0] == 500  # an answer is never asked again by default
    assert app.calls == 5


async def test_a_source_that_learns_late(cluster: Cluster) -> None:
    mesh = cluster.mesh
    await cluster.put(virtual_service("podinfo", [to("v1")]))
    mesh.delay_propagation(1.0, BATCH)
    frozen = time.monotonic()
    await cluster.put(virtual_service("podinfo", [to("v2")]))
    assert await cluster.who() == ["podinfo-v2-1"]
    assert await cluster.who(source=BATCH) == ["podinfo-v1-1"]
    async with asyncio.timeout(10):
        while await cluster.who(source=BATCH) == ["podinfo-v1-1"]:
            await asyncio.sleep(0.02)
    assert time.monotonic() - frozen >= 1.0

    mesh.lag(0.5, BATCH)
    changed = time.monotonic()
    await cluster.put(virtual_service("podinfo", [to("v1")]))
    assert await cluster.who() == ["podinfo-v1-1"]
    async with asyncio.timeout(10):
        while await cluster.who(source=BATCH) == ["podinfo-v2-1"]:
            await asyncio.sleep(0.02)
    assert time.monotonic() - changed >= 0.5


async def test_a_late_source_tries_again_where_a_pod_is_gone(tmp_path: Path) -> None:
    """Istio's default retries: a connection that fails goes to another pod."""
    async with Cluster(tmp_path) as cluster:
        pods = await cluster.deploy("podinfo", {"v1": 3})
        cluster.mesh.delay_propagation(30)
        async with steadily(cluster.mesh.listener(WEB), "podinfo") as account:
            await cluster.remove(pods[0])
            await cluster.apps["podinfo-v1-1"].stop()
            before = account.total
            async with asyncio.timeout(10):
                while account.total < before + 100:
                    await asyncio.sleep(0.01)
        assert account.failed == []


async def test_outlier_detection_takes_a_bad_pod_out(tmp_path: Path) -> None:
    async with Cluster(tmp_path) as cluster:
        await cluster.deploy("podinfo", {"v1": 2, "v2": 1})
        outlier = {"consecutive5xxErrors": 3, "interval": "100ms", "baseEjectionTime": "60s", "maxEjectionPercent": 100}
        await cluster.put(
            destination_rule("podinfo", VERSIONS, trafficPolicy={"outlierDetection": outlier}),
            virtual_service("podinfo", split("podinfo", v1=50, v2=50)),
        )
        cluster.apps["podinfo-v2-1"].status = 500
        async with asyncio.timeout(20):
            while not (out := await cluster.mesh.ejected()):
                await ask(cluster.mesh.listener(WEB), "podinfo", 20, users=1)
        assert out == {"sidecar.shop.web|outbound|80|v2|podinfo.shop.svc.cluster.local": ["shop/podinfo-v2-1"]}
        calls = cluster.apps["podinfo-v2-1"].calls
        account = await ask(cluster.mesh.listener(WEB), "podinfo", 40, users=1)
        assert cluster.apps["podinfo-v2-1"].calls == calls
        assert account.by("podinfo-v1") + len(account.failed) == 40
        assert {status for _, status in account.answers} == {200, 503}  # the whole of v2 is out: UH
        assert {"UH"} <= {labels["response_flags"] for labels, _ in await cluster.counted()}


def strip(item: Object) -> Object:
    """An object as a user writes it: the server's version left out."""
    metadata = {key: value for key, value in item["metadata"].items() if key != "resourceVersion"}
    return {"apiVersion": "v1", "kind": "Pod", **item, "metadata": metadata}


async def test_no_request_fails_while_pods_subsets_and_routes_come_and_go(cluster: Cluster) -> None:
    pods = (await cluster.client.list("/api/v1/namespaces/shop/pods"))[0]
    async with steadily(cluster.mesh.listener(WEB), "podinfo", users=4) as account:
        for round_ in range(4):
            changed = [
                {
                    **one,
                    "metadata": {
                        **one["metadata"],
                        "labels": {**one["metadata"]["labels"], "service.istio.io/canonical-revision": f"r-{round_}"},
                    },
                }
                for one in pods
            ]
            await cluster.put(*(strip(one) for one in changed))
            await cluster.put(virtual_service("podinfo", split("podinfo", v1=50, v2=50)))
            await cluster.put(virtual_service("podinfo", split("podinfo", v1=100, v2=0)))
            await cluster.put(destination_rule("podinfo", {"v1": VERSIONS["v1"]}))
            await cluster.put(endpoint_slice("podinfo", pods[:1]))
            await cluster.put(endpoint_slice("podinfo", pods), destination_rule("podinfo", VERSIONS))
            before = account.total
            async with asyncio.timeout(10):
                while account.total < before + 50:
                    await asyncio.sleep(0.01)
    assert account.failed == []
    assert account.total >= 200


async def test_a_change_is_in_effect_in_less_than_a_second(cluster: Cluster) -> None:
    times = []
    for number in range(5):
        begin = time.monotonic()
        await cluster.put(virtual_service("podinfo", [to("v1" if number % 2 else "v2")]))
        times.append(time.monotonic() - begin)
    assert min(times) < 1.0


async def test_a_source_is_added_while_it_runs_and_an_unknown_one_is_named(cluster: Cluster) -> None:
    late = SidecarClient("late", "other")
    with pytest.raises(
        SandboxError, match=r"the mesh has no source sidecar\.other\.late: add it first \(it has sidecar\.shop\.web"
    ):
        cluster.mesh.listener(late)
    await cluster.mesh.add(late)
    assert (await cluster.get(host="podinfo.shop", source=late))[0] == 200
    with pytest.raises(SandboxError, match=r"two sources are called sidecar\.other\.late"):
        await cluster.mesh.add(late)


async def test_a_service_of_another_kind_is_watched_too(cluster: Cluster) -> None:
    """Nothing is in effect that was never said: a Service without pods answers 503."""
    await cluster.put(service("empty"))
    assert (await cluster.get(host="empty"))[0] == 503
    await cluster.remove(service("empty"))
    assert (await cluster.get(host="empty"))[0] == 502
