"""A release in each of its phases, and what it comes to once nothing stands in its way any more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest

from tests.stage import Stage, release, staged

MINUTES = 300.0
"""Seconds of the stage's clock that every outage lasts."""


class Place(NamedTuple):
    """``reach`` brings an idle Release of x:1 there while x:2 (or x:bad) is released; ``free`` lets it go on.

    ``weights`` are the candidate's, from the beginning to the end; ``end`` is the phase that the release comes to.
    """

    reach: Callable[[Stage], Awaitable[None]]
    free: Callable[[Stage], Awaitable[None]]
    image: str
    weights: list[int]
    end: str


async def nothing(_: Stage) -> None:
    """It goes on by itself."""


async def preparing(stage: Stage) -> None:
    stage.pods = False
    await stage.push("x:2")
    await stage.until(lambda: stage.phase() == "Preparing" and stage.revision("x:2"))


async def pods(stage: Stage) -> None:
    stage.pods = True
    await stage.play()


async def progressing(stage: Stage) -> None:
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 10 and "inEffectSince" in stage.status().get("step", {}))


async def growing(stage: Stage) -> None:
    """The first step is passed, and the pods for the second one do not come."""
    await progressing(stage)
    stage.pods = False
    await stage.until(lambda: stage.status()["step"]["target"] == 1)


async def waiting(stage: Stage) -> None:
    await stage.push("x:2")
    await stage.until(lambda: stage.phase() == "Waiting" and "inEffectSince" in stage.status().get("step", {}))


async def approve(stage: Stage) -> None:
    await stage.say("approve")


async def paused(stage: Stage) -> None:
    await progressing(stage)
    await stage.say("pause")
    await stage.until(lambda: stage.phase() == "Paused")


async def resume(stage: Stage) -> None:
    await stage.say("resume")


async def promoting(stage: Stage) -> None:
    await stage.push("x:2")
    await stage.until(lambda: stage.phase() == "Promoting" and stage.share("x:2") == 100)


async def failed(stage: Stage) -> None:
    await stage.push("x:bad")
    await stage.until(lambda: stage.phase() == "Failed")


UP = [0, 10, 50, 100]
PLACES = {
    "Preparing": Place(preparing, pods, "x:2", UP, "Idle"),
    "Progressing": Place(progressing, nothing, "x:2", UP, "Idle"),
    "Progressing, waiting for pods": Place(growing, pods, "x:2", UP, "Idle"),
    "Waiting": Place(waiting, approve, "x:2", [0, 10, 100], "Idle"),
    "Paused": Place(paused, resume, "x:2", UP, "Idle"),
    "Promoting": Place(promoting, nothing, "x:2", UP, "Idle"),
    "Failed": Place(failed, nothing, "x:bad", [0, 10, 0], "Failed"),
}


@pytest.fixture(autouse=True)
def no_pauses() -> Iterator[None]:
    """A call that is tried again waits in real time, which nothing here needs."""
    with patch("controller.cluster.transport._PAUSE", 0):
        yield


FEW = ("Progressing", "Promoting")
"""Places in `make test`; the others with the scenarios."""


@pytest.fixture(
    params=[
        pytest.param(place, id=name, marks=() if name in FEW else pytest.mark.scenario)
        for name, place in PLACES.items()
    ]
)
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.param
    return found


@pytest.fixture
async def there(place: Place) -> AsyncIterator[Stage]:
    """A Release that has reached the place."""
    steps: list[dict[str, Any]] = [{"weight": "10%", "for": "10s"}, {"weight": "50%", "for": "10s"}]
    if place.reach is waiting:
        steps[1] = {"approval": "managers"}
    async with staged() as stage:
        await stage.push("x:1")
        await stage.create(release(strategy={"canary": {"steps": steps}}))
        await stage.until(lambda: stage.serves("x:1"))
        await stage.rest()
        await place.reach(stage)
        yield stage


async def lasting(stage: Stage, seconds: float = MINUTES) -> None:
    """So much time passes; whatever has no date of its own is looked at every half minute."""
    end = stage.clock.now + seconds
    while stage.clock.now < end:
        stage.clock.now += 30
        for name in [*stage.dates.dates, ("shop", "podinfo")]:
            stage.dates.add(name)
        for _ in range(20):
            if not await stage.turn():
                break


async def ended(stage: Stage, place: Place) -> None:
    """It goes on by itself, to the end that it would have come to, by the same weights."""
    await place.free(stage)
    await stage.until(lambda: stage.phase() == place.end, seconds=900)
    await stage.rest()
    assert [weights.get(place.image, 0) for weights in stage.weights] == place.weights
