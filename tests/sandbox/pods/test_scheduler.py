"""Which pods get the node."""

from __future__ import annotations

import pytest

from controller.sandbox.workloads.kinds import EVENT, NODE, POD
from tests.sandbox.lab import Lab, condition, is_ready, pod_spec

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_selector_that_no_node_meets(lab: Lab) -> None:
    await lab.pod("one", nodeSelector={"disk": "fast"})
    pod = await lab.until_one(POD, "one", lambda item: condition(item, "PodScheduled"))
    assert condition(pod, "PodScheduled")["reason"] == "Unschedulable"
    assert pod["status"]["phase"] == "Pending"
    await lab.until(EVENT, lambda items: any(item["reason"] == "FailedScheduling" for item in items))
    await lab.delete(POD, "one")
    await lab.until_gone(POD, "one")


async def test_a_gate_holds_a_pod_until_it_is_taken_off(lab: Lab) -> None:
    await lab.pod("one", schedulingGates=[{"name": "example.org/wait"}])
    await lab.until_one(POD, "one", lambda item: condition(item, "PodScheduled").get("reason") == "SchedulingGated")
    await lab.patch(POD, "one", {"spec": {"schedulingGates": []}})
    await lab.until_one(POD, "one", is_ready)


async def test_pods_of_others_are_left_alone(lab: Lab) -> None:
    await lab.pod("another-scheduler", schedulerName="theirs")
    await lab.pod("another-node", nodeName="elsewhere")
    await lab.pod("ours")
    await lab.until_one(POD, "ours", is_ready)
    pods = {pod["metadata"]["name"]: pod for pod in await lab.all(POD)}
    assert not pods["another-scheduler"]["spec"].get("nodeName")
    assert "podIP" not in pods["another-node"]["status"]


async def test_the_node_is_there_to_be_looked_at(lab: Lab) -> None:
    found = await lab.client.get(NODE.path("", "sandbox-node"))
    assert condition(found, "Ready")["status"] == "True"
    await lab.pod("one", **pod_spec("podinfo:v1"), nodeSelector={"kubernetes.io/os": "linux"})
    await lab.until_one(POD, "one", is_ready)
