"""Pods on the node, as the API shows them and as clients meet them."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from controller.sandbox.client import Object
from controller.sandbox.pods.life import PORTS
from controller.sandbox.workloads.kinds import CONFIG_MAP, EVENT, POD, SECRET
from tests.sandbox.lab import Lab, condition, container, is_ready, pod_spec, waiting
from tests.sandbox.pods.conftest import Ask, url_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_pod_runs_and_serves(lab: Lab, ask: Ask) -> None:
    await lab.pod("one", "podinfo:v1")
    pod = await lab.until_one(POD, "one", is_ready)
    status = pod["status"]
    assert pod["spec"]["nodeName"] == "sandbox-node"
    assert status["phase"] == "Running"
    assert status["podIP"].startswith("10.244.")
    kinds = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    assert all(condition(pod, kind)["status"] == "True" for kind in kinds)
    assert container(pod)["state"]["running"]["startedAt"]
    assert container(pod)["restartCount"] == 0
    answer = await ask(pod)
    assert (answer.status, answer.version, answer.headers["x-demo-pod"]) == (200, "v1", "one")


async def test_pods_have_addresses_and_ports_of_their_own(lab: Lab) -> None:
    for name in ("one", "two", "three"):
        await lab.pod(name)
    pods = await lab.until(POD, lambda items: items if sum(map(is_ready, items)) == 3 else None)
    assert len({pod["status"]["podIP"] for pod in pods}) == 3
    assert len({url_of(pod) for pod in pods}) == 3


async def test_every_container_port_is_served(lab: Lab) -> None:
    ports = [{"name": "http", "containerPort": 8080}, {"name": "tcp-echo", "containerPort": 9000}]
    spec = {
        "containers": [
            {"name": "app", "image": "podinfo:v1", "ports": ports},
            {"name": "side", "image": "proxy:v9", "ports": [{"containerPort": 7070}]},
        ]
    }
    await lab.create(POD, {"metadata": {"name": "one"}, "spec": spec})
    pod = await lab.until_one(POD, "one", is_ready)
    assert set(json.loads(pod["metadata"]["annotations"][PORTS])) == {"8080", "9000", "7070"}
    for port, version in ((8080, "v1"), (7070, "v9")):
        async with lab.http.get(url_of(pod, port)) as answer:
            assert answer.headers["x-demo-version"] == version
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url_of(pod, 9000).rpartition(":")[2]))
    writer.write(b"hello")
    assert await reader.readexactly(5) == b"hello"
    writer.close()
    await writer.wait_closed()


async def test_readiness_comes_after_its_delay(lab: Lab) -> None:
    await lab.pod("one", **pod_spec("podinfo:v1", DEMO_READY_AFTER="60s"))
    pod = await lab.until_one(POD, "one", lambda item: item["status"]["phase"] == "Running")
    entry = condition(pod, "Ready")
    assert (entry["status"], entry["reason"]) == ("False", "ContainersNotReady")
    assert entry["message"] == "containers with unready status: [app]"
    assert condition(pod, "Initialized")["status"] == "True"


async def test_a_crash_loop(lab: Lab) -> None:
    await lab.pod("one", "podinfo:v4-crash")
    pod = await lab.until_one(POD, "one", lambda item: waiting(item) == "CrashLoopBackOff")
    assert container(pod)["lastState"]["terminated"]["exitCode"] == 1
    assert container(pod)["restartCount"] >= 1
    assert pod["status"]["phase"] == "Running"
    assert not is_ready(pod)
    await lab.until_one(POD, "one", lambda item: container(item).get("restartCount", 0) >= 3)
    await lab.until(EVENT, lambda items: any(item["reason"] == "BackOff" for item in items))


async def test_an_image_that_cannot_be_pulled(lab: Lab) -> None:
    await lab.pod("one", "podinfo:v5-missing")
    seen = []

    def watch(item: Object) -> bool:
        seen.append(waiting(item))
        return waiting(item) == "ImagePullBackOff"

    pod = await lab.until_one(POD, "one", watch)
    assert "ErrImagePull" in seen
    assert pod["status"]["phase"] == "Pending"
    assert "podinfo:v5-missing" in container(pod)["state"]["waiting"]["message"]
    await lab.patch(POD, "one", {"spec": {"containers": [{**pod["spec"]["containers"][0], "image": "podinfo:v6"}]}})
    await lab.until_one(POD, "one", is_ready)


async def test_another_image_in_place_restarts_the_container(lab: Lab, ask: Ask) -> None:
    await lab.pod("one", "podinfo:v1")
    pod = await lab.until_one(POD, "one", is_ready)
    await lab.patch(POD, "one", {"spec": {"containers": [{**pod["spec"]["containers"][0], "image": "podinfo:v2"}]}})
    pod = await lab.until_one(POD, "one", lambda item: is_ready(item) and container(item)["restartCount"] == 1)
    assert (await ask(pod)).version == "v2"


@pytest.mark.parametrize("kind", [CONFIG_MAP, SECRET])
async def test_a_missing_reference_keeps_a_container_from_starting(lab: Lab, ask: Ask, kind: object) -> None:
    word = "configMapRef" if kind is CONFIG_MAP else "secretRef"
    spec = pod_spec("podinfo:v1")
    spec["containers"][0]["envFrom"] = [{word: {"name": "settings"}}]
    await lab.pod("one", **spec)
    pod = await lab.until_one(POD, "one", lambda item: waiting(item) == "CreateContainerConfigError")
    noun = "configmap" if kind is CONFIG_MAP else "secret"
    assert container(pod)["state"]["waiting"]["message"] == f'{noun} "settings" not found'
    values = {"data": {"DEMO_ERROR_EVERY": "1"}} if kind is CONFIG_MAP else {"stringData": {"DEMO_ERROR_EVERY": "1"}}
    await lab.create(CONFIG_MAP if kind is CONFIG_MAP else SECRET, {"metadata": {"name": "settings"}, **values})
    pod = await lab.until_one(POD, "one", is_ready)
    assert (await ask(pod)).status == 500


async def test_a_missing_volume_keeps_a_pod_from_starting(lab: Lab, ask: Ask) -> None:
    spec = pod_spec("podinfo:v1")
    spec["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/etc/app"}]
    await lab.pod("one", **spec, volumes=[{"name": "data", "configMap": {"name": "settings"}}])
    event = await lab.until(
        EVENT, lambda items: next((item for item in items if item["reason"] == "FailedMount"), None)
    )
    assert event["message"].endswith('configmap "settings" not found')
    pod = await lab.until_one(POD, "one", lambda item: waiting(item) == "ContainerCreating")
    assert pod["status"]["phase"] == "Pending"
    await lab.create(CONFIG_MAP, {"metadata": {"name": "settings"}, "data": {"color": "red"}})
    pod = await lab.until_one(POD, "one", is_ready)
    assert json.loads((await ask(pod, "/config")).text)["files"] == {"/etc/app/color": "red"}


async def test_init_containers_run_first(lab: Lab) -> None:
    inits = [{"name": "first", "image": "init:v1"}, {"name": "side", "image": "init:v1", "restartPolicy": "Always"}]
    await lab.pod("one", initContainers=inits)
    pod = await lab.until_one(POD, "one", is_ready)
    first, side = pod["status"]["initContainerStatuses"]
    assert first["state"]["terminated"]["exitCode"] == 0
    assert "running" in side["state"]


async def test_a_failing_init_container_holds_the_others(lab: Lab) -> None:
    await lab.pod("one", initContainers=[{"name": "first", "image": "init:v1-exit-1"}])
    pod = await lab.until_one(
        POD,
        "one",
        lambda item: "CrashLoopBackOff" in json.dumps((item.get("status") or {}).get("initContainerStatuses")),
    )
    assert pod["status"]["phase"] == "Pending"
    assert condition(pod, "Initialized")["status"] == "False"
    assert "running" not in container(pod)["state"]


async def test_deletion_drains_before_the_object_goes(lab: Lab, ask: Ask) -> None:
    await lab.pod("one", **pod_spec("podinfo:v1", DEMO_DRAIN="100ms"))
    pod = await lab.until_one(POD, "one", is_ready)
    slow = asyncio.create_task(ask(pod, "/delay/400"))
    while (await ask(pod, "/healthz")).status and not await _in_hand(lab):
        pass
    await lab.delete(POD, "one")
    leaving = await lab.until_one(POD, "one", lambda item: item["metadata"].get("deletionTimestamp"))
    assert is_ready(leaving)
    await lab.until_gone(POD, "one")
    assert (await slow).status == 200
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(pod)


async def _in_hand(lab: Lab) -> bool:
    """Whether the slow request has arrived: a container counts it when it begins."""
    async with lab.http.get(f"{lab.node}/pods") as answer:
        return any(one["requests"] for one in await answer.json())


async def test_what_does_not_end_is_killed_after_the_grace_period(lab: Lab, ask: Ask) -> None:
    spec = pod_spec("podinfo:v1", DEMO_DRAIN="60s")
    await lab.pod("one", **spec, terminationGracePeriodSeconds=1)
    pod = await lab.until_one(POD, "one", is_ready)
    await lab.delete(POD, "one")
    await lab.until_gone(POD, "one", limit=5)
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(pod)


async def test_a_second_deletion_shortens_the_grace(lab: Lab) -> None:
    await lab.pod("one", **pod_spec("podinfo:v1", DEMO_DRAIN="60s"))
    await lab.until_one(POD, "one", is_ready)
    await lab.delete(POD, "one")
    await lab.until_one(POD, "one", lambda item: item["metadata"].get("deletionTimestamp"))
    await lab.delete(POD, "one", grace=1)
    await lab.until_gone(POD, "one", limit=5)


async def test_a_pod_deleted_by_force_ends_at_once(lab: Lab, ask: Ask) -> None:
    await lab.pod("one", **pod_spec("podinfo:v1", DEMO_DRAIN="60s"))
    pod = await lab.until_one(POD, "one", is_ready)
    stuck = asyncio.create_task(ask(pod, "/delay/60000"))
    await lab.delete(POD, "one", grace=0)
    await lab.until_gone(POD, "one")
    with pytest.raises(aiohttp.ClientError):
        await stuck


async def test_a_pod_that_dies_without_notice_looks_ready_for_a_while(lab: Lab, ask: Ask) -> None:
    await lab.pod("one")
    pod = await lab.until_one(POD, "one", is_ready)
    async with lab.http.put(f"{lab.node}/behaviour/{lab.namespace}/one", json={"die": True}) as answer:
        assert (await answer.json())["pods"] == ["one"]
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(pod)
    assert is_ready(await lab.get(POD, "one"))
    await lab.until_one(POD, "one", lambda item: not is_ready(item))
    pod = await lab.until_one(POD, "one", is_ready)
    assert container(pod)["restartCount"] == 1
    assert container(pod)["lastState"]["terminated"]["exitCode"] == 137
    assert (await ask(pod)).status == 200


async def test_a_pod_may_be_ready_and_refuse(lab: Lab, ask: Ask) -> None:
    await lab.pod("one", "podinfo:v7-refuse")
    pod = await lab.until_one(POD, "one", is_ready)
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(pod)


@pytest.mark.parametrize(("tag", "phase"), [("v1-exit-0", "Succeeded"), ("v1-exit-3", "Failed")])
async def test_a_pod_that_is_not_restarted_ends(lab: Lab, tag: str, phase: str) -> None:
    await lab.pod("one", f"job:{tag}", restartPolicy="Never")
    pod = await lab.until_one(POD, "one", lambda item: item["status"].get("phase") == phase)
    assert not is_ready(pod)
    await lab.delete(POD, "one")
    await lab.until_gone(POD, "one")


async def test_readiness_gates_of_others_are_waited_for(lab: Lab) -> None:
    await lab.pod("one", readinessGates=[{"conditionType": "example.org/wired"}])
    pod = await lab.until_one(POD, "one", lambda item: condition(item, "ContainersReady").get("status") == "True")
    assert condition(pod, "Ready")["reason"] == "ReadinessGatesNotReady"
    gate = {"type": "example.org/wired", "status": "True"}
    conditions = [*pod["status"]["conditions"], gate]
    await lab.client.patch(POD.path(lab.namespace, "one", "status"), {"status": {"conditions": conditions}})
    pod = await lab.until_one(POD, "one", is_ready)
    assert condition(pod, "example.org/wired")["status"] == "True"
