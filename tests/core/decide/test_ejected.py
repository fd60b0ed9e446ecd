"""A candidate whose requests cease: ejected by the mesh if they failed before, a mismatch if they did not."""

from __future__ import annotations

from typing import Any

from controller.core.status import Phase, Truth

World = Any  # what may be None in it is there by the story


def failing(world: World) -> World:
    """A release whose candidate failed in its first look; nothing but the ejection can end it."""
    world.idle().push("x:2")
    world.bad.add("x:2")
    world.run(lambda w: w.status.step is not None and w.status.step.failing is not None)
    return world


def test_after_errors_it_is_rolled_back_at_the_next_look(world: World) -> None:
    failing(world).ejected = True
    begun = world.now
    world.run(lambda w: w.status.phase is Phase.FAILED)
    assert world.status.failed_reason == "Ejected"
    assert world.now - begun <= 2 * world.release.gates.interval
    assert world.status.failed_message == (
        "x2 gets no requests any more after errors (100 of its last 100 failed; since then stable got 1000, and the "
        "candidate none of 10% that are asked for): the mesh has ejected its pods, as a DestinationRule's "
        "outlierDetection does"
    )


def test_that_requests_find_no_pod_either_is_not_the_reason_then(world: World) -> None:
    failing(world)
    world.ejected, world.unrouted = True, 100.0
    world.run(lambda w: w.status.phase is Phase.FAILED)
    assert world.status.failed_reason == "Ejected"


def test_without_errors_before_it_is_a_mismatch(world: World) -> None:
    world.idle().push("x:2")
    world.ejected = True
    world.run(lambda w: (w.status.condition("TrafficMismatch") or w).status is Truth.TRUE)
    assert world.status.phase is Phase.PROGRESSING
    assert "asked for 10%, the mesh sends 0.0%" in world.status.message


def test_errors_at_one_step_count_at_the_next(world: World) -> None:
    failing(world)
    world.run(lambda w: w.shares[-1:] == [500])
    assert world.status.step.failing.errors == 100
    world.ejected = True
    world.run(lambda w: w.status.phase is Phase.FAILED)
    assert world.status.failed_reason == "Ejected"
    assert "none of 50%" in world.status.failed_message
