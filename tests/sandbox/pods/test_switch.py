"""Behaviour set while pods run."""

from __future__ import annotations

from typing import Any

import pytest

from controller.sandbox.client import Object
from controller.sandbox.workloads.kinds import POD
from tests.sandbox.lab import Lab, is_ready, pod_spec
from tests.sandbox.pods.conftest import Ask

pytestmark = pytest.mark.asyncio(loop_scope="module")

Call = Any


@pytest.fixture
def call(lab: Lab) -> Call:
    async def request(method: str, target: str, body: Any = None) -> tuple[int, Any]:
        url = f"{lab.node}/behaviour/{lab.namespace}/{target}"
        async with lab.http.request(method, url, json=body) as answer:
            return answer.status, await answer.json()

    return request


async def owned(lab: Lab, name: str, image: str, owner: Object, **labels: str) -> Object:
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": True, **owner}
    metadata = {"name": name, "labels": labels, "ownerReferences": [reference]}
    await lab.create(POD, {"metadata": metadata, "spec": pod_spec(image)})
    return await lab.until_one(POD, name, is_ready)


V1 = {"name": "web-1", "uid": "11111111-1111-1111-1111-111111111111"}
V2 = {"name": "web-2", "uid": "22222222-2222-2222-2222-222222222222"}


async def test_a_version_is_set_for_all_its_pods_and_counted_together(lab: Lab, ask: Ask, call: Call) -> None:
    one = await owned(lab, "one", "podinfo:v1", V1)
    two = await owned(lab, "two", "podinfo:v1", V1)
    other = await owned(lab, "other", "podinfo:v2", V2)
    await ask(one)
    status, answer = await call("PUT", "v1", {"errorEvery": 3, "status": 503})
    assert (status, answer) == (200, {"behaviour": {"errorEvery": 3, "status": 503}, "pods": ["one", "two"]})
    found = [(await ask(pod)).status for pod in (one, two, two, one, one, two)]
    assert found == [200, 200, 503, 200, 200, 503]
    assert (await ask(other)).status == 200
    assert await call("GET", "v1") == (200, answer)
    status, answer = await call("DELETE", "v1")
    assert (status, answer["behaviour"]) == (200, {})
    assert [(await ask(one)).status for _ in range(3)] == [200] * 3


async def test_a_pod_wins_over_its_version(lab: Lab, ask: Ask, call: Call) -> None:
    one = await owned(lab, "one", "podinfo:v1-errors-100", V1)
    two = await owned(lab, "two", "podinfo:v1-errors-100", V1)
    await call("PUT", "v1-errors-100", {"status": 502})
    await call("PUT", "one", {"errorEvery": 0})
    assert [(await ask(pod)).status for pod in (one, two)] == [200, 502]


@pytest.mark.parametrize("label", ["version", "service.istio.io/canonical-revision", "pod-template-hash"])
async def test_labels_name_a_version_too(lab: Lab, ask: Ask, call: Call, label: str) -> None:
    pod = await owned(lab, "one", "podinfo:v1", V1, **{label: "blue"})
    await call("PUT", "blue", {"errorEvery": 1})
    assert (await ask(pod)).status == 500


async def test_what_is_set_beforehand_holds_for_pods_that_come(lab: Lab, ask: Ask, call: Call) -> None:
    assert (await call("PUT", "v3", {"errorEvery": 1}))[1]["pods"] == []
    pod = await owned(lab, "one", "podinfo:v3", V1)
    assert (await ask(pod)).status == 500


async def test_readiness_follows(lab: Lab, call: Call) -> None:
    await owned(lab, "one", "podinfo:v1", V1)
    await call("PUT", "v1", {"unready": True})
    await lab.until_one(POD, "one", lambda pod: not is_ready(pod))
    await call("DELETE", "v1")
    await lab.until_one(POD, "one", is_ready)


async def test_what_the_switch_does_not_take_is_named(call: Call) -> None:
    status, answer = await call("PUT", "v1", {"errorRate": 5})
    assert status == 400
    assert answer["error"].startswith("errorRate: unknown")
    assert (await call("PUT", "v1", ["errorEvery"]))[1]["error"] == "the body must be a JSON object"
    assert (await call("GET", "v1"))[1]["behaviour"] == {}


async def test_requests_are_counted_for_each_container(lab: Lab, ask: Ask, call: Call) -> None:
    pod = await owned(lab, "one", "podinfo:v1-errors-50", V1)
    for _ in range(4):
        await ask(pod)
    async with lab.http.get(f"{lab.node}/pods") as answer:
        (found,) = [one for one in await answer.json() if one["namespace"] == lab.namespace]
    assert (found["pod"], found["container"], found["image"]) == ("one", "app", "podinfo:v1-errors-50")
    assert (found["requests"], found["failures"], found["running"]) == (4, 2, True)
    await call("PUT", "one", {"latencyMs": 1})
    async with lab.http.get(f"{lab.node}/behaviour") as answer:
        assert (await answer.json())[f"{lab.namespace}/one"] == {"latencyMs": 1}
