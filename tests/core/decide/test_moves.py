"""What every phase waits for before its own next move."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.core.release import ApprovalStep, Canary, Command, WeightStep
from controller.core.status import Phase

World = Any  # what may be None in it is there by the story


def test_no_weight_before_the_subset_has_been_there_for_the_propagation_time(world: World) -> None:
    world.idle().push("x:2")
    world.run(lambda w: "x2" in w.subsets)
    added = world.now
    world.run(lambda w: "x2" in w.weights)
    assert world.now - added >= world.release.traffic.propagation


def test_a_subset_that_comes_late_is_waited_for_as_long(world: World) -> None:
    """Such as one that could not be written at first: everything else has been there for longer then."""
    world.idle().push("x:2")

    def refused(w: World) -> bool:
        w.subsets.discard("x2")
        return bool(w.now > since + 60)

    since = world.now
    world.run(refused)
    world.run(lambda w: "x2" in w.subsets)
    added = world.now
    world.run(lambda w: "x2" in w.weights)
    assert world.now - added >= world.release.traffic.propagation


def test_nor_does_adoption_name_a_subset_that_the_mesh_may_not_know(world: World) -> None:
    world.release = replace(world.release, traffic=replace(world.release.traffic, propagation=30))
    world.run(lambda w: "x1" in w.subsets)
    added = world.now
    world.run(lambda w: bool(w.weights))
    assert world.now - added >= 30


@pytest.mark.parametrize("word", ["approve", "promote"])
def test_each_approval_is_asked_for_and_given_by_either_word(world: World, word: str) -> None:
    steps = (WeightStep(100, 20), ApprovalStep("team"), WeightStep(500, 20), ApprovalStep("managers"))
    world.release = replace(world.release, strategy=Canary(steps))
    world.idle().push("x:2")
    for share, group in ((100, "team"), (500, "managers")):
        world.run(lambda w, group=group: w.status.message.endswith(f"waits for an approval by {group}"))
        since = world.now
        world.run(lambda w, since=since: w.now > since + 300)
        assert (world.status.phase, world.weights["x2"]) == (Phase.WAITING, share)
        world.command = Command(word, "eve")
        world.turn()
    world.run(lambda w: w.status.stable.name == "x2")
    assert world.shares == [0, 100, 500, 1000]
