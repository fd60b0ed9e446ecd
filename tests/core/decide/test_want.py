"""How many pods each revision has while a release goes on, through whole decisions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.core.release import Capacity, Command, ManagedWorkload
from controller.core.status import Phase

World = Any  # what may be None in it is there by the story


def scale(world: World, replicas: int) -> None:
    """What an autoscaler does to the template."""
    world.replicas, world.generation = replicas, world.generation + 1


def settled(world: World) -> World:
    """A stable revision with 6 pods."""
    world.replicas = 6
    done: World = world.idle()
    return done


def counts(world: World) -> dict[str, int]:
    return {name: pods.replicas for name, pods in world.revisions.items()}


def test_stable_follows_the_template_and_has_one_pod_at_least(world: World) -> None:
    settled(world)
    for wish, pods in ((9, 9), (2, 2), (0, 1), (1, 1)):
        scale(world, wish)
        world.rest()
        assert counts(world) == {"x1": pods}
    assert world.status.phase is Phase.IDLE


def test_the_number_in_the_release_wins(world: World) -> None:
    settled(world)
    world.release = replace(world.release, replicas=4)
    world.rest()
    scale(world, 9)
    world.rest()
    assert counts(world) == {"x1": 4}
    world.release = replace(world.release, replicas=0)
    world.rest()
    assert counts(world) == {"x1": 1}
    world.release = replace(world.release, replicas=None)
    world.rest()
    assert counts(world) == {"x1": 9}


@pytest.mark.parametrize("by", ["template", "release"])
def test_stable_keeps_its_pods_until_the_old_revision_is_gone(world: World, by: str) -> None:
    settled(world).push("x:2")
    world.run(lambda w: w.weights.get("x2") == 100)
    if by == "template":
        scale(world, 1)
    else:
        world.release = replace(world.release, replicas=1)

    def whole(w: World) -> bool:
        for name in w.weights:
            assert w.revisions[name].replicas >= (6 if name == w.status.stable.name else 1)
        if "x1" in w.revisions:
            assert w.revisions["x1"].replicas == 6, "it could not take all requests back"
        return "x1" not in w.revisions

    world.run(whole)
    world.rest()
    assert counts(world) == {"x2": 1}, "and then the wish counts again"


def test_more_pods_are_given_at_any_time_and_the_candidate_follows(world: World) -> None:
    settled(world).push("x:2")
    world.run(lambda w: w.weights.get("x2") == 100)
    assert counts(world) == {"x1": 6, "x2": 1}
    scale(world, 20)
    world.run(lambda w: w.weights.get("x2") == 100 and counts(w) == {"x1": 20, "x2": 2})


def test_full_capacity_is_as_many_as_stable_from_the_start(world: World) -> None:
    world.release = replace(world.release, workload=ManagedWorkload("podinfo", capacity=Capacity.FULL, keep_previous=0))
    settled(world).push("x:2")
    world.run(lambda w: "x2" in w.weights)
    assert counts(world) == {"x1": 6, "x2": 6}


def test_a_failed_candidate_keeps_its_pods_until_no_route_names_it(world: World) -> None:
    settled(world).push("x:2")
    world.run(lambda w: w.weights.get("x2") == 500)
    before = counts(world)["x2"]
    world.command = Command("abort", "eve")
    world.run(lambda w: w.status.phase is Phase.FAILED)
    since = next(one.unrouted_since for one in world.status.retiring if one.name == "x2")
    assert counts(world)["x2"] == before
    world.run(lambda w: counts(w)["x2"] == 0)
    assert world.now - since >= world.release.traffic.propagation + world.release.traffic.drain


def test_a_superseded_release_keeps_the_count_of_the_first_ones_start(world: World) -> None:
    settled(world).push("x:2")
    world.run(lambda w: w.weights.get("x2") == 500)
    scale(world, 2)
    world.push("x:3")
    world.run(lambda w: w.weights.get("x3") == 500)
    assert counts(world)["x1"] == 6


def test_after_a_failure_the_wish_counts_again_once_the_candidate_is_drained(world: World) -> None:
    settled(world).push("x:2")
    world.run(lambda w: w.weights.get("x2") == 500)
    world.command = Command("abort", "eve")
    world.run(lambda w: w.status.phase is Phase.FAILED)
    scale(world, 2)
    world.rest()
    assert counts(world) == {"x1": 2, "x2": 0}


ACTIONS = st.one_of(
    st.tuples(st.just("scale"), st.integers(0, 12)),
    st.tuples(st.just("release"), st.none() | st.integers(0, 12)),
    st.tuples(st.just("push"), st.sampled_from(["x:1", "x:2", "x:3"])),
    st.tuples(st.just("by hand"), st.integers(0, 12)),
    st.tuples(st.just("say"), st.sampled_from(["abort", "promote", "promote-full"])),
    st.tuples(st.just("wait"), st.integers(1, 30)),
)


def happen(world: World, action: str, value: Any) -> int:
    """One thing that autoscalers or colleagues do; how many passes follow."""
    match action:
        case "scale":
            scale(world, value)
        case "release":
            world.release = replace(world.release, replicas=value)
        case "push":
            world.push(value)
        case "say":
            world.command = Command(value, "eve")
        case "by hand":
            for pods in world.revisions.values():
                pods.replicas, pods.ready = value, min(value, pods.ready)
    return value if action == "wait" else 3


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ACTIONS, max_size=25))
def test_no_route_names_a_revision_without_pods_and_stable_never_shrinks_in_a_release(
    world: World, actions: list[tuple[str, Any]]
) -> None:
    fresh: World = settled(type(world)())
    for action, value in actions:
        for _ in range(happen(fresh, action, value)):
            fresh.turn()
            for name in fresh.weights:
                assert fresh.revisions[name].replicas >= 1, "a route names a revision without pods"
            stable = fresh.status.stable.name
            if fresh.status.candidate:
                assert fresh.revisions[stable].replicas >= fresh.status.floor
            fresh.pods()
            fresh.now += 1.0


@pytest.mark.parametrize("end", ["abort", "supersede", "revert"])
def test_one_that_drains_is_put_back_to_its_count_until_it_has(world: World, end: str) -> None:
    """Requests still come to it: the mesh learns late, and some take their time."""
    settled(world).push("x:2")
    world.run(lambda w: w.weights.get("x2") == 500)
    count = world.revisions["x2"].replicas
    match end:
        case "abort":
            world.command = Command("abort", "eve")
        case "supersede":
            world.push("x:3")
        case "revert":
            world.push("x:1")
    world.turn()
    left = world.now
    drain = world.release.traffic.propagation + world.release.traffic.drain
    while world.now < left + drain - 1:
        world.revisions["x2"].replicas = 0
        world.turn()
        assert world.revisions["x2"].replicas == count >= 3
        world.now += 1
    world.rest()
    assert "x2" not in world.revisions or world.revisions["x2"].replicas == 0
    assert world.status.floor == 0 or end == "supersede"
