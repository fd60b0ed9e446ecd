"""A Release is deleted whose Deployment says something else than what serves: stable stays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.handback import (
    CORE,
    at,
    delete,
    deleted,
    edit,
    gone,
    kept,
    names,
)
from tests.stage import DEPLOYMENTS, NAMESPACE, Stage, release


async def in_preparation(stage: Stage) -> None:
    stage.pods = False
    await stage.push("x:2")
    await stage.until(lambda: stage.revision("x:2"))
    stage.pods = True


async def at_10(stage: Stage) -> None:
    await at(stage, 10)


async def at_50(stage: Stage) -> None:
    await at(stage, 50)


async def paused(stage: Stage) -> None:
    await at(stage, 50)
    await stage.say("pause")
    await stage.until(lambda: stage.phase() == "Paused")


async def promoting(stage: Stage) -> None:
    await at(stage, 100)


async def baking(stage: Stage) -> None:
    await edit(stage, {"strategy": {"canary": {"bake": {"weight": "100%", "for": "10m"}}}})
    await at(stage, 100)
    await stage.until(lambda: stage.phase() == "Baking")


async def rolling_back(stage: Stage) -> None:
    await at(stage, 50)
    await stage.say("abort")
    await stage.until(lambda: stage.phase() == "RollingBack")


async def failed(stage: Stage) -> None:
    await stage.fail("x:bad")


async def superseded(stage: Stage) -> None:
    await at(stage, 10)
    await stage.push("x:3")
    await stage.until(lambda: stage.share("x:3") == 10)


async def invalid(stage: Stage) -> None:
    await at(stage, 50)
    await edit(stage, {"gates": {"limits": [{"name": "failures", "prometheus": {"query": "{{ nope }}", "max": 0.1}}]}})
    await stage.until(lambda: stage.phase() == "Invalid")


MOMENTS = [in_preparation, at_10, at_50, paused, promoting, baking, rolling_back, failed, superseded, invalid]
FEW = (in_preparation, at_50, promoting, failed)
"""Those in `make test`; the others with the scenarios."""


@pytest.mark.parametrize(
    ("moment", "restarted"),
    [
        *(pytest.param(moment, False, marks=() if moment in FEW else pytest.mark.scenario) for moment in MOMENTS),
        (at_50, True),
        pytest.param(failed, True, marks=pytest.mark.scenario),
    ],
)
async def test_stable_stays_where_the_deployment_says_something_else(
    stage: Stage, moment: Callable[[Stage], Awaitable[None]], restarted: bool
) -> None:
    """In every phase; also with a controller that was away meanwhile."""
    await stage.idle()
    await moment(stage)
    weights = len(stage.weights)
    if restarted:
        await stage.kill()
        await delete(stage)
        stage.clock.now += 3600
        await stage.start()
    else:
        await delete(stage)
    await gone(stage)
    assert kept(stage) == "x:1"
    assert stage.share("x:1") == 100
    assert len(stage.weights) <= weights + 1, "home in one move"
    await stage.finish()
    assert {("HandingBack", "Normal"), ("HandedBack", "Warning")} <= set(stage.events())


async def test_what_stays_keeps_its_configuration_and_says_what_to_do_next(stage: Stage) -> None:
    await stage.client.create(f"{CORE}/configmaps", {"metadata": {"name": "colours"}, "data": {"sky": "blue"}})
    env = {"op": "add", "path": "/spec/template/spec/containers/0/envFrom"}
    patch = [env | {"value": [{"configMapRef": {"name": "colours"}}]}]
    await stage.client.patch(f"{DEPLOYMENTS}/podinfo", patch, "application/json-patch+json")
    await stage.idle()
    await at(stage, 10)
    await deleted(stage)
    assert kept(stage) == "x:1"
    (deployment,) = (one for one in stage.objects("deployments.apps") if one["metadata"]["name"] != "podinfo")
    (copy,) = (one for one in stage.objects("configmaps") if one["metadata"]["name"] != "colours")
    (owner,) = copy["metadata"]["ownerReferences"]
    assert owner["uid"] == deployment["metadata"]["uid"]
    for one in (deployment, copy):
        assert "sluice.dev/managed-by" not in one["metadata"]["labels"]
    await stage.finish()
    (event,) = (one for one in stage.objects("events") if one["reason"] == "HandedBack")
    assert f"goes on serving as Deployment {deployment['metadata']['name']}" in event["message"]
    assert "kubectl rollout resume deployment/podinfo" in event["message"]


@pytest.mark.parametrize("name", ["podinfo", "another"])
async def test_a_later_release_takes_over_what_serves_and_releases_the_rest_in_steps(stage: Stage, name: str) -> None:
    await stage.idle()
    await at(stage, 10)
    await deleted(stage)
    serving = stage.revision("x:1") or kept(stage)
    stage.weights.clear()
    body = release() | {"metadata": {"name": name, "namespace": NAMESPACE}}
    await stage.create(body)
    await stage.until(lambda: stage.status(name).get("phase") == "Progressing")
    assert stage.status(name)["stable"]["images"] == ["x:1"]
    await stage.until(lambda: (stage.status(name).get("stable") or {}).get("images") == ["x:2"])
    await stage.rest()
    assert [weights.get("x:2", 0) for weights in stage.weights] == [10, 50, 100], serving
    await delete(stage, name)
    await gone(stage, name)
    template = stage.get("deployments.apps")
    assert names(stage, "deployments.apps") == ["podinfo"]
    assert not template["spec"].get("paused")
