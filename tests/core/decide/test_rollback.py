"""The command ``rollback``, in every place where somebody may say it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.core.release import Command, ManagedWorkload
from controller.core.status import Phase, Truth

World = Any  # what may be None in it is there by the story

ROLLBACK = Command("rollback", "eve", "complaints")


@pytest.fixture
def warm(world: World) -> World:
    """x:2 was promoted a moment ago; x:1 is kept for 100 s."""
    world.release = replace(world.release, workload=ManagedWorkload("podinfo", 60.0, keep_previous=100))
    world.idle().push("x:2")
    world.run(lambda w: w.status.phase is Phase.IDLE and w.status.stable.name == "x2")
    world.turn()
    world.events.clear()
    world.history.clear()
    return world


@pytest.fixture
def cold(warm: World) -> World:
    """Long after the promotion: x:1 has no pods any more."""
    warm.rest()
    warm.history.clear()
    assert warm.revisions["x1"].replicas == 0
    return warm


def say(world: World, command: Command) -> World:
    world.command = command
    world.turn()
    return world


def reasons(world: World) -> list[str]:
    return [event.reason for event in world.events]


def settled(world: World) -> tuple[Phase, str, str, dict[str, int], dict[str, int]]:
    """Where it comes to rest: phase, why it failed, the name of stable, weights, pods."""
    world.rest()
    status = world.status
    pods = {name: one.replicas for name, one in world.revisions.items()}
    return status.phase, status.failed_reason, status.stable.name, world.weights, pods


BACK = (Phase.FAILED, "RolledBackByCommand", "x1", {"x1": 1000}, {"x1": 3, "x2": 0})


def test_warm_it_takes_one_change_of_weights_in_the_pass_that_sees_it(warm: World) -> None:
    say(warm, ROLLBACK)
    assert warm.weights == {"x1": 1000}
    assert warm.status.phase is Phase.ROLLING_BACK
    assert warm.revisions["x2"].replicas == 3, "it keeps its pods until nobody is sent there any more"
    assert settled(warm) == BACK
    assert warm.subsets == {"x1"}
    assert [weights for _, _, weights in warm.history if weights != {"x1": 1000}] == []
    text = "x2 (x:2) is taken out by eve, back to x1 (x:1): complaints"
    assert warm.status.failed_message == text
    assert [(e.reason, e.message) for e in warm.events] == [
        ("Command", "rollback by eve (complaints)"),
        ("RolledBack", text),
    ]
    handled = warm.status.handled
    assert (handled.name, handled.by, handled.reason) == ("rollback", "eve", "complaints")


def test_cold_its_pods_come_first_then_its_subset_then_everybody_at_once(cold: World) -> None:
    say(cold, ROLLBACK)
    assert cold.status.phase is Phase.PREPARING
    assert cold.weights == {"x2": 1000}
    cold.turn()
    assert cold.status.message == (
        "x2 (x:2) is taken out by eve, back to x1 (x:1): complaints; bringing up x1 (x:1): 0 of 3 pods available"
    )
    assert cold.status.condition("Reconciling").status is Truth.TRUE
    added = cold.now
    cold.run(lambda w: "x1" in w.weights)
    assert cold.revisions["x1"].ready == 3
    assert cold.now - added >= cold.release.traffic.propagation
    assert settled(cold) == BACK
    assert cold.shares == [1000, 0], "of x2: from everything to nothing in one step"
    assert reasons(cold) == ["Command", "RollingBack", "RolledBack"]


def test_while_its_pods_are_going_they_are_started_again(warm: World) -> None:
    warm.run(lambda w: w.revisions["x1"].replicas == 0)
    say(warm, ROLLBACK)
    assert warm.weights == {"x2": 1000}
    assert settled(warm) == BACK


def test_warm_without_a_ready_pod_it_waits_for_them(warm: World) -> None:
    warm.revisions["x1"].ready = 0
    say(warm, ROLLBACK)
    assert (warm.weights, warm.status.phase) == ({"x2": 1000}, Phase.PREPARING)
    assert settled(warm) == BACK


def test_warm_with_some_ready_pods_it_is_as_stable_in_a_release(warm: World) -> None:
    warm.revisions["x1"].ready = 1
    assert say(warm, ROLLBACK).weights == {"x1": 1000}


def test_before_it_has_been_addressable_for_the_propagation_time_it_waits(warm: World) -> None:
    warm.subsets.discard("x1")
    say(warm, ROLLBACK)
    assert warm.weights == {"x2": 1000}
    assert settled(warm) == BACK


def test_it_stays_failed_until_the_template_changes_or_somebody_retries(warm: World) -> None:
    say(warm, ROLLBACK).rest()
    warm.replicas, warm.generation = 5, warm.generation + 1
    warm.rest()
    assert (warm.status.phase, warm.revisions["x1"].replicas) == (Phase.FAILED, 5)
    assert warm.status.message.startswith("rolled back: x2 (x:2) is taken out by eve")
    say(warm, Command("retry", "eve"))
    warm.run(lambda w: w.status.phase is Phase.IDLE)
    assert (warm.weights, warm.status.previous.name) == ({"x2": 1000}, "x1")


def test_the_spec_or_another_template_begins_a_release(warm: World) -> None:
    say(warm, ROLLBACK).rest()
    warm.push("x:3")
    warm.run(lambda w: w.status.phase is Phase.IDLE)
    assert (warm.weights, warm.status.previous.name) == ({"x3": 1000}, "x1")


def test_the_former_image_in_the_template_makes_it_ready_again(warm: World) -> None:
    say(warm, ROLLBACK).rest()
    warm.push("x:1")
    warm.rest()
    assert warm.status.phase is Phase.IDLE
    assert warm.status.condition("Ready").status is Truth.TRUE


def test_the_former_image_in_the_template_meanwhile_makes_it_ready_in_the_end(cold: World) -> None:
    say(cold, ROLLBACK)
    cold.push("x:1")
    cold.rest()
    assert (cold.status.phase, cold.weights) == (Phase.IDLE, {"x1": 1000})
    assert cold.shares == [0, 1000]


def test_being_scaled_meanwhile_is_no_word_against_it(cold: World) -> None:
    say(cold, ROLLBACK)
    cold.replicas, cold.generation = 5, cold.generation + 1
    assert settled(cold)[:4] == BACK[:4]
    assert cold.revisions["x1"].replicas == 5


def test_a_newer_version_meanwhile_begins_a_release_from_where_requests_are(cold: World) -> None:
    say(cold, ROLLBACK)
    cold.push("x:3")
    cold.turn()
    assert (cold.status.candidate.name, cold.status.previous.name, cold.status.retiring) == ("x3", "x1", ())
    cold.run(lambda w: w.status.phase is Phase.IDLE)
    assert (cold.weights, cold.status.previous.name) == ({"x3": 1000}, "x2")


def test_pods_that_do_not_come_leave_everything_as_it_is(cold: World) -> None:
    cold.crash.add("x:1")
    say(cold, ROLLBACK)
    cold.run(lambda w: w.status.phase is Phase.IDLE)
    assert settled(cold) == (Phase.IDLE, "", "x2", {"x2": 1000}, {"x1": 0, "x2": 3})
    assert cold.events[-1].message == ("x2 goes on serving: x1 made no progress for 60 s: its pods do not become ready")
    assert cold.status.previous.name == "x1", "it can be asked for again"
    cold.crash.clear()
    assert settled(say(cold, ROLLBACK)) == BACK


def test_abort_ends_it_while_pods_are_waited_for(cold: World) -> None:
    say(say(cold, ROLLBACK), Command("abort", "ann"))
    assert settled(cold) == (Phase.IDLE, "", "x2", {"x2": 1000}, {"x1": 0, "x2": 3})
    assert cold.events[-1].message == "x2 goes on serving: aborted by ann"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("rollback", "x1 is being brought up for it already"),
        ("pause", "the previous revision is being brought up; say abort to leave everything as it is"),
        ("promote", "the previous revision is being brought up; say abort to leave everything as it is"),
        ("retry", "only a failed release can be tried again"),
    ],
)
def test_what_makes_no_sense_while_pods_are_waited_for(cold: World, name: str, answer: str) -> None:
    say(say(cold, ROLLBACK), Command(name, "ann"))
    assert (cold.events[-1].reason, cold.events[-1].message) == ("CommandIgnored", f"{name} by ann: {answer}")
    assert settled(cold) == BACK
    assert cold.status.failed_message.endswith("by eve, back to x1 (x:1): complaints"), "who said it first"


def test_a_paused_release_goes_back_all_the_same(cold: World) -> None:
    cold.release = replace(cold.release, paused=True)
    assert settled(say(cold, ROLLBACK)) == BACK


def test_in_the_middle_of_a_release_abort_is_the_word(warm: World) -> None:
    warm.push("x:3")
    warm.run(lambda w: w.weights.get("x3") == 100)
    say(warm, ROLLBACK)
    assert warm.events[-1].message == "rollback by eve (complaints): a release is in progress; say abort to end it"
    assert warm.weights["x3"] == 100


def test_on_the_last_yard_of_a_release_it_brings_everybody_home(warm: World) -> None:
    warm.push("x:3")
    warm.run(lambda w: w.weights.get("x3") == 1000)
    assert warm.status.phase is Phase.PROMOTING
    say(warm, ROLLBACK)
    assert warm.weights == {"x2": 1000}
    assert settled(warm)[:3] == (Phase.FAILED, "RolledBackByCommand", "x2")
    assert warm.status.failed_message == "x3 (x:3) is taken out by eve, back to x2 (x:2): complaints"


def test_after_a_failed_release_the_one_before_stable_can_be_had(warm: World) -> None:
    """The template goes on being the one that failed: being scaled does not try it again."""
    warm.push("x:3")
    warm.run(lambda w: w.weights.get("x3") == 100)
    say(warm, Command("abort", "eve")).run(lambda w: w.status.phase is Phase.FAILED)
    say(warm, ROLLBACK)
    assert warm.weights == {"x1": 1000}
    phase, reason, stable, weights, pods = settled(warm)
    assert (phase, reason, stable, weights) == (Phase.FAILED, "RolledBackByCommand", "x1", {"x1": 1000})
    assert pods == {"x1": 3, "x3": 0}
    warm.replicas, warm.generation = 4, warm.generation + 1
    warm.rest()
    assert (warm.status.phase, warm.revisions["x1"].replicas) == (Phase.FAILED, 4)


def test_without_one_it_says_what_to_do(warm: World) -> None:
    say(warm, ROLLBACK).rest()
    say(warm, ROLLBACK)
    text = "there is no previous revision any more; put the former image into the Deployment"
    assert warm.events[-1].message == f"rollback by eve (complaints): {text}"
    warm.release = replace(warm.release, workload=ManagedWorkload("podinfo", keep_previous=0))
    say(warm, replace(ROLLBACK, by="ann"))
    assert "there is no previous revision any more (spec.workload.keepPrevious is 0s); put" in warm.events[-1].message


def test_on_the_way_back_it_is_said_already(warm: World) -> None:
    say(warm, ROLLBACK)
    say(warm, replace(ROLLBACK, by="ann"))
    assert warm.events[-1].message == "rollback by ann (complaints): requests go back to x1 already"
    assert settled(warm) == BACK


def test_what_an_autoscaler_asks_while_two_have_pods_does_not_count(cold: World) -> None:
    say(cold, ROLLBACK)
    cold.replicas, cold.generation = 1, cold.generation + 1

    def back(w: World) -> bool:
        assert all(w.revisions[name].replicas >= 3 for name in w.weights)
        return w.status.phase is Phase.FAILED and w.revisions["x2"].replicas == 0

    cold.run(back)
    cold.rest()
    assert cold.revisions["x1"].replicas == 1
