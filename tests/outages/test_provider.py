"""Prometheus is down, says nothing, or lies, for minutes, in every phase: it holds, and goes on by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from math import nan

import pytest

from controller.providers.measurement import Measurement, Row
from tests.outages.conftest import Place, ended, lasting, progressing
from tests.stage import Stage, release, staged

DOWN = Measurement(0, error="Prometheus cannot be reached")
ANSWERS = [
    pytest.param(DOWN, id="down"),
    pytest.param(Measurement(0), id="empty", marks=pytest.mark.scenario),
    pytest.param(Measurement(0, (Row({}, nan),)), id="not a number", marks=pytest.mark.scenario),
    pytest.param(
        Measurement(0, (Row({"pod": "a"}, 1.0), Row({"pod": "b"}, 1.0))),
        id="two series",
        marks=pytest.mark.scenario,
    ),
]


def lie(stage: Stage, answer: Measurement | None) -> None:
    """From now on this is the answer to every query; None: the truth again."""
    if answer is None:
        del stage.provider.measure
        return

    async def measure(query: str, at: float) -> Measurement:
        stage.provider.asked.append(query)
        return answer

    stage.provider.measure = measure  # type: ignore[method-assign]


@pytest.mark.parametrize("answer", ANSWERS)
async def test_it_holds_and_goes_on(there: Stage, place: Place, answer: Measurement) -> None:
    weights, phase = list(there.weights), there.phase()
    lie(there, answer)
    await lasting(there)
    if phase == "Promoting":  # everything is there already: there is nothing more to judge
        assert there.phase() == "Idle"
    else:
        assert there.phase() == phase
        assert there.weights == weights
    assert ("RolledBack", "Warning") not in there.events() or phase == "Failed"
    lie(there, None)
    await ended(there, place)


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize(
    ("fallback", "reason", "weights"),
    [("rollback", "Inconclusive", [0, 10, 0]), ("promote", None, [0, 10, 50, 100])],
)
async def test_what_happens_after_the_deadline_is_the_users_to_say(
    answer: Measurement, fallback: str, reason: str | None, weights: list[int]
) -> None:
    gates = {**release()["spec"]["gates"], "onInconclusive": fallback, "stepDeadline": "2m"}
    async with staged() as stage:
        await stage.push("x:1")
        await stage.create(release(gates=gates))
        await stage.until(lambda: stage.serves("x:1"))
        await stage.rest()
        await progressing(stage)
        began = stage.clock.now
        lie(stage, answer)
        await stage.until(lambda: len(stage.weights) > 2)
        assert 110 <= stage.clock.now - began <= 140
        await stage.until(lambda: stage.phase() in ("Idle", "Failed"))
        assert [one.get("x:2", 0) for one in stage.weights] == weights
        assert stage.status().get("failed", {}).get("reason") == reason
        if fallback == "promote":
            assert ("Inconclusive", "Warning") in stage.events()


async def test_a_person_can_abort_without_it(there: Stage, place: Place) -> None:
    if place.end == "Failed":
        assert there.share(place.image) == 0
        return
    lie(there, DOWN)
    await there.say("abort", by="eve")
    await there.until(lambda: there.phase() == "Failed", seconds=60)
    assert there.share(place.image) == 0


async def test_harm_in_the_first_answer_afterwards_is_acted_upon(stage_at_ten: Stage) -> None:
    stage = stage_at_ten
    lie(stage, DOWN)
    await lasting(stage)
    stage.provider.bad = lambda _: True
    lie(stage, None)
    await stage.until(lambda: stage.share("x:2") == 0, seconds=30)


@pytest.fixture
async def stage_at_ten() -> AsyncIterator[Stage]:
    async with staged() as stage:
        await stage.idle()
        await progressing(stage)
        yield stage
