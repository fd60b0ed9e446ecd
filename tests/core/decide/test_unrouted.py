"""Requests that no proxy finds a pod for, many of them and only since the release began: all requests go home."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controller.core.release import Command, Gates
from controller.core.status import Phase
from controller.crd import status_from_wire, status_to_wire

World = Any  # what may be None in it is there by the story


def looking(world: World, share: int = 100) -> World:
    """A release whose first look was as usual."""
    world.idle().push("x:2")
    world.run(lambda w: w.shares[-1:] == [share] and w.status.unrouted is not None)
    return world


def ended(world: World) -> str:
    world.run(lambda w: w.status.phase in (Phase.FAILED, Phase.IDLE))
    return str(world.status.failed_reason)


def test_two_looks_end_the_release_with_the_numbers(world: World) -> None:
    looking(world).unrouted = 40.0
    begun = world.now
    assert ended(world) == "NoHealthyUpstream"
    assert world.now - begun < 3 * world.release.gates.interval
    assert "x2: no pod was found for 80 requests to the Service in 10 s" in world.status.failed_message
    assert world.weights == {"x1": 1000}
    assert world.status.unrouted is None, "it was of this release"


def test_as_many_as_ever_end_nothing(world: World) -> None:
    world.unrouted, world.unrouted_before = 200.0, 4.0  # per look, per second
    looking(world)
    assert ended(world) == ""
    assert world.status.stable.name == "x2"


def test_without_answers_nothing_is_known(world: World) -> None:
    world.unrouted_before, world.unrouted = None, 500.0
    world.idle().push("x:2")
    world.run(lambda w: w.status.stable.name == "x2")
    assert world.status.failed_reason == ""


def test_what_was_usual_is_asked_until_somebody_answers(world: World) -> None:
    world.unrouted_before = None
    world.idle().push("x:2")
    world.run(lambda w: w.shares[-1:] == [100] and w.status.step.looked_until is not None)
    assert world.status.unrouted is None
    world.unrouted_before, world.unrouted = 0.0, 40.0
    assert ended(world) == "NoHealthyUpstream"


def test_one_look_at_each_of_two_steps_is_two_in_a_row(world: World) -> None:
    world.release = replace(world.release, gates=Gates(none=True, minimum_step=5, interval=20, warm_up=0))
    world.unrouted = 40.0
    looking(world)
    assert ended(world) == "NoHealthyUpstream"
    assert world.shares[:3] == [0, 100, 500]


def test_a_restart_between_the_two_looks_changes_nothing(world: World) -> None:
    looking(world).unrouted = 40.0
    world.run(lambda w: w.status.unrouted.looks_in_a_row == 1)
    world.status = status_from_wire(status_to_wire(world.status))
    begun = world.now
    assert ended(world) == "NoHealthyUpstream"
    assert world.now - begun < 2 * world.release.gates.interval


def test_the_next_release_asks_anew_what_is_usual(world: World) -> None:
    looking(world).unrouted = 40.0
    ended(world)
    world.unrouted_before = 8.0
    world.push("x:3")
    world.run(lambda w: w.status.unrouted is not None)
    assert world.status.unrouted.before == 8.0
    assert ended(world) == ""


def test_a_fix_is_not_blamed_for_the_requests_of_a_stable_without_pods(world: World) -> None:
    """They end once stable is gone from the routes; a candidate that were taken out for them could never mend it."""
    looking(world)
    world.crash.add("x:1")
    world.revisions["x1"].ready = 0
    world.unrouted = 40.0
    begun = world.now
    world.run(lambda w: w.now > begun + 2 * w.release.gates.interval)
    assert world.status.message.endswith("; stable x1 (x:1) has no ready pod: promote-full takes all requests off it")
    assert ended(world) == ""
    assert world.status.stable.name == "x2"


def test_once_stable_is_back_requests_without_a_pod_count_again(world: World) -> None:
    world.release = replace(world.release, gates=replace(world.release.gates, minimum_step=100))
    looking(world)
    world.revisions["x1"].ready, world.unrouted = 0, 40.0
    world.crash.add("x:1")
    begun = world.now
    world.run(lambda w: w.now > begun + 4 * w.release.gates.interval)
    assert world.status.phase is Phase.PROGRESSING
    world.crash.clear()
    assert ended(world) == "NoHealthyUpstream"


def test_a_stable_whose_deployment_was_deleted_is_told_and_nothing_goes_home_to_it_for_that(world: World) -> None:
    world.release = replace(world.release, gates=replace(world.release.gates, minimum_step=100))
    looking(world)
    del world.revisions["x1"]
    world.unrouted = 900.0
    begun = world.now
    world.run(lambda w: w.now > begun + 4 * w.release.gates.interval)
    assert world.status.phase is Phase.PROGRESSING
    assert world.status.message.endswith("; stable x1 (x:1) is gone: promote-full takes all requests off it")
    world.command = Command("promote-full", by="eve")
    assert ended(world) == ""
    assert world.weights == {"x2": 1000}


def test_after_a_rollback_to_a_stable_that_is_gone_it_says_how_it_comes_back(world: World) -> None:
    looking(world).command = Command("abort", by="eve")
    assert ended(world) == "Aborted"
    del world.revisions["x1"]
    world.turn()
    assert world.status.message.endswith("; stable x1 (x:1) is gone: the Deployment put back to it makes it again")
    world.push("x:1")
    world.run(lambda w: w.status.phase is Phase.IDLE and w.status.stable.ready > 0)
