"""ReplicaSets: whose pods, how many, which go first."""

from __future__ import annotations

from typing import Any

from controller.sandbox.api import EmbeddedApi
from controller.sandbox.client import Object
from controller.sandbox.workloads.kinds import EVENT, POD, REPLICA_SET
from controller.sandbox.workloads.replicasets import DELETION_COST, deletion_order
from tests.sandbox.lab import Lab, condition, is_ready, pod_spec


async def replica_set(lab: Lab, replicas: int, image: str = "podinfo:v1") -> Object:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec(image)}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return await lab.create(REPLICA_SET, {"metadata": {"name": "web"}, "spec": spec})


async def until_ready(lab: Lab, count: int) -> Object:
    return await lab.until_one(
        REPLICA_SET,
        "web",
        lambda item: item["status"].get("readyReplicas", 0) == count == item["status"].get("replicas"),
    )


async def test_pods_that_match_are_adopted_and_others_released(lab: Lab) -> None:
    await lab.pod("web")  # its label is app=web
    await lab.until_one(POD, "web", is_ready)
    made = await replica_set(lab, 2)
    await until_ready(lab, 2)
    pods = {pod["metadata"]["name"]: pod for pod in await lab.all(POD)}
    assert len(pods) == 2
    assert pods["web"]["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    await lab.patch(POD, "web", {"metadata": {"labels": {"app": "free"}}})
    free = await lab.until_one(POD, "web", lambda pod: not pod["metadata"].get("ownerReferences"))
    assert not free["metadata"].get("deletionTimestamp")
    await lab.until(POD, lambda items: len(items) == 3)
    await until_ready(lab, 2)


async def test_a_pod_that_is_deleted_is_replaced_at_once(lab: Lab) -> None:
    await replica_set(lab, 2)
    await until_ready(lab, 2)
    first = (await lab.all(POD))[0]["metadata"]
    await lab.delete(POD, first["name"])
    await lab.until(POD, lambda items: first["uid"] not in [item["metadata"]["uid"] for item in items])
    await until_ready(lab, 2)


async def test_pods_that_are_not_ready_go_first(lab: Lab) -> None:
    await replica_set(lab, 3)
    await until_ready(lab, 3)
    doomed = (await lab.all(POD))[1]["metadata"]["name"]
    await lab.patch(POD, doomed, {"spec": {"containers": [{**pod_spec("podinfo:v1-unready")["containers"][0]}]}})
    await lab.until_one(POD, doomed, lambda pod: not is_ready(pod))
    await lab.patch(REPLICA_SET, "web", {"spec": {"replicas": 2}})
    await lab.until_gone(POD, doomed)
    await until_ready(lab, 2)


async def test_a_refused_pod_is_told_and_tried_again(lab: Lab, embedded: EmbeddedApi) -> None:
    fault = embedded.faults.add(verb="create", resource="pods", namespace=lab.namespace, status=403, times=None)
    await replica_set(lab, 3)
    found = await lab.until_one(REPLICA_SET, "web", lambda item: condition(item, "ReplicaFailure"))
    assert condition(found, "ReplicaFailure")["reason"] == "FailedCreate"
    await lab.until(EVENT, lambda items: any(item["reason"] == "FailedCreate" for item in items))
    fault.remove()
    found = await until_ready(lab, 3)
    assert not condition(found, "ReplicaFailure")


def pod(name: str, **parts: Any) -> Object:
    ready = parts.get("ready", "2026-01-01T00:00:00Z")
    metadata = {"name": name, "creationTimestamp": parts.get("created", "2026-01-01T00:00:00Z")}
    if "cost" in parts:
        metadata["annotations"] = {DELETION_COST: parts["cost"]}
    entry = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": ready or None}
    status = {"phase": parts.get("phase", "Running"), "conditions": [entry]}
    status["containerStatuses"] = [{"restartCount": parts.get("restarts", 0)}]
    return {"metadata": metadata, "spec": {"nodeName": parts.get("node", "n")}, "status": status}


def test_the_order_of_deletion() -> None:
    later = "2026-01-02T00:00:00Z"
    pods = [
        pod("9-plain"),
        pod("8-dear", cost="10"),
        pod("7-young", created=later),
        pod("6-restarted", restarts=2),
        pod("5-lately-ready", ready=later),
        pod("4-cheap", cost="-1"),
        pod("3-unready", ready=""),
        pod("2-pending", phase="Pending", ready=""),
        pod("1-nowhere", node="", phase="Pending", ready=""),
    ]
    names = [item["metadata"]["name"] for item in deletion_order(pods)]
    assert names == [
        "1-nowhere",
        "2-pending",
        "3-unready",
        "4-cheap",
        "5-lately-ready",
        "6-restarted",
        "7-young",
        "9-plain",
        "8-dear",
    ]
