"""The way home: whatever fails, requests leave the candidate; and nothing goes down that they might still reach."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from controller.sandbox.api.store import Change
from tests.stage import AGENT, DEPLOYMENTS, KEY, Stage

RULES = "destinationrules.networking.istio.io"
STATUS: dict[str, Any] = {"verb": "patch", "resource": "releases", "subresource": "status", "agent": AGENT}


@pytest.fixture
async def half(stage: Stage) -> Stage:
    """A release at its second step, in effect."""
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 50 and "inEffectSince" in stage.status().get("step", {}))
    return stage


async def failed(stage: Stage) -> list[int]:
    """At the end of a rollback: the shares that the candidate had."""
    await stage.until(lambda: stage.phase() == "Failed")
    await stage.rest()
    return [weights.get("x:2", 0) for weights in stage.weights]


async def test_requests_come_home_though_the_status_cannot_be_written(half: Stage) -> None:
    fault = half.api.faults.add(**STATUS, status=500, times=None)
    await half.say("abort", by="eve")
    await half.until(lambda: half.share("x:2") == 0, seconds=1)
    assert half.phase() == "Progressing"
    assert fault.hits == 2
    half.clock.now += 3
    for _ in range(5):  # it does not go back to what the record says
        half.dates.add(KEY)
        await half.turn()
        assert half.share("x:2") == 0
    fault.remove()
    assert await failed(half) == [0, 10, 50, 0]
    assert half.status()["handled"]["by"] == "eve"
    assert "sluice.dev/command" not in half.annotations()
    await half.finish()
    assert half.events().count(("RolledBack", "Warning")) == 1


async def test_harm_is_looked_for_while_nothing_can_be_recorded(stage: Stage) -> None:
    """Even where the beginning of the step's clock could not be written down."""
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 50)
    assert "inEffectSince" not in stage.status()["step"]
    fault = stage.api.faults.add(**STATUS, status=500, times=None)
    stage.provider.bad = lambda _: True
    await stage.until(lambda: stage.share("x:2") == 0, seconds=30)
    fault.remove()
    assert await failed(stage) == [0, 10, 50, 0]


async def test_harm_that_cannot_be_recorded_is_remembered_when_the_provider_says_no_more(half: Stage) -> None:
    fault = half.api.faults.add(**STATUS, status=500, times=None)
    half.provider.bad = lambda _: True
    await half.until(lambda: half.share("x:2") == 0)
    half.provider.error = "gone"
    half.clock.now += 5
    half.dates.add(KEY)
    await half.turn()
    fault.remove()
    assert await failed(half) == [0, 10, 50, 0]
    assert half.status()["failed"]["reason"] == "GateFailed"


async def test_a_status_write_that_works_the_second_time_comes_first(half: Stage) -> None:
    phases: list[str] = []
    fault = half.api.faults.add(**STATUS, status=500)

    def note(change: Change) -> None:
        phases.append(half.phase())

    unlisten = half.api.store.listen("virtualservices.networking.istio.io", note)
    await half.say("abort")
    assert await failed(half) == [0, 10, 50, 0]
    unlisten()
    assert fault.hits == 1
    assert phases == ["RollingBack"]
    assert half.dates.failed == []


async def test_requests_that_are_not_on_their_way_home_wait_for_the_record(stage: Stage) -> None:
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.phase() == "Progressing" and stage.share("x:2") == 10)
    fault = stage.api.faults.add(**STATUS, status=500, times=None)
    for _ in range(20):
        stage.clock.now += 5
        stage.dates.add(KEY)
        await stage.turn()
    assert stage.share("x:2") == 10
    fault.remove()
    await stage.until(lambda: stage.serves("x:2"))
    assert [weights.get("x:2", 0) for weights in stage.weights] == [0, 10, 50, 100]


async def test_no_other_object_holds_an_abort_up(half: Stage) -> None:
    fault = half.api.faults.add(verb="write", resource="deployments", agent=AGENT, status=500, times=None)
    half.api.faults.add(verb="write", resource="destinationrules", agent=AGENT, status=500, times=None)
    await half.client.patch(f"{DEPLOYMENTS}/podinfo", {"spec": {"replicas": 5}})
    await half.say("abort")
    await half.until(lambda: half.share("x:2") == 0, seconds=1)
    assert fault.hits > 0
    half.api.faults.clear()
    assert await failed(half) == [0, 10, 50, 0]


async def test_nothing_goes_down_while_routes_cannot_be_written(half: Stage) -> None:
    fault = half.api.faults.add(verb="write", resource="virtualservices", agent=AGENT, status=500, times=None)
    deployments, subsets = (half.objects(table) for table in ("deployments.apps", RULES))
    await half.say("abort")
    for _ in range(60):
        half.clock.now += 5
        half.dates.add(KEY)
        await half.turn()
    assert fault.hits > 10
    assert half.phase() == "RollingBack"
    assert [one["spec"] for one in half.objects("deployments.apps")] == [one["spec"] for one in deployments]
    assert [one["spec"] for one in half.objects(RULES)] == [one["spec"] for one in subsets]
    fault.remove()
    assert await failed(half) == [0, 10, 50, 0]


async def test_an_abort_waits_for_no_provider(half: Stage) -> None:
    """Neither one that comes in the middle of a question to it, nor one that a later pass finds."""
    half.provider.gate = gate = asyncio.Event()
    asked = len(half.provider.asked)
    half.clock.now += 11
    half.dates.add(KEY)
    turning = asyncio.create_task(half.turn())
    await half.wait(lambda: len(half.provider.asked) > asked)
    await half.say("abort")
    await half.wait(turning.done)
    await half.until(lambda: half.share("x:2") == 0, seconds=1)
    assert half.phase() == "RollingBack"
    gate.set()
    assert await failed(half) == [0, 10, 50, 0]


async def test_who_leads_no_more_writes_nothing(half: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    leading = [False]
    monkeypatch.setattr("controller.leader.Alone.may_act", lambda _: leading[0])
    await half.kill()
    await half.start()
    before = half.writes()
    await half.say("abort")
    for _ in range(3):
        await half.turn()
        half.clock.now += 10
    assert half.writes() == before
    leading[0] = True
    assert await failed(half) == [0, 10, 50, 0]


async def test_leadership_that_ends_in_a_pass_ends_its_writes(half: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(half.writes())
    monkeypatch.setattr("controller.leader.Alone.may_act", lambda _: len(half.writes()) == before)
    await half.kill()
    await half.start()
    await half.say("abort")
    await half.turn()
    assert half.writes()[before:] == [("patch", "releases", "status", "podinfo")]
    assert half.share("x:2") == 50
    monkeypatch.undo()
    await half.restart()
    assert await failed(half) == [0, 10, 50, 0]


async def test_a_new_leader_fences_the_routes_of_a_release_in_progress_once(half: Stage) -> None:
    def fence() -> str:
        return str(half.get("virtualservices.networking.istio.io")["metadata"]["annotations"]["sluice.dev/fence"])

    routes = half.get("virtualservices.networking.istio.io")
    old, version = fence(), routes["metadata"]["resourceVersion"]
    await half.restart()
    await half.turn()
    assert fence() != old
    assert half.get("virtualservices.networking.istio.io")["spec"] == routes["spec"]
    late = {"metadata": {"resourceVersion": version}, "spec": {"http": []}}
    with pytest.raises(Exception, match="409"):
        await half.client.patch("/apis/networking.istio.io/v1/namespaces/shop/virtualservices/podinfo", late)
    new = fence()
    for _ in range(3):
        half.dates.add(KEY)
        await half.turn()
    assert fence() == new
