"""The API server refuses or breaks off, for minutes, in every phase: nothing moves, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.outages.conftest import Place, ended, lasting, progressing
from tests.stage import AGENT, Stage, staged

Fault = dict[str, Any]
FAULTS = [
    pytest.param({"drop": True}, id="breaks off"),
    pytest.param({"status": 503}, id="refuses", marks=pytest.mark.scenario),
    pytest.param({"status": 429}, id="too many requests", marks=pytest.mark.scenario),
    pytest.param({"status": 403}, id="forbidden", marks=pytest.mark.scenario),
]


@pytest.mark.parametrize("fault", FAULTS)
async def test_nothing_moves_and_it_goes_on(there: Stage, place: Place, fault: Fault) -> None:
    weights, phase, writes = list(there.weights), there.phase(), len(there.writes())
    active = there.api.faults.add(agent=AGENT, times=None, **fault)
    await lasting(there)
    assert (there.weights, there.phase(), len(there.writes())) == (weights, phase, writes)
    active.remove()
    await ended(there, place)


@pytest.mark.parametrize("fault", FAULTS)
async def test_an_abort_waits_for_it_and_no_longer(there: Stage, place: Place, fault: Fault) -> None:
    """Two passes of an API that works again, and nobody is at the candidate."""
    if place.end == "Failed":
        assert there.share(place.image) == 0
        return
    active = there.api.faults.add(agent=AGENT, times=None, **fault)
    await there.say("abort", by="eve")
    await lasting(there, 120)
    active.remove()
    passes = sum(there.dates.passes.values())
    await there.until(lambda: there.share(place.image) == 0, seconds=60)
    assert sum(there.dates.passes.values()) - passes <= 2
    await there.until(lambda: there.phase() == "Failed")
    assert there.status()["handled"]["by"] == "eve"


async def test_harm_that_was_seen_meanwhile_is_acted_upon_at_once(there: Stage, place: Place) -> None:
    if place.weights[:2] != [0, 10] or there.share(place.image) in (0, 100):
        return  # nobody is judged there
    active = there.api.faults.add(agent=AGENT, times=None, status=503)
    there.provider.bad = lambda _: True
    await lasting(there, 60)
    active.remove()
    await there.until(lambda: there.share(place.image) == 0, seconds=30)
    await there.until(lambda: there.phase() == "Failed")


async def test_a_controller_that_begins_while_nothing_answers_goes_on_later(there: Stage, place: Place) -> None:
    weights = list(there.weights)
    await there.kill()
    for _ in range(3):
        there.clock.now += 60
    await there.start()
    await there.settled()
    assert there.weights == weights
    await ended(there, place)


@pytest.mark.timeout(120)
async def test_an_api_that_does_not_answer_is_waited_for_no_longer_than_its_limit() -> None:
    """Each call ends by its own time limit (real time: a third of a short lease), and nothing moves meanwhile."""
    async with staged("--lease-duration=3s", "--lease-renew=1s") as stage:
        await stage.idle()
        await progressing(stage)
        weights, writes = list(stage.weights), len(stage.writes())
        active = stage.api.faults.add(verb="write", agent=AGENT, hang=True, times=None)
        await stage.say("abort", by="eve")
        for _ in range(2):
            stage.clock.now += 30
            await stage.turn()
        assert active.hits >= 2
        assert (stage.weights, len(stage.writes())) == (weights, writes)
        assert all("no answer within" in str(error) for error in stage.dates.failed)
        active.remove()
        await stage.until(lambda: stage.share("x:2") == 0, seconds=60)
        await stage.until(lambda: stage.phase() == "Failed")
        assert stage.status()["handled"]["by"] == "eve"
