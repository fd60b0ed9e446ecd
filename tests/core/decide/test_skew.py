"""A clock of Prometheus that differs from ours is told, for as long as it does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.core.decide import decide
from controller.core.release import Compare, Gates
from controller.core.status import Phase, Status, Truth

World = Any  # what may be None in it is there by the story


def stepping(world: World) -> World:
    gates = Gates(compare=Compare(), minimum_step=10, interval=5, warm_up=0)
    world.release = replace(world.release, gates=gates)
    world.idle().push("x:2")
    world.run(lambda w: w.status.step is not None and w.status.step.in_effect_since is not None)
    world.now += 5
    return world


def seen(world: World, skew: float | None) -> Any:
    observed = world.observed()
    assert observed.looks
    return replace(observed, looks=tuple(replace(judged, skew=skew) for judged in observed.looks))


def truth(status: Status) -> Truth | None:
    condition = status.condition("ClockSkew")
    return condition.status if condition else None


@pytest.mark.parametrize(
    ("skew", "told"),
    [
        (None, ""),
        (0.0, ""),
        (-5.0, ""),
        (6.0, "Prometheus' clock is 6 s ahead of the controller's"),
        (-42.0, "Prometheus' clock is 42 s behind the controller's"),
    ],
)
def test_above_five_seconds_it_is_a_condition(world: World, skew: float | None, told: str) -> None:
    after = decide(stepping(world).release, world.status, seen(world, skew)).status
    condition = after.condition("ClockSkew")
    assert (condition.message if condition else "").startswith(told)
    assert (condition is not None and condition.status is Truth.TRUE) == bool(told)


def test_it_stays_until_an_answer_says_otherwise_or_the_release_is_over(world: World) -> None:
    stepping(world)
    after = decide(world.release, world.status, seen(world, 60.0)).status
    nothing_new = replace(world.observed(), looks=())
    assert truth(decide(world.release, after, nothing_new).status) is Truth.TRUE
    assert truth(decide(world.release, after, seen(world, 1.0)).status) is Truth.FALSE
    world.status = after
    world.run(lambda w: w.status.phase is Phase.IDLE)
    assert truth(world.status) is Truth.FALSE
