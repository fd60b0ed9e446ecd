"""A Release is deleted whose Deployment is what stable is: everything goes back to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.handback import (
    CORE,
    RULES,
    SERVICES,
    at,
    delete,
    deleted,
    edit,
    gone,
    is_plain,
    kept,
    messages,
    names,
)
from tests.stage import DEPLOYMENTS, KEY, Stage


async def test_an_idle_release_gives_everything_back(stage: Stage) -> None:
    await stage.idle()
    await stage.promote("x:2")
    told = messages(stage)
    await deleted(stage)
    assert is_plain(stage)
    await stage.finish()
    assert {("HandingBack", "Normal"), ("HandedBack", "Normal")} <= set(stage.events())
    assert any("Deployment podinfo starts its own pods (0 of 3 available)" in text for text in told)
    assert any("routes are as they were; requests on their way end until" in text for text in told)


async def test_no_pod_goes_before_the_routes_have_left_it_and_none_is_named_before_it_is_there(stage: Stage) -> None:
    """The order, write by write, with the moments."""
    await stage.idle()
    steps: list[tuple[str, float]] = []

    def note(what: str) -> Callable[[Any], None]:
        def changed(change: Any) -> None:
            steps.append((f"{what} {'gone' if change.deleted else 'changed'}", stage.clock.now))

        return changed

    for table in ("deployments.apps", SERVICES, RULES):
        stage.api.store.listen(table, note(table.partition(".")[0]))
    stage.pods = False
    await delete(stage)
    await stage.until(lambda: not stage.get("deployments.apps")["spec"].get("paused"))
    for _ in range(5):
        stage.clock.now += 60
        stage.dates.add(KEY)
        await stage.rest()
    assert len(names(stage, SERVICES)) == 1, "the Deployment has no pod that could answer"
    assert "starts its own pods (0 of 3 available)" in stage.status()["message"]
    stage.pods = True
    steps.clear()
    started = stage.clock.now
    await gone(stage)
    moments = {what: moment for what, moment in steps if what.endswith("gone")}
    order = sorted(moments, key=lambda what: moments[what])
    assert order == ["virtualservices gone", "deployments gone", "destinationrules gone"]
    assert moments["virtualservices gone"] >= started + 2, "the mesh learns of the Deployment's pods"
    assert moments["deployments gone"] >= moments["virtualservices gone"] + 2 + 5


async def test_the_number_of_the_release_goes_to_the_deployment(stage: Stage) -> None:
    await stage.idle()
    await edit(stage, {"replicas": 5})
    await edit(stage, {"replicas": 0}, f"{DEPLOYMENTS}/podinfo")
    await stage.rest()
    await deleted(stage)
    assert stage.get("deployments.apps")["spec"]["replicas"] == 5
    assert is_plain(stage)


async def test_configuration_goes_after_the_revisions_that_read_it(stage: Stage) -> None:
    await stage.client.create(f"{CORE}/configmaps", {"metadata": {"name": "colours"}, "data": {"sky": "blue"}})
    env = {"op": "add", "path": "/spec/template/spec/containers/0/envFrom"}
    patch = [env | {"value": [{"configMapRef": {"name": "colours"}}]}]
    await stage.client.patch(f"{DEPLOYMENTS}/podinfo", patch, "application/json-patch+json")
    await stage.idle()
    assert len(names(stage, "configmaps")) == 2
    await deleted(stage)
    assert names(stage, "configmaps") == ["colours"]
    assert is_plain(stage)


async def test_in_the_middle_of_a_release_that_was_taken_back(stage: Stage) -> None:
    """The Deployment is stable's again: the candidate's pods are gone before the Service as a whole is named."""
    await stage.idle()
    await at(stage, 50)
    candidate = f"podinfo-{stage.revision('x:2')}"
    await stage.push("x:1")
    await delete(stage)
    await stage.until(lambda: not names(stage, SERVICES))
    assert not stage.get("deployments.apps", candidate)["status"].get("readyReplicas")
    await gone(stage)
    assert is_plain(stage)
    assert [weights.get("x:2", 0) for weights in stage.weights] == [0, 10, 50, 0]


async def test_a_previous_revision_that_is_still_warm_goes_before_the_routes_do(stage: Stage) -> None:
    await stage.idle()
    await edit(stage, {"workload": {"keepPrevious": "1h"}})
    await stage.push("x:2")
    await stage.until(lambda: stage.serves("x:2"))
    previous = f"podinfo-{stage.revision('x:1')}"
    assert stage.get("deployments.apps", previous)["spec"]["replicas"] == 3
    await delete(stage)
    await stage.until(lambda: not names(stage, SERVICES))
    assert not stage.get("deployments.apps", previous)["status"].get("readyReplicas")
    await gone(stage)
    assert is_plain(stage)


@pytest.mark.parametrize("moment", ["preparing", "routed"])
async def test_in_the_middle_of_an_adoption(stage: Stage, moment: str) -> None:
    await stage.play()
    stage.pods = moment == "routed"
    await stage.create()
    await stage.until(lambda: stage.share("x:1") if stage.pods else stage.revision("x:1"))
    assert "stable" not in stage.status()
    await deleted(stage)
    stage.pods = True
    await stage.play()
    assert is_plain(stage)


async def test_a_deployment_that_changes_while_it_starts_its_pods_is_not_served(stage: Stage) -> None:
    await stage.idle()
    stage.pods = False
    await delete(stage)
    await stage.until(lambda: not stage.get("deployments.apps")["spec"].get("paused"))
    await stage.push("x:2")
    stage.pods = True
    await gone(stage)
    assert kept(stage) == "x:1"
