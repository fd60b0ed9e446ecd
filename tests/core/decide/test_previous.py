"""The revision that was stable before: how many pods it has, and until when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.core.release import Command, ManagedWorkload
from controller.core.status import Phase, Truth

World = Any  # what may be None in it is there by the story

KEEP = 100.0


@pytest.fixture
def promoted(world: World) -> World:
    """x:2 was promoted a moment ago; x:1 is the previous one."""
    keep(world, KEEP).idle().push("x:2")
    world.run(lambda w: w.status.phase is Phase.IDLE and w.status.stable.name == "x2")
    return world


def keep(world: World, seconds: float) -> World:
    world.release = replace(world.release, workload=ManagedWorkload("podinfo", keep_previous=seconds))
    return world


def counts(world: World) -> dict[str, int]:
    return {name: pods.replicas for name, pods in world.revisions.items()}


def test_it_stays_warm_and_addressable_for_its_time_and_its_object_for_good(promoted: World) -> None:
    since = promoted.now
    promoted.run(lambda w: counts(w)["x1"] == 0)
    assert KEEP <= promoted.now - since <= KEEP + 3
    warm = [weights for now, _, weights in promoted.history if now > since]
    assert all(weights == {"x2": 1000} for weights in warm)
    promoted.rest()
    assert counts(promoted) == {"x1": 0, "x2": 3}
    assert promoted.subsets == {"x2"}
    previous = promoted.status.previous
    assert (previous.name, previous.images, previous.replicas, previous.ready) == ("x1", ("x:1",), 0, 0)
    assert promoted.status.retiring == ()


def test_while_it_is_warm_it_is_told_and_the_release_is_ready_and_at_rest(promoted: World) -> None:
    promoted.turn()
    status = promoted.status
    assert status.message.startswith("x2 (x:2) serves; x1 (x:1) stays warm until ")
    assert (status.previous.replicas, status.previous.ready) == (3, 3)
    assert status.condition("Ready").status is Truth.TRUE
    assert status.condition("Reconciling").status is Truth.FALSE
    assert "x1" in promoted.subsets
    assert promoted.events[-1].message == "x2 (x:2) gets all requests; x1 stays warm for 100 s"
    assert promoted.turn().after is not None, "it wakes up to let it go"


def test_it_has_as_many_pods_as_stable_and_never_fewer_than_before(promoted: World) -> None:
    for wish, pods in ((9, 9), (1, 3), (4, 4)):
        promoted.replicas, promoted.generation = wish, promoted.generation + 1
        promoted.turn()
        assert counts(promoted) == {"x1": pods, "x2": pods}
    promoted.rest()
    assert counts(promoted) == {"x1": 0, "x2": 4}


def test_an_autoscaler_counts_again_once_it_is_let_go(promoted: World) -> None:
    promoted.replicas, promoted.generation = 1, promoted.generation + 1
    promoted.turn()
    assert counts(promoted) == {"x1": 3, "x2": 3}
    promoted.rest()
    assert counts(promoted) == {"x1": 0, "x2": 1}


def test_it_is_not_let_go_before_it_has_drained(world: World) -> None:
    keep(world, 1).idle().push("x:2")
    world.run(lambda w: w.status.phase is Phase.IDLE and w.status.stable.name == "x2")
    since = world.now
    world.run(lambda w: counts(w)["x1"] == 0)
    assert world.now - since >= world.release.traffic.propagation + world.release.traffic.drain


def test_drift_that_names_it_starts_its_time_anew_but_does_not_wake_it(promoted: World) -> None:
    promoted.run(lambda w: w.now > w.status.phase_since + KEEP / 2)
    promoted.weights = {"x1": 1000}
    promoted.turn()
    assert promoted.weights == {"x2": 1000}
    again = promoted.now
    promoted.run(lambda w: counts(w)["x1"] == 0)
    assert promoted.now >= again + KEEP
    promoted.rest()
    promoted.weights = {"x1": 1000}
    promoted.rest()
    assert (promoted.weights, counts(promoted)["x1"]) == ({"x2": 1000}, 0)


def test_only_the_latest_is_kept(promoted: World) -> None:
    promoted.push("x:3")
    promoted.run(lambda w: w.status.phase is Phase.IDLE and w.status.stable.name == "x3")
    assert promoted.status.previous.name == "x2"
    promoted.rest()
    assert counts(promoted) == {"x2": 0, "x3": 3}


def test_a_release_beside_it_leaves_it_as_it_is(promoted: World) -> None:
    promoted.push("x:3")
    promoted.run(lambda w: w.weights.get("x3") == 500)
    assert counts(promoted) == {"x1": 3, "x2": 3, "x3": 2}
    assert promoted.status.previous.name == "x1"
    assert promoted.status.retiring == ()
    promoted.command = Command("abort", "eve")
    promoted.rest()
    assert (promoted.status.phase, promoted.status.previous.name) == (Phase.FAILED, "x1")
    assert counts(promoted) == {"x1": 0, "x2": 3, "x3": 0}


def test_its_time_passes_in_the_middle_of_a_release_too(world: World) -> None:
    keep(world, 20).idle().push("x:2")
    world.run(lambda w: w.status.phase is Phase.IDLE and w.status.stable.name == "x2")
    world.push("x:3")
    world.run(lambda w: counts(w)["x1"] == 0)
    assert world.status.phase is Phase.PROGRESSING
    assert world.status.previous.name == "x1"


def test_its_template_again_takes_it_back_warm_and_goes_through_the_steps(promoted: World) -> None:
    promoted.push("x:1")
    promoted.turn()
    assert (promoted.status.phase, promoted.status.candidate.name) == (Phase.PREPARING, "x1")
    assert not promoted.status.previous
    counted = []

    def promoted_again(w: World) -> bool:
        counted.append(counts(w)["x1"])
        return bool(w.status.stable.name == "x1" and w.status.phase is Phase.IDLE)

    promoted.run(promoted_again)
    assert min(counted) == 3, "its pods are not taken away to be started again"
    assert promoted.shares[-4:] == [0, 100, 500, 1000]
    assert promoted.status.previous.name == "x2"


def test_not_kept_it_goes_once_it_is_drained(promoted: World) -> None:
    keep(promoted, 0)
    promoted.turn()
    assert not promoted.status.previous
    promoted.rest()
    assert counts(promoted) == {"x2": 3}


def test_a_previous_revision_whose_object_is_gone_is_none(promoted: World) -> None:
    promoted.rest()
    del promoted.revisions["x1"]
    promoted.turn()
    assert not promoted.status.previous


def test_scaled_to_nothing_by_hand_it_is_let_go(promoted: World) -> None:
    promoted.turn()
    promoted.revisions["x1"].replicas = promoted.revisions["x1"].ready = 0
    promoted.rest(seconds=30)
    assert counts(promoted) == {"x1": 0, "x2": 3}
    assert promoted.subsets == {"x2"}
