"""The bake: after the switch, while the old revision stands by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.core.decide.comparison import ALONE
from controller.core.release import (
    Bake,
    Canary,
    Command,
    Compare,
    Fallback,
    Gates,
    Limit,
    ManagedWorkload,
    SuccessRateLimit,
    WeightStep,
)
from controller.core.status import Phase, Truth

World = Any  # what may be None in it is there by the story

SUCCESS = Limit("success", SuccessRateLimit(0.99), 50)


def baked(world: World, weight: int = 1000, keep: float = 0.0, **gates: Any) -> World:
    """x:2 has just begun to bake, for 60 s."""
    asked: dict[str, Any] = {
        "limits": (SUCCESS,),
        "minimum_step": 10,
        "interval": 5,
        "warm_up": 0,
        "step_deadline": 90,
    } | gates
    world.release = replace(
        world.release,
        workload=ManagedWorkload("podinfo", keep_previous=keep),
        strategy=Canary((WeightStep(500, 20),), bake=Bake(60.0, weight)),
        gates=Gates(**asked),
    )
    world.idle().push("x:2")
    world.run(lambda w: w.status.phase is Phase.BAKING and w.status.step.in_effect_since is not None)
    return world


def reasons(world: World) -> list[str]:
    return [event.reason for event in world.events]


def failed(world: World) -> World:
    world.run(lambda w: w.status.phase is Phase.FAILED)
    assert world.weights == {"x1": 1000}
    assert world.status.stable.name == "x1"
    world.rest()
    assert {name: pods.replicas for name, pods in world.revisions.items()} == {"x1": 3, "x2": 0}
    return world


def test_it_is_promoted_only_after_the_bake(world: World) -> None:
    begun = baked(world).status.step.in_effect_since
    assert world.weights == {"x2": 1000}
    assert (world.status.stable.name, world.status.candidate.name) == ("x1", "x2")
    assert world.status.condition("Ready").status is Truth.FALSE
    assert world.status.condition("Ready").reason == "Baking"
    assert world.status.condition("Reconciling").status is Truth.TRUE
    world.run(lambda w: w.status.phase is Phase.IDLE)
    assert 60 <= world.now - begun <= 75
    assert world.status.stable.name == "x2"
    assert world.shares == [0, 500, 1000]
    assert reasons(world) == ["Started", "Step", "Baking", "Promoting", "Promoted"]


@pytest.mark.parametrize("keep", [0.0, 5.0, 100.0])
def test_the_old_revision_stays_whole_for_the_whole_bake_and_is_kept_from_its_end_on(world: World, keep: float) -> None:
    baked(world, keep=keep)

    def over(w: World) -> bool:
        if w.status.phase is Phase.IDLE:
            return True
        assert w.revisions["x1"].replicas == w.revisions["x1"].ready == 3
        return False

    world.run(over)
    begun = world.now
    world.run(lambda w: "x1" not in w.revisions or w.revisions["x1"].replicas == 0)
    assert world.now - begun >= keep
    assert (world.status.previous is None) == (keep == 0)


def test_what_turns_bad_in_the_bake_is_out_in_two_looks(world: World) -> None:
    baked(world)
    world.bad.add("x:2")
    since = world.now
    world.run(lambda w: w.status.phase is Phase.ROLLING_BACK)
    assert world.now - since <= 11
    assert world.weights == {"x1": 1000}, "the pass that decides it moves the routes"
    failed(world)
    assert world.status.failed_reason == "GateFailed"
    assert world.status.failed_message == "x2: gate success: 0.00% succeeded, wanted >= 99% (2 looks in a row)"
    world.bad.clear()
    world.command = Command("retry", "eve")
    world.run(lambda w: w.status.phase is Phase.IDLE)
    assert world.weights == {"x2": 1000}


def test_it_stays_failed_until_template_or_spec_change(world: World) -> None:
    baked(world)
    world.bad.add("x:2")
    failed(world)
    world.replicas, world.generation = 4, world.generation + 1
    world.rest()
    assert world.status.phase is Phase.FAILED
    world.bad.clear()
    world.release = replace(world.release, generation=2)
    world.run(lambda w: w.status.phase is Phase.IDLE)
    assert world.weights == {"x2": 1000}


def test_without_a_ready_pod_it_is_out_at_once(world: World) -> None:
    baked(world)
    world.crash.add("x:2")
    world.revisions["x2"].ready = 0
    world.turn()
    assert world.weights == {"x1": 1000}
    assert failed(world).status.failed_reason == "NoReadyPods"


@pytest.mark.parametrize(
    ("name", "reason", "message"),
    [
        ("abort", "Aborted", "aborted by eve: complaints"),
        ("rollback", "RolledBackByCommand", "x2 (x:2) is taken out by eve, back to x1 (x:1): complaints"),
    ],
)
def test_a_person_takes_it_out_at_once(world: World, name: str, reason: str, message: str) -> None:
    baked(world).command = Command(name, "eve", "complaints")
    world.turn()
    assert world.weights == {"x1": 1000}
    failed(world)
    assert (world.status.failed_reason, world.status.failed_message) == (reason, message)


def test_at_all_requests_there_is_nothing_to_compare_with_and_it_says_so(world: World) -> None:
    baked(world, compare=Compare())
    world.turn()
    assert world.status.message.startswith("x2 bakes at 100%, step 2 of 2 until at least ")
    assert world.status.message.endswith(ALONE)
    (gate,) = (gate for gate in world.status.gates if gate.name == "compare")
    assert gate.reason == ALONE
    world.run(lambda w: w.status.phase is Phase.IDLE)
    assert world.weights == {"x2": 1000}


def test_below_it_the_comparison_goes_on_and_judges(world: World) -> None:
    baked(world, 950, compare=Compare(), limits=())
    assert world.weights == {"x1": 50, "x2": 950}
    world.run(lambda w: "compare/errors" in [gate.name for gate in w.status.gates])
    world.bad.add("x:2")
    world.run(lambda w: w.status.phase is Phase.ROLLING_BACK)
    assert world.status.failed_reason == "Harmful"
    failed(world)


def test_below_it_everything_switches_at_its_end(world: World) -> None:
    baked(world, 950, compare=Compare(), limits=())
    world.run(lambda w: w.status.phase is Phase.IDLE)
    assert world.shares == [0, 500, 950, 1000]
    assert world.status.stable.name == "x2"


@pytest.mark.parametrize(
    ("fallback", "phase", "weights"),
    [
        (Fallback.HOLD, Phase.BAKING, {"x2": 1000}),
        (Fallback.PROMOTE, Phase.IDLE, {"x2": 1000}),
        (Fallback.ROLLBACK, Phase.FAILED, {"x1": 1000}),
    ],
)
def test_silence_is_no_verdict_and_after_the_deadline_what_was_asked(
    world: World, fallback: Fallback, phase: Phase, weights: dict[str, int]
) -> None:
    baked(world, on_inconclusive=fallback)
    world.silent = True
    begun = world.now
    world.run(lambda w: w.now > begun + 80)
    assert world.status.phase is Phase.BAKING
    assert world.status.message.endswith("waits for evidence (success: 0 of the 50 requests needed)")
    world.run(lambda w: w.now > begun + 200)
    assert (world.status.phase, world.weights) == (phase, weights)
    if fallback is Fallback.PROMOTE:
        (event,) = (event for event in world.events if event.reason == "Inconclusive")
        assert "bake at 100% has no verdict after 90 s" in event.message
        assert event.message.endswith("it goes on without evidence, as asked")


def test_gates_that_passed_in_a_step_at_all_requests_do_not_pass_the_bake(world: World) -> None:
    world.release = replace(world.release, strategy=Canary((WeightStep(1000, 20),), bake=Bake(60.0)))
    world.release = replace(world.release, gates=Gates(limits=(SUCCESS,), minimum_step=10, interval=5, warm_up=0))
    world.idle().push("x:2")
    world.run(lambda w: w.status.phase is Phase.BAKING)
    world.silent = True
    begun = world.now
    world.run(lambda w: w.now > begun + 300)
    assert world.status.phase is Phase.BAKING


def test_promote_ends_it_and_pause_holds_it(world: World) -> None:
    baked(world).command = Command("pause", "eve")
    begun = world.now
    world.run(lambda w: w.now > begun + 200)
    assert (world.status.phase, world.weights) == (Phase.PAUSED, {"x2": 1000})
    world.command = Command("resume", "eve")
    world.run(lambda w: w.status.phase is Phase.BAKING)
    world.command = Command("promote", "eve")
    world.run(lambda w: w.status.phase is Phase.IDLE, seconds=20)
    assert world.status.stable.name == "x2"


def test_what_turns_bad_while_a_bake_is_paused_is_out_too(world: World) -> None:
    baked(world).command = Command("pause", "eve")
    world.turn()
    world.bad.add("x:2")
    failed(world)


def test_a_newer_version_supersedes_it_from_the_old_revision(world: World) -> None:
    baked(world).push("x:3")
    world.turn()
    assert world.weights == {"x1": 1000}
    world.run(lambda w: w.status.phase is Phase.IDLE)
    assert (world.weights, world.shares) == ({"x3": 1000}, [0, 500, 1000])


def test_the_old_template_again_ends_it(world: World) -> None:
    baked(world).push("x:1")
    world.turn()
    assert world.weights == {"x1": 1000}
    world.rest()
    assert world.status.phase is Phase.IDLE


def test_an_invalid_spec_holds_it_and_it_goes_on(world: World) -> None:
    baked(world).problems = ("spec: broken",)
    world.turn()
    assert world.status.phase is Phase.INVALID
    world.problems = ()
    world.run(lambda w: w.status.phase is Phase.BAKING)
    world.run(lambda w: w.status.phase is Phase.IDLE)
    assert world.weights == {"x2": 1000}


def test_autoscalers_look_at_the_candidate(world: World) -> None:
    assert baked(world).status.selector == "sluice.dev/revision=x2"
