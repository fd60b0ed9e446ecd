"""ReplicaSets: whose pods, how many, which go first."""

from __future__ import annotations

import pytest

from controller.sandbox.client import Object
from controller.sandbox.workloads.kinds import POD, REPLICA_SET
from tests.sandbox.lab import Lab, is_ready, pod_spec

pytestmark = pytest.mark.asyncio(loop_scope="module")


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
