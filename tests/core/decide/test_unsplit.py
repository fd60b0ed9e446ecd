"""Ways past the routes that a Release allows: told with the share that the candidate really gets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.core.decide import decide
from controller.core.decide.unsplit import past_told, weights_alone
from controller.core.release import Unsplit
from controller.core.status import Measured, Truth

World = Any  # what may be None in it is there by the story


def allowed(world: World) -> World:
    world.release = replace(world.release, traffic=replace(world.release.traffic, unsplit=Unsplit.ALLOW))
    return world


def told(world: World, *ways: str) -> tuple[Truth, str] | None:
    observed = world.observed()
    observed = replace(observed, routes=replace(observed.routes, unsplit=ways))
    world.status = decide(world.release, world.status, observed).status
    condition = world.status.condition("UnsplitTraffic")
    return (condition.status, condition.message) if condition else None


def test_it_lists_the_ways_and_says_what_the_candidate_gets(world: World) -> None:
    allowed(world).idle()
    assert told(world) is None
    found = told(world, "Ingress web", "callers outside")
    assert found is not None
    assert found[0] is Truth.TRUE
    assert found[1] == (
        "requests reach Service podinfo past the routes: Ingress web; callers outside; what they send to a new "
        "revision follows its number of pods, not its weight"
    )
    world.push("x:2")
    world.run(lambda w: w.status.step is not None and w.status.step.in_effect_since is not None)
    world.status = replace(world.status, step=replace(world.status.step, measured=Measured(250, 1000)))
    found = told(world, "Ingress web")
    assert found is not None
    assert found[1].endswith("Ingress web; asked for 10%, the mesh sends 25.0% (250 of 1000 requests)")
    assert told(world) == (Truth.FALSE, "")


def test_without_ways_nothing_is_said(world: World) -> None:
    assert past_told(world.release, world.status, world.observed())[0] == ""


@pytest.mark.parametrize("way", [Unsplit.ALLOW, Unsplit.REFUSE])
def test_more_than_asked_for_is_only_wrong_where_weights_alone_decide(world: World, way: Unsplit) -> None:
    world.release = replace(world.release, traffic=replace(world.release.traffic, unsplit=way))
    world.idle().push("x:2")
    world.run(lambda w: w.status.step is not None and w.status.step.in_effect_since is not None)
    world.now += world.release.gates.interval
    observed = world.observed()
    (judged,) = observed.looks
    many = replace(judged.look, candidate=judged.look.stable, stable=judged.look.candidate)
    after = decide(world.release, world.status, replace(observed, looks=(replace(judged, look=many),))).status
    assert after.step is not None
    assert after.step.mismatches_in_a_row == (0 if way is Unsplit.ALLOW else 1)
    assert weights_alone(world.release) is (way is Unsplit.REFUSE)
