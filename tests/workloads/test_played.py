"""Managed revisions with controllers and pods that really run: what the writes lead to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.core.objects import FoundObjects
from controller.core.wanted import Template, WantedRevision
from controller.sandbox.workloads.kinds import CONFIG_MAP, DEPLOYMENT, POD, REPLICA_SET
from tests.sandbox.lab import Lab, is_ready, pod_spec
from tests.workloads.shop import config_map, deployment, want

Hands = Any  # the class is in conftest.py
Object = dict[str, Any]

READS = [{"configMapRef": {"name": "settings"}}]


def user(image: str = "podinfo:v1", **more: Any) -> Object:
    spec = pod_spec(image)
    spec["containers"][0] |= more
    template = deployment(**spec)
    template["spec"]["replicas"] = 2
    return template


def revision_of(pod: Object) -> str:
    return str(pod["metadata"]["labels"].get("sluice.dev/revision", ""))


async def pods_are(lab: Lab, wanted: dict[str, int]) -> list[Object]:
    """Until so many pods of each revision are ready ("" for the template's own) and no others are there."""

    def look(pods: list[Object]) -> list[Object] | None:
        names = [revision_of(pod) for pod in pods]
        counts = {name: names.count(name) for name in names}
        return [{}, *pods] if counts == wanted and all(is_ready(pod) for pod in pods) else None

    return (await lab.until(POD, look))[1:]


async def emptied(hands: Hands, revision: str) -> None:
    """Pause the template, and when that was observed, take its pods away."""
    empty = want((revision, 2), template=Template.EMPTY)
    assert await hands.make(empty) == ["Patch Deployment podinfo"]
    await hands.lab.until_one(
        DEPLOYMENT, "podinfo", lambda one: one["status"].get("observedGeneration") == one["metadata"]["generation"]
    )
    assert {line.rpartition(" ")[0] for line in await hands.make(empty)} == {"Delete ReplicaSet"}
    await pods_are(hands.lab, {revision: 2})
    assert await hands.make(empty) == []


async def test_from_the_users_deployment_to_a_second_revision(hands: Hands, lab: Lab) -> None:
    await hands.create(config_map("settings"))
    await hands.create(user(envFrom=READS))
    await lab.rolled_out("podinfo")

    first = (await hands.template()).proposal
    await hands.make(want((first, 2), new=True))
    await lab.rolled_out(f"podinfo-{first}")
    pods = await pods_are(lab, {"": 2, first: 2})
    reads = {pod["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"] for pod in pods if revision_of(pod)}
    assert reads == {f"settings-{first}"}
    seen = (await hands.seen()).revision(first)
    assert seen is not None
    assert (seen.replicas, seen.ready, seen.available, seen.updated, seen.current, seen.trouble) == (
        2,
        2,
        2,
        2,
        True,
        "",
    )
    assert seen.progressed_at is not None

    await emptied(hands, first)
    template = await hands.template()
    assert (template.paused, template.own_replicasets, template.own_replicas) == (True, (), 0)
    assert template.revision == first

    await lab.patch(CONFIG_MAP, "settings", {"data": {"COLOR": "blue"}})
    assert (await hands.template()).revision == ""
    second = (await hands.template()).proposal
    both = want((second, 1), (first, 2), new=True, template=Template.EMPTY)
    assert await hands.make(both) == [f"Create ConfigMap settings-{second}", f"Create Deployment podinfo-{second}"]
    await pods_are(lab, {first: 2, second: 1})
    assert (await hands.template()).revision == second
    assert (await lab.get(CONFIG_MAP, f"settings-{first}"))["data"] == {"COLOR": "red"}

    only = want((second, 2), template=Template.EMPTY)
    assert await hands.make(only) == [f"Patch Deployment podinfo-{second}", f"Delete Deployment podinfo-{first}"]
    assert await hands.make(only) == [f"Delete ConfigMap settings-{first}"]
    await pods_are(lab, {second: 2})


async def test_a_resumed_template_is_emptied_again_and_a_restart_is_in_place(hands: Hands, lab: Lab) -> None:
    await hands.create(user())
    revision = (await hands.template()).proposal
    await hands.make(want((revision, 2), new=True))
    await pods_are(lab, {"": 2, revision: 2})
    await emptied(hands, revision)

    await lab.patch(DEPLOYMENT, "podinfo", {"spec": {"paused": False}})
    await pods_are(lab, {"": 2, revision: 2})
    await emptied(hands, revision)

    before = {pod["metadata"]["uid"] for pod in await lab.all(POD)}
    marks = {"metadata": {"annotations": {"sluice.dev/restart": "now"}}}
    await lab.patch(DEPLOYMENT, "podinfo", {"spec": {"template": marks}})
    template = await hands.template()
    assert (template.revision, template.restarted) == (revision, "now")
    asked = want((revision, 2), template=Template.EMPTY)
    asked = replace(asked, revisions=(WantedRevision(revision, 2, restarted=template.restarted),))
    await hands.make(asked)
    await lab.rolled_out(f"podinfo-{revision}")
    assert before.isdisjoint({pod["metadata"]["uid"] for pod in await pods_are(lab, {revision: 2})})
    assert await hands.make(asked) == []


async def test_pods_of_a_revision_deleted_alone_serve_until_there_are_others(hands: Hands, lab: Lab) -> None:
    await hands.create(user())
    revision = (await hands.template()).proposal
    await hands.make(want((revision, 2), new=True))
    await pods_are(lab, {"": 2, revision: 2})
    await emptied(hands, revision)
    served = {pod["metadata"]["uid"] for pod in await lab.all(POD)}

    await lab.delete(DEPLOYMENT, f"podinfo-{revision}", propagation="Orphan")
    await lab.until_gone(DEPLOYMENT, f"podinfo-{revision}")
    template = await lab.get(DEPLOYMENT, "podinfo")
    await lab.until(
        REPLICA_SET,
        lambda sets: [
            one
            for one in sets
            for owner in one["metadata"].get("ownerReferences", [])
            if owner["uid"] == template["metadata"]["uid"]
        ],
    )
    again = want((revision, 2), new=True, template=Template.EMPTY)
    assert await hands.make(again) == [f"Create Deployment podinfo-{revision}"]
    await lab.rolled_out(f"podinfo-{revision}")
    assert served <= {pod["metadata"]["uid"] for pod in await lab.all(POD)}
    await hands.make(again)
    pods = await pods_are(lab, {revision: 2})
    assert served.isdisjoint({pod["metadata"]["uid"] for pod in pods})


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("podinfo:v1-crash", "ends with status 1 each time it is started"),
        ("podinfo:v1-missing", "ImagePullBackOff"),
        ("podinfo:v1-unready", "runs but is not ready"),
    ],
)
async def test_trouble_in_the_pods_own_words(hands: Hands, lab: Lab, image: str, words: str) -> None:
    await hands.create(user(image))
    revision = (await hands.template()).proposal
    await hands.make(want((revision, 1), new=True))
    made = await lab.all(DEPLOYMENT)
    told: list[str] = []

    def says(pods: list[Object]) -> bool:
        (seen,) = hands.workload.see(hands.release, FoundObjects([*made, *pods])).revisions
        told.append(seen.trouble)
        return words in told[-1]

    assert await lab.until(POD, says), told
    assert told[-1].startswith(f"container app of pod podinfo-{revision}-")
