"""``sluice restart``: stable's pods are new, and no release begins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from controller.cli.restart import progress, refusal
from controller.core.objects.template import RESTARTS
from tests.cli.conftest import Sluice
from tests.stage import Stage


async def test_stables_pods_are_restarted_in_place(stage: Stage, typed: Callable[..., Sluice]) -> None:
    await stage.idle()
    revision, number = stage.revision("x:1"), stage.status()["release"]
    task = asyncio.create_task(typed(stage.api)("restart", "podinfo", "--wait"))
    while not task.done():
        if not await stage.turn():
            await asyncio.sleep(0.01)
    said = await task
    assert said.code == 0, said
    assert f"the pods of {revision} (x:1) are to be new" in said.out
    assert said.out.endswith("3 of 3 pods are new, 3 available\n")
    pods = stage.get("deployments.apps", f"podinfo-{revision}")["spec"]["template"]["metadata"]
    assert pods["annotations"][RESTARTS[0]]
    await stage.rest()
    assert stage.serves("x:1")
    assert stage.status()["release"] == number


async def test_not_in_the_middle_of_a_release(stage: Stage, typed: Callable[..., Sluice]) -> None:
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 10)
    said = await typed(stage.api)("restart", "podinfo")
    assert said.code == 4
    assert said.err == (
        "sluice: Release shop/podinfo: a release is in progress, and the Deployment holds the candidate; "
        "wait for its end, or abort it\n"
    )


STABLE = {"revision": "a", "deployment": "podinfo-a", "images": ["x:1"]}


@pytest.mark.parametrize(
    ("workload", "status", "text"),
    [
        ({"deployment": "podinfo"}, {"phase": "Idle", "stable": STABLE}, ""),
        ({"versions": {}}, {"phase": "Idle", "stable": STABLE}, "has no Deployment of its own"),
        ({"deployment": "podinfo"}, {}, "no stable revision yet"),
        ({"deployment": "podinfo"}, {"phase": "Preparing", "candidate": STABLE}, "no stable revision yet"),
        ({"deployment": "podinfo"}, {"phase": "Failed", "stable": STABLE}, "put x:1 back into it first"),
    ],
)
def test_when_it_can_be_done(workload: dict[str, Any], status: dict[str, Any], text: str) -> None:
    metadata = {"namespace": "shop", "name": "podinfo"}
    said = refusal({"metadata": metadata, "spec": {"workload": workload}, "status": status})
    assert text in said if text else said == ""


@pytest.mark.parametrize(
    ("mark", "observed", "status", "done", "text"),
    [
        ("old", 3, {}, False, "waiting for the controller to pass it on"),
        ("now", 2, {"updatedReplicas": 3, "replicas": 3, "availableReplicas": 3}, False, "0 of 3 pods are new"),
        ("now", 3, {"updatedReplicas": 1, "replicas": 4, "availableReplicas": 3}, False, "1 of 3 pods are new"),
        ("now", 3, {"updatedReplicas": 3, "replicas": 4, "availableReplicas": 3}, False, "3 of 3 pods are new"),
        ("now", 3, {"updatedReplicas": 3, "replicas": 3, "availableReplicas": 2}, False, "2 available"),
        ("now", 3, {"updatedReplicas": 3, "replicas": 3, "availableReplicas": 3}, True, "3 of 3 pods are new"),
    ],
)
def test_how_far_it_is(mark: str, observed: int, status: dict[str, Any], done: bool, text: str) -> None:
    template = {"metadata": {"annotations": {RESTARTS[0]: mark}}}
    found = progress(
        {
            "metadata": {"generation": 3},
            "spec": {"replicas": 3, "template": template},
            "status": {"observedGeneration": observed, **status},
        },
        "now",
    )
    assert found[0] is done
    assert text in found[1]
