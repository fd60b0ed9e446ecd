"""The way back after the switch: nobody's request fails because traffic moved."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.stories import release

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]
Stage = Any  # the class is in conftest.py, which no module can import

STEPS = [{"weight": "50%", "for": "5s"}]
GATES = {
    "compare": {"none": True},
    "minimumStep": "5s",
    "limits": [{"name": "ok", "successRate": {"min": "99%"}, "minRequests": 50}],
}


async def adopted(stage: Stage, **more: Any) -> None:
    sandbox = stage.sandbox
    await sandbox.load.set_group(sandbox.users("users", 200.0))
    await stage.create(release(STEPS, GATES, **more))
    await stage.promoted("v1", 30)


async def test_every_twentieth_answer_a_500_after_the_switch_is_out_within_30_seconds(stage: Stage) -> None:
    """While it bakes: v1 stands by, and nobody has to come."""
    await adopted(stage, bake={"for": "60s"})
    await stage.push("v2")
    status = await stage.until(lambda s: s.get("phase") == "Baking" and s["step"].get("inEffectSince"), 60)
    assert status["weight"] == "100%"
    assert (status["stable"]["image"], status["stable"]["ready"]) == ("podinfo:v1", status["candidate"]["ready"])
    await stage.sandbox.pods.behave("shop", "v2", errorEvery=20)
    status = await stage.failed(60)
    assert status["failed"]["reason"] == "GateFailed"
    assert status["stable"]["image"] == "podinfo:v1"
    await stage.drained_of("v2")
    account = await stage.account()
    assert account.count(version="") == 0, account.failures
    ours = list(account.select(version="v2"))
    first = min(tally.first for tally in ours if tally.code != 200)
    assert max(tally.last for tally in ours) - first <= 30


async def test_a_rollback_by_command_warm_and_cold(stage: Stage) -> None:
    await adopted(stage, keep="1h")
    await stage.push("v2")
    await stage.promoted("v2")
    assert (await stage.status())["previous"]["image"] == "podinfo:v1"
    await stage.say("rollback")
    await stage.failed(20)
    await stage.drained_of("v2")
    assert images(await stage.status()) == "podinfo:v1"

    await stage.push("v3")
    await stage.promoted("v3")
    short = {"spec": {"workload": {"keepPrevious": "1s"}}}
    await stage.sandbox.client.patch("/apis/sluice.dev/v1alpha1/namespaces/shop/releases/podinfo", short)
    await stage.drained_of("v1")
    await stage.say("rollback")
    await stage.failed(60)
    await stage.drained_of("v3")
    assert images(await stage.status()) == "podinfo:v1"
    account = await stage.account()
    assert account.count(version="") == 0, account.failures
    assert set(account.versions()) == {"v1", "v2", "v3"}


def images(status: dict[str, Any]) -> str:
    return str(status["stable"]["image"])
