"""Random histories of problems, refused specs and edits: no weight goes up by them, and abort always leads home."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.core.decide import TRANSITIONS
from controller.core.plan import plan
from controller.core.release import (
    ApprovalStep,
    Canary,
    Command,
    IstioRouting,
    Limit,
    ObjectRef,
    SuccessRateLimit,
    WeightStep,
)
from controller.core.status import Phase
from tests.core.world import QUICK, quick

World = Any  # what may be None in it is there by the story

PLANS = [
    Canary(tuple(WeightStep(weight, 4) for weight in weights))
    for weights in ((10, 100, 500), (100, 300), (300, 700), (50,), (500, 100, 900))
] + [Canary((WeightStep(100, 6), ApprovalStep("owners"), WeightStep(500, 4)))]
OTHER_GATES = replace(QUICK, limits=(Limit("other", SuccessRateLimit(0.9), 10),))

ACTIONS = st.sampled_from(
    ["push", "push", "push", "revert", "bad", "good", "kill", "pause", "unpause", "approve", "promote", "promote"]
    + ["refuse", "foreign", "untemplated", "mend", "mend", "mend", "gates", "objects", "deployment", "abort"]
    + [f"plan {number}" for number in range(len(PLANS))] * 2
)
HISTORIES = st.lists(st.tuples(ACTIONS, st.integers(1, 14)), max_size=20)
"""What happens, and how many passes go by until something else does."""


def made(world: World) -> World:
    new = type(world)()
    new.release = quick(PLANS[0])
    return new


def edit(world: World, **changes: Any) -> None:
    world.release = replace(world.release, generation=world.release.generation + 1, **changes)


def happen(world: World, action: str) -> None:
    release = world.release
    match action.split():
        case ["pause" | "unpause"]:
            edit(world, paused=action == "pause")
        case ["approve" | "promote"]:
            world.command = Command(action, "eve")
        case ["refuse"]:
            world.problems = ("spec: refused",)
        case ["foreign"]:
            world.foreign = world.foreign or bool(world.weights)
        case ["untemplated"]:
            world.untemplated = "the template cannot be released"
        case ["mend"]:
            world.problems, world.foreign, world.untemplated = (), False, ""
        case ["gates"]:
            edit(world, gates=OTHER_GATES if release.gates is QUICK else QUICK)
        case ["objects"]:
            called = "other" if release.traffic.router.virtual_services[0].name == "podinfo" else "podinfo"
            router = IstioRouting((ObjectRef("shop", called),), "podinfo")
            edit(world, traffic=replace(release.traffic, router=router))
        case ["deployment"]:
            called = "other" if release.workload.deployment == "podinfo" else "podinfo"
            edit(world, workload=replace(release.workload, deployment=called))
        case ["plan", number]:
            edit(world, strategy=PLANS[int(number)])
        case _:
            assert world.happen(action), action


def turn(world: World) -> None:
    """One pass, and what has to be true of it."""
    before, weights, passes = world.status, dict(world.weights), world.following()
    observed = world.observed()
    told = len(world.events)
    world.turn()
    status, events = world.status, {event.reason for event in world.events[told:]}
    assert status.phase is before.phase or status.phase in TRANSITIONS[before.phase]
    stable = before.stable.name if before.stable else ""
    risen = [name for name, share in world.weights.items() if share > weights.get(name, 0) and name != stable]
    if stable and risen:
        assert not observed.problems, f"{risen} rose while it was held"
        assert "SpecEdited" not in events, f"{risen} rose by an edit"
        assert events & {"Step", "Promoting"}, f"{risen} rose without a step of the plan"
        if before.step is not None and before.step.target == before.step.index and "Command" not in events:
            (step,) = plan(passes.release)[before.step.index : before.step.index + 1]
            assert status.step.started - before.step.in_effect_since >= step.duration, "a step's time was skipped"
            assert step.approval is None or any(one.step == before.step.index for one in before.approvals)
    world.pods()
    world.now += 1.0


def aborted(world: World) -> None:
    """A person aborts, whatever else is so: within two passes of a working API all requests are at stable."""
    status = world.status
    if status.stable is None or status.candidate is None or world.following().release is None:
        return
    world.command = Command("abort", "eve")
    turn(world)
    turn(world)
    world.command = None
    assert set(world.weights) <= {status.stable.name}, f"{world.weights} after an abort: {world.status.message}"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HISTORIES)
def test_no_weight_goes_up_by_a_problem_or_an_edit_and_abort_leads_home(
    world: World, history: list[tuple[str, int]]
) -> None:
    world = made(world).idle()
    world.push("x:2")
    for action, passes in [("good", 10), *history]:
        if action == "abort":
            aborted(world)
        else:
            happen(world, action)
        for _ in range(passes):
            turn(world)
    aborted(world)
    for last in ("mend", "unpause", "good", "plan 3", "push"):
        happen(world, last)
    edit(world, workload=replace(world.release.workload, deployment="podinfo"))
    for _ in range(300):
        turn(world)
        if world.status.phase is Phase.IDLE and world.status.stable.images == (world.image,):
            break
    assert world.status.phase is Phase.IDLE, world.status.message
    assert world.status.stable.images == (world.image,)
