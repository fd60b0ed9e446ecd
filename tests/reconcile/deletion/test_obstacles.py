"""A Release is deleted while something is in the way: it is named, and nothing that serves is harmed."""

from __future__ import annotations

from typing import Any

import pytest

from controller.errors import InvalidRelease
from tests.handback import (
    RULES,
    SERVICES,
    at,
    delete,
    deleted,
    edit,
    finalizers,
    gone,
    is_plain,
    kept,
    names,
    there,
)
from tests.stage import AGENT, DEPLOYMENTS, RELEASES, Stage

# ---- the Deployment is gone, or nothing answers


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_deployment_that_is_gone_holds_nothing_up(stage: Stage, at_once: bool) -> None:
    """Kubernetes takes the revisions with it, which this stage does not play."""
    await stage.idle()
    await stage.client.delete(f"{DEPLOYMENTS}/podinfo")
    if at_once:
        for one in names(stage, "deployments.apps"):
            await stage.client.delete(f"{DEPLOYMENTS}/{one}")
    began = stage.clock.now
    await deleted(stage)
    assert names(stage, SERVICES) == names(stage, RULES) == []
    assert stage.clock.now - began < (1 if at_once else 10)


async def test_a_deployment_that_goes_while_it_is_handed_back(stage: Stage) -> None:
    await stage.idle()
    stage.pods = False
    await delete(stage)
    await stage.until(lambda: not stage.get("deployments.apps")["spec"].get("paused"))
    await stage.client.patch(f"{DEPLOYMENTS}/podinfo", {"metadata": {"finalizers": ["example.com/theirs"]}})
    await stage.client.delete(f"{DEPLOYMENTS}/podinfo")
    await gone(stage)
    assert names(stage, SERVICES) == names(stage, RULES) == []


async def test_nothing_is_made_while_a_release_is_deleted(stage: Stage) -> None:
    """In a namespace that goes nothing can be: a hand-back that would need it never ended."""
    await stage.idle()
    await at(stage, 50)
    fault = stage.api.faults.add(verb="create", agent=AGENT, status=403, times=None, resource="deployments")
    await stage.client.delete(f"{DEPLOYMENTS}/podinfo")
    await deleted(stage)
    assert fault.hits == 0
    assert names(stage, SERVICES) == names(stage, RULES) == []


async def test_in_the_foreground_nothing_that_serves_is_a_dependent(stage: Stage) -> None:
    await stage.idle()
    await delete(stage, propagation="Foreground")
    uid = stage.get("releases.sluice.dev")["metadata"]["uid"]
    tables = ("deployments.apps", "replicasets.apps", "configmaps", SERVICES, RULES)
    owners = [
        ref["uid"]
        for table in tables
        for one in stage.objects(table)
        for ref in one["metadata"].get("ownerReferences", [])
    ]
    assert owners
    assert uid not in owners
    await stage.until(lambda: finalizers(stage) == ["foregroundDeletion"])
    await stage.rest()
    assert is_plain(stage)


# ---- what is in the way


@pytest.mark.parametrize("resource", ["virtualservices", "destinationrules", "deployments"])
async def test_what_cannot_be_written_is_named_and_tried_again(stage: Stage, resource: str) -> None:
    await stage.idle()
    await at(stage, 50)
    fault = stage.api.faults.add(verb="write", resource=resource, agent=AGENT, status=500, times=None)
    await delete(stage)
    await stage.until(lambda: "It is tried again" in stage.status()["message"])
    message = stage.status()["message"]
    assert "shop/podinfo" in message
    assert 'kubectl patch release podinfo -n shop --type merge -p \'{"metadata":{"finalizers":null}}\'' in message
    hits = fault.hits
    for _ in range(3):
        stage.clock.now += 60
        await stage.turn()
    assert fault.hits > hits
    fault.remove()
    await gone(stage)
    assert kept(stage) == "x:1"


async def test_a_kind_that_is_not_served_any_more_is_named_and_can_be_passed_over(stage: Stage) -> None:
    await stage.idle()
    stage.api.faults.add(resource="virtualservices", agent=AGENT, status=404, times=None)
    await delete(stage)
    await stage.until(lambda: "It is tried again" in stage.status()["message"], seconds=60)
    assert "VirtualService" in stage.status()["message"]
    await stage.client.patch(f"{RELEASES}/podinfo", {"metadata": {"finalizers": None}})
    assert not there(stage)
    await stage.rest()


async def test_pods_that_do_not_come_are_told_and_stable_goes_on_serving(stage: Stage) -> None:
    await stage.idle()
    stage.pods = False
    await delete(stage)
    await stage.until(lambda: not stage.get("deployments.apps")["spec"].get("paused"))
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
    await stage.conditions("podinfo", failure)
    await stage.until(lambda: "exceeded quota" in stage.status()["message"])
    assert "kubectl patch release podinfo" in stage.status()["message"]
    assert stage.share("x:1") == 100
    stage.pods = True
    await stage.conditions("podinfo")
    await gone(stage)
    assert is_plain(stage)


@pytest.mark.parametrize(
    "spec",
    [
        {"gates": {"limits": [{"name": "failures", "prometheus": {"query": "{{ nope }}", "max": 0.1}}]}},
        {"traffic": {"port": 81}},
        {"workload": {"deployment": "nowhere"}},
    ],
)
@pytest.mark.parametrize("restarted", [True, pytest.param(False, marks=pytest.mark.scenario)])
async def test_an_invalid_release_is_handed_back_too(stage: Stage, spec: dict[str, Any], restarted: bool) -> None:
    await stage.idle()
    await edit(stage, spec)
    await stage.until(lambda: stage.phase() == "Invalid")
    if restarted:
        await stage.restart()
    await deleted(stage)
    assert is_plain(stage)


async def test_a_release_that_cannot_be_read_at_all_gives_back_what_carries_its_marks(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spec of a newer version, say. Nothing tells then which DestinationRule it named: that stays."""

    def unreadable(_: object) -> None:
        raise InvalidRelease("spec.traffic: there is no such field")

    await stage.idle()
    await stage.kill()
    for module in ("admission.parse_release", "admission.parse_ownership"):
        monkeypatch.setattr(f"controller.{module}", unreadable)
    await stage.start()
    await stage.until(lambda: stage.phase() == "Invalid")
    await deleted(stage)
    assert names(stage, SERVICES) == []
    assert names(stage, "deployments.apps") == ["podinfo"]
    assert not stage.get("deployments.apps")["spec"].get("paused")


async def test_a_status_that_is_lost_is_found_again_in_the_routes(stage: Stage) -> None:
    await stage.idle()
    await stage.kill()
    await stage.client.patch(f"{RELEASES}/podinfo/status", {"status": None})
    await delete(stage)
    await stage.start()
    await gone(stage)
    assert is_plain(stage)
