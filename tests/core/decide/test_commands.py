"""What a person says: commands, approvals, a pause."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.core.decide import decide
from controller.core.release import (
    ApprovalStep,
    Canary,
    Command,
    WeightStep,
)
from controller.core.status import Phase
from tests.core.world import gated

World = Any  # what may be None in it is there by the story


def approved_by(world: World, **changes: Any) -> World:
    steps = (WeightStep(100, 20), ApprovalStep("managers", **changes), WeightStep(500, 20))
    world.release = replace(world.release, strategy=Canary(steps))
    return world


def reasons(world: World) -> list[str]:
    return [event.reason for event in world.events]


def test_a_step_with_approval_waits_for_a_person(world: World) -> None:
    approved_by(world).idle().push("x:2")
    world.run(lambda w: w.status.phase is Phase.WAITING and w.status.step.in_effect_since is not None)
    waiting = world.now
    world.run(lambda w: w.now > waiting + 1000)
    assert world.weights["x2"] == 100
    assert world.status.message.endswith("waits for an approval by managers")
    world.command = Command("approve", "eve", "looks good")
    world.run(lambda w: w.status.stable.name == "x2")
    assert ("Command", "approve by eve (looks good)") in [(e.reason, e.message) for e in world.events]


def test_nobody_approves(world: World) -> None:
    approved_by(world, timeout=100.0).idle().push("x:2")
    world.run(lambda w: w.status.phase is Phase.FAILED)
    assert world.status.failed_message == "x2: nobody of managers approved within 100 s"


def test_a_command_counts_once_while_it_stands_and_again_once_it_was_absent(world: World) -> None:
    approved_by(world).idle().push("x:2")
    world.run(lambda w: w.weights.get("x2") == 100)
    command = Command("promote", "eve")
    observed = replace(world.observed(), command=command)
    first = decide(world.release, world.status, observed)
    assert [event.reason for event in first.events] == ["Command"]
    second = decide(world.release, first.status, observed)
    assert "Command" not in [event.reason for event in second.events]
    absent = decide(world.release, second.status, replace(observed, command=None))
    again = decide(world.release, absent.status, observed)
    assert "Command" in [event.reason for event in again.events] or "CommandIgnored" in [e.reason for e in again.events]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("fly", "there is no such command; there are promote, promote-full"),
        ("promote", "there is no release in progress"),
        ("approve", "there is no release in progress"),
        ("retry", "only a failed release can be tried again"),
        ("rollback", "there is no previous revision any more"),
    ],
)
def test_a_command_that_makes_no_sense_is_answered(world: World, name: str, answer: str) -> None:
    world.idle()
    world.command = Command(name, "eve")
    world.turn()
    (event,) = world.events
    assert event.reason == "CommandIgnored"
    assert event.message.startswith(f"{name} by eve: {answer}")
    assert world.status.handled is not None
    assert f"{name} by eve: {world.status.handled.ignored}" == event.message
    assert world.status.phase is Phase.IDLE


def test_promote_passes_one_step_and_promote_full_all_of_them(world: World) -> None:
    gated(world).idle().push("x:2")
    world.silent = True
    world.run(lambda w: w.weights.get("x2") == 100)
    world.command = Command("promote", "eve")
    world.run(lambda w: w.weights.get("x2") == 500)
    world.command = Command("promote-full", "eve")
    world.run(lambda w: w.status.stable.name == "x2")
    assert world.shares == [0, 100, 500, 1000]


def test_abort_brings_everything_home_in_the_pass_that_sees_it(world: World) -> None:
    world.idle().push("x:2")
    world.run(lambda w: w.weights.get("x2") == 500)
    world.command = Command("abort", "eve", "complaints")
    world.turn()
    assert world.weights == {"x1": 1000}
    assert world.status.failed_message == "aborted by eve: complaints"


def test_pause_holds_the_traffic_and_resume_goes_on(world: World) -> None:
    world.idle().push("x:2")
    world.run(lambda w: w.weights.get("x2") == 100)
    world.release = replace(world.release, paused=True)
    begun = world.now
    world.run(lambda w: w.now > begun + 500)
    assert (world.status.phase, world.weights["x2"]) == (Phase.PAUSED, 100)
    world.release = replace(world.release, paused=False)
    world.run(lambda w: w.status.stable.name == "x2")
