"""Deployments as the API shows them while the controllers run."""

from __future__ import annotations

import asyncio

import pytest

from controller.sandbox.client import Object
from controller.sandbox.mirror import following
from controller.sandbox.workloads.kinds import DEPLOYMENT, EVENT, POD, REPLICA_SET
from controller.sandbox.workloads.revisions import REVISION, template_hash
from tests.sandbox.lab import Lab, condition, deployment, tag

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_new_deployment_becomes_available(lab: Lab) -> None:
    await lab.deploy(replicas=3)
    found = await lab.rolled_out()
    status = found["status"]
    assert {key: status[key] for key in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")} == {
        "replicas": 3,
        "updatedReplicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
    }
    assert status.get("unavailableReplicas", 0) == 0
    assert condition(found, "Available")["reason"] == "MinimumReplicasAvailable"
    assert condition(found, "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert found["metadata"]["annotations"][REVISION] == "1"
    assert found["metadata"]["generation"] == 1, "the revision is told through /status: it is no wish"
    (owned,) = await lab.all(REPLICA_SET)
    sign = owned["metadata"]["labels"]["pod-template-hash"]
    assert owned["metadata"]["name"] == f"web-{sign}"
    assert owned["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": sign}
    pods = await lab.all(POD)
    assert {pod["metadata"]["labels"]["pod-template-hash"] for pod in pods} == {sign}
    assert {pod["metadata"]["ownerReferences"][0]["uid"] for pod in pods} == {owned["metadata"]["uid"]}


async def test_a_rolling_update_keeps_within_surge_and_unavailability(lab: Lab) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}
    await lab.deploy(replicas=4, strategy=strategy)
    await lab.rolled_out()
    most, least = 4, 4

    def watch(items: list[Object]) -> bool:
        nonlocal most, least
        alive = [pod for pod in items if not pod["metadata"].get("deletionTimestamp")]
        ready = [pod for pod in alive if condition(pod, "Ready").get("status") == "True"]
        most, least = max(most, len(alive)), min(least, len(ready))
        return {tag(pod["spec"]) for pod in items} == {"v2"} and len(ready) == 4

    async with following(lab.client, POD.path(lab.namespace)) as pods:
        await lab.set_image("web", "podinfo:v2")
        await pods.until(watch)
    assert (most, least) == (5, 3)
    found = await lab.rolled_out()
    assert found["metadata"]["annotations"][REVISION] == "2"
    sets = await lab.replica_sets()
    assert (sets["v1"]["spec"]["replicas"], sets["v2"]["spec"]["replicas"]) == (0, 4)


async def test_recreate_waits_for_the_last_old_pod(lab: Lab) -> None:
    await lab.deploy(replicas=2, strategy={"type": "Recreate"})
    await lab.rolled_out()
    mixed = []

    def watch(items: list[Object]) -> bool:
        tags = {tag(pod["spec"]) for pod in items}
        if len(tags) > 1:
            mixed.append(tags)
        return tags == {"v2"} and len(items) == 2

    async with following(lab.client, POD.path(lab.namespace)) as pods:
        await lab.set_image("web", "podinfo:v2")
        await pods.until(watch)
    assert not mixed
    await lab.rolled_out()


async def test_going_back_takes_the_replica_set_that_is_there(lab: Lab) -> None:
    await lab.deploy()
    await lab.rolled_out()
    await lab.set_image("web", "podinfo:v2")
    await lab.rolled_out()
    await lab.set_image("web", "podinfo:v1")
    found = await lab.rolled_out()
    sets = await lab.replica_sets()
    assert len(await lab.all(REPLICA_SET)) == 2
    assert found["metadata"]["annotations"][REVISION] == "3"
    notes = sets["v1"]["metadata"]["annotations"]
    assert notes[REVISION] == "3"
    assert notes["deployment.kubernetes.io/revision-history"] == "1"
    assert sets["v2"]["metadata"]["annotations"][REVISION] == "2"


async def test_history_beyond_the_limit_is_deleted(lab: Lab) -> None:
    await lab.deploy(revisionHistoryLimit=1)
    await lab.rolled_out()
    for version in ("v2", "v3", "v4"):
        await lab.set_image("web", f"podinfo:{version}")
        await lab.rolled_out()
    await lab.until(
        REPLICA_SET, lambda items: {tag(item["spec"]["template"]["spec"]) for item in items} == {"v3", "v4"}
    )


async def test_a_paused_deployment_starts_nothing_until_it_is_resumed(lab: Lab) -> None:
    await lab.deploy(replicas=2, paused=True)
    found = await lab.until_one(
        DEPLOYMENT, "web", lambda item: condition(item, "Progressing").get("reason") == "DeploymentPaused"
    )
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"]
    assert condition(found, "Available")["status"] == "False"
    await lab.patch(DEPLOYMENT, "web", {"spec": {"replicas": 3}})
    await lab.set_image("web", "podinfo:v2")
    await lab.until_one(
        DEPLOYMENT,
        "web",
        lambda item: item["status"]["observedGeneration"] == item["metadata"]["generation"] == 3,
    )
    assert await lab.all(REPLICA_SET) == []
    assert await lab.all(POD) == []
    await lab.patch(DEPLOYMENT, "web", {"spec": {"paused": False}})
    await lab.rolled_out()
    assert {tag(pod["spec"]) for pod in await lab.all(POD)} == {"v2"}


async def test_a_paused_deployment_scales_what_it_has_but_does_not_roll(lab: Lab) -> None:
    await lab.deploy(replicas=2)
    await lab.rolled_out()
    await lab.patch(DEPLOYMENT, "web", {"spec": {"paused": True}})
    await lab.set_image("web", "podinfo:v2")
    await lab.patch(DEPLOYMENT, "web", {"spec": {"replicas": 4}})
    found = await lab.until_one(DEPLOYMENT, "web", lambda item: item["status"].get("readyReplicas") == 4)
    assert found["status"].get("updatedReplicas", 0) == 0
    assert {tag(pod["spec"]) for pod in await lab.all(POD)} == {"v1"}
    assert list(await lab.replica_sets()) == ["v1"]


async def test_scaling_to_zero_and_back(lab: Lab) -> None:
    await lab.deploy(replicas=2)
    await lab.rolled_out()
    await lab.patch(DEPLOYMENT, "web", {"spec": {"replicas": 0}})
    await lab.until_one(DEPLOYMENT, "web", lambda item: not item["status"].get("replicas"))
    await lab.until(POD, lambda items: not items)
    await lab.patch(DEPLOYMENT, "web", {"spec": {"replicas": 1}})
    await lab.rolled_out()
    assert len(await lab.all(REPLICA_SET)) == 1


async def test_no_progress_within_the_deadline_is_told(lab: Lab) -> None:
    await lab.deploy(image="podinfo:v1-unready", progressDeadlineSeconds=1)
    found = await lab.until_one(
        DEPLOYMENT, "web", lambda item: condition(item, "Progressing").get("reason") == "ProgressDeadlineExceeded"
    )
    assert condition(found, "Progressing")["status"] == "False"
    assert condition(found, "Available")["status"] == "False"
    await lab.set_image("web", "podinfo:v1")
    await lab.rolled_out()


async def test_a_pod_counts_as_available_after_min_ready_seconds(lab: Lab) -> None:
    await lab.deploy(minReadySeconds=2)
    found = await lab.until_one(DEPLOYMENT, "web", lambda item: item["status"].get("readyReplicas") == 1)
    assert found["status"].get("availableReplicas", 0) == 0
    assert found["status"]["unavailableReplicas"] == 1
    await lab.rolled_out()


async def test_a_failing_new_version_leaves_the_old_one_serving(lab: Lab) -> None:
    await lab.deploy(replicas=3)
    await lab.rolled_out()
    await lab.set_image("web", "podinfo:v2-missing")
    found = await lab.until_one(
        DEPLOYMENT,
        "web",
        lambda item: item["status"].get("updatedReplicas") == 1 and item["status"].get("unavailableReplicas") == 1,
    )
    assert condition(found, "Available")["status"] == "True"
    assert found["status"]["readyReplicas"] == 3


async def test_an_orphaned_replica_set_with_the_template_is_adopted(lab: Lab) -> None:
    await lab.deploy(replicas=2)
    await lab.rolled_out()
    before = {pod["metadata"]["uid"] for pod in await lab.all(POD)}
    (owned,) = await lab.all(REPLICA_SET)
    await lab.delete(DEPLOYMENT, "web", propagation="Orphan")
    await lab.until_gone(DEPLOYMENT, "web")
    orphan = await lab.get(REPLICA_SET, owned["metadata"]["name"])
    assert not orphan["metadata"].get("ownerReferences")
    made = await lab.deploy(replicas=2)
    await lab.rolled_out()
    (adopted,) = await lab.all(REPLICA_SET)
    assert adopted["metadata"]["uid"] == owned["metadata"]["uid"]
    assert adopted["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    assert {pod["metadata"]["uid"] for pod in await lab.all(POD)} == before


async def test_another_replica_set_in_the_way_of_the_name_changes_the_hash(lab: Lab) -> None:
    wanted = await lab.client.request(
        "POST",
        DEPLOYMENT.path(lab.namespace),
        {"apiVersion": "apps/v1", "kind": "Deployment", **deployment()},
        params={"dryRun": "All"},
    )
    sign = template_hash(wanted["spec"]["template"])
    template = {"metadata": {"labels": {"app": "other"}}, "spec": {"containers": [{"name": "x", "image": "y"}]}}
    squatter = {"replicas": 0, "selector": {"matchLabels": {"app": "other"}}, "template": template}
    await lab.create(REPLICA_SET, {"metadata": {"name": f"web-{sign}"}, "spec": squatter})
    await lab.deploy()
    found = await lab.rolled_out()
    assert found["status"]["collisionCount"] == 1
    assert len(await lab.all(REPLICA_SET)) == 2


async def test_scaling_is_told_in_events(lab: Lab) -> None:
    await lab.deploy(replicas=2)
    (owned,) = await lab.until(REPLICA_SET, lambda items: items)
    text = f"Scaled up replica set {owned['metadata']['name']} from 0 to 2"
    await lab.until(
        EVENT,
        lambda items: any(item["reason"] == "ScalingReplicaSet" and item["message"] == text for item in items),
    )


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
async def test_deletion_takes_everything_along(lab: Lab, propagation: str) -> None:
    await lab.deploy(replicas=2)
    await lab.rolled_out()
    await lab.delete(DEPLOYMENT, "web", propagation=propagation)
    await asyncio.gather(*(lab.until(kind, lambda items: not items) for kind in (DEPLOYMENT, REPLICA_SET, POD)))
