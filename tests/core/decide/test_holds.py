"""A problem in the middle of a release: it is held, and the ways home stay open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.core.decide import decide
from controller.core.release import ApprovalStep, Canary, Command, Gates, Limit, SuccessRateLimit, WeightStep
from controller.core.status import Phase, Truth
from controller.core.wanted import Reach

World = Any  # what may be None in it is there by the story

KINDS = ["spec", "routes", "template"]
GATES = Gates(limits=(Limit("success", SuccessRateLimit(0.99), 50),), minimum_step=10, interval=5, warm_up=0)


def trouble(world: World, kind: str) -> None:
    match kind:
        case "spec":
            world.problems = ("spec.gates: not so",)
        case "routes":
            world.foreign = True
        case "template":
            world.untemplated = "Deployment shop/podinfo: it has a hostPort"


def mend(world: World) -> None:
    world.problems, world.foreign, world.untemplated = (), False, ""


def held(world: World, kind: str, share: int = 100) -> World:
    """A release that is held at its first step, in effect."""
    world.release = replace(world.release, gates=GATES)
    world.idle().push("x:2")
    world.run(lambda w: w.weights.get("x2") == share and w.status.step.in_effect_since is not None)
    trouble(world, kind)
    world.turn()
    assert world.status.phase is Phase.INVALID
    return world


def wait(world: World, seconds: float) -> None:
    end = world.now + seconds
    world.run(lambda w: w.now >= end)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_stay_and_it_goes_on_where_it_was(world: World, kind: str) -> None:
    held(world, kind)
    wait(world, 500)
    assert world.weights == {"x1": 900, "x2": 100}
    assert world.status.phase is Phase.INVALID
    assert world.status.message.endswith(
        "; until then x2 is held at 10%, which only harm, a newer template or abort change"
    )
    assert world.status.condition("Stalled").status is Truth.TRUE
    assert [event.reason for event in world.events].count("Invalid") == 1
    mend(world)
    mended = world.now
    world.run(lambda w: w.weights.get("x2") == 500)
    assert world.now - mended >= 20, "seconds under a problem are no evidence: the step begins anew"
    world.run(lambda w: w.status.stable.name == "x2")
    assert world.shares == [0, 100, 500, 1000]


@pytest.mark.parametrize("kind", KINDS)
def test_abort_brings_all_requests_home_in_the_pass_that_sees_it(world: World, kind: str) -> None:
    held(world, kind)
    wait(world, 100)
    world.command = Command("abort", "eve", "complaints")
    decision = world.turn()
    assert world.weights == {"x1": 1000}
    assert decision.wanted.reach is (Reach.HOME if kind == "routes" else Reach.ROUTES)
    assert world.status.phase is Phase.ROLLING_BACK
    assert world.status.message.startswith("rolling back: aborted by eve: complaints; ")
    world.run(lambda w: w.status.phase is Phase.INVALID)
    assert world.status.message.endswith("; rolled back before: aborted by eve: complaints")
    wait(world, 100)
    assert world.revisions["x2"].replicas == 1, "nothing goes down while something is wrong"
    mend(world)
    world.rest()
    assert (world.status.phase, world.status.failed_reason) == (Phase.FAILED, "Aborted")
    assert (world.weights, world.revisions["x2"].replicas) == ({"x1": 1000}, 0)
    assert world.shares == [0, 100, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_harm_is_found_while_it_is_held(world: World, kind: str) -> None:
    held(world, kind)
    wait(world, 60)
    world.bad.add("x:2")
    world.run(lambda w: w.weights == {"x1": 1000}, seconds=30)
    assert world.status.failed_reason == "GateFailed"


@pytest.mark.parametrize("kind", KINDS)
def test_pods_that_all_go_are_harm_too_and_lacking_ones_come_back(world: World, kind: str) -> None:
    held(world, kind)
    world.revisions["x1"].replicas = 1
    world.turn()
    assert world.revisions["x1"].replicas == 3
    world.revisions["x2"].ready = 0
    world.crash.add("x:2")
    world.turn()
    assert (world.weights, world.status.failed_reason) == ({"x1": 1000}, "NoReadyPods")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["promote", "promote-full", "pause", "resume", "approve", "retry", "rollback"])
def test_other_commands_are_answered(world: World, kind: str, name: str) -> None:
    held(world, kind)
    before = world.status
    world.command = Command(name, "eve")
    world.turn()
    (event,) = [event for event in world.events if event.reason == "CommandIgnored"]
    assert event.message.startswith(f"{name} by eve: the release is held, and only abort brings it home; first mend")
    assert world.command is None, "it is handled, and taken away"
    assert replace(world.status, handled=None, message="", conditions=()) == replace(
        before, handled=None, message="", conditions=()
    )


def test_reject_works_where_an_approval_is_waited_for(world: World) -> None:
    steps = (WeightStep(100, 20), ApprovalStep("managers"), WeightStep(500, 20))
    world.release = replace(world.release, strategy=Canary(steps))
    world.idle().push("x:2")
    world.run(lambda w: w.status.phase is Phase.WAITING)
    trouble(world, "spec")
    world.turn()
    world.command = Command("reject", "eve")
    world.turn()
    assert (world.weights, world.status.failed_reason) == ({"x1": 1000}, "Rejected")


@pytest.mark.parametrize("by", ["command", "spec"])
def test_what_was_paused_is_paused_afterwards(world: World, by: str) -> None:
    world.idle().push("x:2")
    world.run(lambda w: w.weights.get("x2") == 100)
    if by == "command":
        world.command = Command("pause", "eve")
    else:
        world.release = replace(world.release, paused=True)
    world.run(lambda w: w.status.phase is Phase.PAUSED)
    trouble(world, "spec")
    world.turn()
    mend(world)
    wait(world, 300)
    assert (world.status.phase, world.weights["x2"]) == (Phase.PAUSED, 100)


@pytest.mark.parametrize("kind", ["spec", "routes"])
def test_the_template_of_stable_again_ends_it_though_it_is_held(world: World, kind: str) -> None:
    held(world, kind)
    world.push("x:1")
    world.turn()
    assert world.weights == {"x1": 1000}
    wait(world, 60)
    assert "x2" in world.revisions
    mend(world)
    world.rest()
    assert (world.status.phase, set(world.revisions)) == (Phase.IDLE, {"x1"})


@pytest.mark.parametrize("kind", ["spec", "routes"])
def test_a_newer_template_takes_the_candidate_out_and_begins_once_all_is_mended(world: World, kind: str) -> None:
    held(world, kind)
    world.push("x:3")
    world.turn()
    assert world.weights == {"x1": 1000}
    wait(world, 700)  # longer than the progress deadline
    assert "x3" not in world.revisions
    assert world.status.phase is Phase.INVALID
    mend(world)
    world.run(lambda w: w.status.phase is Phase.IDLE and w.status.stable.name == "x3")
    assert world.shares == [0, 100, 500, 1000]


def test_a_template_that_cannot_be_released_holds_the_one_before_it(world: World) -> None:
    held(world, "template")
    world.push("x:3")
    wait(world, 60)
    assert world.weights == {"x1": 900, "x2": 100}
    world.push("x:2")
    mend(world)
    world.run(lambda w: w.status.stable.name == "x2")


def test_what_is_brought_up_waits_without_a_deadline(world: World) -> None:
    world.idle().push("x:2")
    world.crash.add("x:2")
    world.run(lambda w: "x2" in w.revisions)
    trouble(world, "spec")
    wait(world, 700)
    assert world.status.phase is Phase.INVALID
    mend(world)
    world.crash.clear()
    world.run(lambda w: w.status.stable.name == "x2")


def test_a_release_at_rest_is_not_touched(world: World) -> None:
    world.idle()
    trouble(world, "routes")
    first = world.turn()
    assert (first.wanted, first.status.phase) == (None, Phase.INVALID)
    assert world.turn().after is None
    mend(world)
    world.rest()
    assert world.status.condition("Ready").status is Truth.TRUE


def test_where_nothing_can_be_seen_nothing_is_touched_and_a_command_gets_its_answer(world: World) -> None:
    held(world, "spec")
    observed = replace(world.observed(), blind=True, command=Command("abort", "eve"))
    decision = decide(world.release, world.status, observed)
    assert (decision.wanted, decision.status.phase) == (None, Phase.INVALID)
    (event,) = decision.events
    assert event.message == (
        "abort by eve: the spec cannot be followed and the one before it is not known; mend the spec first"
    )
