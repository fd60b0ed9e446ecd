from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.core.decide import TRANSITIONS, decide
from controller.core.release import (
    Canary,
    Command,
    Compare,
    Fallback,
    Gates,
    WeightStep,
)
from controller.core.status import Phase, Truth
from controller.core.traffic import MatchKind, TesterMatch, ValueMatch
from tests.core.world import gated

World = Any  # what may be None in it is there by the story

TESTERS = (TesterMatch(headers=(ValueMatch("x-canary", MatchKind.EXACT, "always"),)),)


def reasons(world: World) -> list[str]:
    return [event.reason for event in world.events]


def test_adoption_brings_up_the_first_revision_before_it_touches_the_deployment(world: World) -> None:
    world.turn()
    assert world.status.phase is Phase.PREPARING
    assert world.revisions["x1"].replicas == 3
    assert not world.paused
    assert world.weights == {}
    world.run(lambda w: w.status.phase is Phase.IDLE)
    assert world.weights == {"x1": 1000}
    assert world.revisions["x1"].ready == 3
    assert world.own, "its own pods are kept until they are drained"
    world.rest()
    assert (world.paused, world.own) == (True, False)
    assert reasons(world) == ["Adopting", "Promoting", "Adopted"]


def test_a_release_goes_through_every_step_and_the_old_revision_goes_after_its_drain(world: World) -> None:
    world.idle().push("x:2")
    world.run(lambda w: w.status.phase is Phase.IDLE and w.status.stable.name == "x2")
    assert world.shares == [0, 100, 500, 1000]
    assert world.revisions["x1"].replicas == 3, "the old one stays whole until it is drained"
    since = world.status.retiring[0].unrouted_since
    world.run(lambda w: "x1" not in w.revisions)
    assert world.now - since >= world.release.traffic.propagation + world.release.traffic.drain
    world.rest()
    assert world.subsets == {"x2"}
    assert world.status.condition("Ready").status is Truth.TRUE
    assert reasons(world) == ["Started", "Step", "Step", "Promoting", "Promoted"]


def test_each_step_lasts_its_time_from_the_moment_its_traffic_is_in_effect(world: World) -> None:
    world.idle().push("x:2")
    world.run(lambda w: w.status.phase is Phase.IDLE and w.status.stable.name == "x2")
    at = {weights.get("x2", 0): now for now, _, weights in reversed(world.history)}
    assert at[500] - at[100] >= 20 + world.release.traffic.propagation
    assert at[1000] - at[500] >= 20 + world.release.traffic.propagation


def test_pods_come_before_the_weight_that_needs_them(world: World) -> None:
    world.replicas = 10
    world.idle().push("x:2")
    seen: dict[int, int] = {}

    def done(w: World) -> bool:
        seen.setdefault(w.weights.get("x2", 0), w.revisions["x2"].ready if "x2" in w.revisions else 0)
        return bool(w.status.stable.name == "x2")

    world.run(done)
    assert seen[100] >= 1
    assert seen[500] >= 5
    assert seen[1000] == 10


def test_testers_reach_the_candidate_from_the_first_step_to_the_end_of_the_release(world: World) -> None:
    world.release = replace(world.release, strategy=Canary((WeightStep(0, 20), WeightStep(500, 20)), TESTERS))
    world.idle().push("x:2")
    world.run(lambda w: w.testers == "x2")
    assert world.weights == {"x1": 1000}
    world.run(lambda w: w.status.phase is Phase.IDLE and w.status.stable.name == "x2")
    world.turn()
    assert world.testers == ""


def test_gates_hold_a_step_until_the_sample_is_there(world: World) -> None:
    gated(world).idle().push("x:2")
    world.silent = True
    world.run(lambda w: w.status.step is not None and w.status.step.in_effect_since is not None)
    effect = world.now
    world.run(lambda w: w.now > effect + 300)
    assert world.weights["x2"] == 100
    assert world.status.message == "x2 at 10%, step 1 of 2: waits for evidence (success: 0 of the 50 requests needed)"
    world.silent = False
    world.run(lambda w: w.status.stable.name == "x2")
    assert world.shares == [0, 100, 500, 1000]


@pytest.mark.parametrize(("fallback", "end"), [(Fallback.PROMOTE, Phase.IDLE), (Fallback.ROLLBACK, Phase.FAILED)])
def test_what_happens_without_a_verdict_after_the_deadline(world: World, fallback: Fallback, end: Phase) -> None:
    gated(world, on_inconclusive=fallback).idle().push("x:2")
    world.silent = True
    world.run(lambda w: w.status.phase is end and w.status.release == 2)
    assert "Inconclusive" in reasons(world) or world.status.failed_reason == "Inconclusive"
    assert world.weights == ({"x2": 1000} if end is Phase.IDLE else {"x1": 1000})


def test_a_failing_gate_brings_all_requests_home_and_says_why(world: World) -> None:
    gated(world).idle().push("x:2")
    world.bad.add("x:2")
    world.run(lambda w: w.status.phase is Phase.ROLLING_BACK)
    assert world.weights == {"x1": 1000}, "the pass that decides it moves the routes"
    world.run(lambda w: w.status.phase is Phase.FAILED)
    assert world.status.failed_message == ("x2: gate success: 0.00% succeeded, wanted >= 99% (2 looks in a row)")
    world.rest()
    assert world.revisions["x2"].replicas == 0
    assert world.subsets == {"x1"}
    assert world.status.condition("Stalled").status is Truth.TRUE
    assert world.shares == [0, 100, 0]


def test_a_failed_release_stays_failed_while_the_template_is_only_scaled(world: World) -> None:
    gated(world).idle().push("x:2")
    world.bad.add("x:2")
    world.run(lambda w: w.status.phase is Phase.FAILED)
    world.replicas, world.generation = 5, world.generation + 1
    world.rest()
    assert world.status.phase is Phase.FAILED
    assert world.revisions["x1"].replicas == 5
    world.push("x:3")
    world.run(lambda w: w.status.phase is Phase.IDLE)
    assert world.weights == {"x3": 1000}


def test_after_a_failure_the_former_template_makes_it_idle_again(world: World) -> None:
    gated(world).idle().push("x:2")
    world.bad.add("x:2")
    world.run(lambda w: w.status.phase is Phase.FAILED)
    world.push("x:1")
    world.rest()
    assert world.status.phase is Phase.IDLE
    assert world.status.condition("Ready").status is Truth.TRUE


@pytest.mark.parametrize("how", ["retry", "edit"])
def test_a_failed_release_is_tried_again(world: World, how: str) -> None:
    gated(world).idle().push("x:2")
    world.bad.add("x:2")
    world.run(lambda w: w.status.phase is Phase.FAILED)
    world.bad.clear()
    if how == "retry":
        world.command = Command("retry", "eve")
    else:
        world.release = replace(world.release, generation=2)
    world.run(lambda w: w.status.phase is Phase.IDLE)
    assert world.weights == {"x2": 1000}


def test_the_progress_deadline_names_what_keeps_the_pods_from_running(world: World) -> None:
    world.idle().push("x:2")
    world.crash.add("x:2")
    world.run(lambda w: w.status.phase is Phase.FAILED)
    assert world.status.failed_reason == "ProgressDeadline"
    assert world.shares == [0]


def test_a_candidate_that_loses_all_its_pods_is_taken_out(world: World) -> None:
    world.idle().push("x:2")
    world.run(lambda w: w.weights.get("x2") == 500)
    world.crash.add("x:2")
    world.revisions["x2"].ready = 0
    world.turn()
    assert world.weights == {"x1": 1000}
    assert world.status.failed_reason == "NoReadyPods"


def test_a_newer_version_supersedes_and_starts_from_the_first_step(world: World) -> None:
    world.idle().push("x:2")
    world.run(lambda w: w.weights.get("x2") == 500)
    world.push("x:3")
    world.turn()
    assert world.weights == {"x1": 1000}
    world.run(lambda w: w.status.phase is Phase.IDLE and w.status.stable.name == "x3")
    assert world.shares == [0, 100, 500, 1000]
    world.rest()
    assert set(world.revisions) == {"x3"}


def test_the_stable_template_again_ends_the_release(world: World) -> None:
    world.idle().push("x:2")
    world.run(lambda w: w.weights.get("x2") == 100)
    world.push("x:1")
    world.turn()
    assert world.weights == {"x1": 1000}
    world.rest()
    assert (world.status.phase, set(world.revisions)) == (Phase.IDLE, {"x1"})


def test_an_upgrade_that_only_changes_how_the_template_looks_starts_nothing(world: World) -> None:
    world.idle()
    world.image = "x:9"  # looks different, but nobody wrote it: the generation is the same
    world.rest()
    assert (world.status.phase, world.weights) == (Phase.IDLE, {"x1": 1000})


def compared(world: World) -> World:
    gates = Gates(compare=Compare(), minimum_step=10, interval=5, warm_up=0, step_deadline=600)
    world.release = replace(world.release, gates=gates)
    return world


def test_a_version_as_good_as_stable_is_promoted_by_the_comparison_alone(world: World) -> None:
    compared(world).idle().push("x:2")
    world.run(lambda w: w.status.gates and w.status.gates[0].reason.startswith("Not enough evidence yet"))
    assert world.status.message.startswith("x2 at 10%, step 1 of 2 until at least ")
    world.run(lambda w: w.status.stable.name == "x2", seconds=600)
    assert world.shares == [0, 100, 500, 1000]


def test_a_harmful_version_is_out_after_two_looks_with_its_numbers_in_a_sentence(world: World) -> None:
    compared(world).idle().push("x:2")
    world.bad.add("x:2")
    world.run(lambda w: w.status.step is not None and w.status.step.in_effect_since is not None)
    effect = world.now
    world.run(lambda w: w.status.phase is Phase.ROLLING_BACK)
    assert world.now - effect <= 11
    assert world.status.failed_reason == "Harmful"
    assert world.status.failed_message.startswith("x2: 200 of 200 requests to the candidate failed (100 %), 0 of 1,800")


def test_without_traffic_the_comparison_holds_and_says_so(world: World) -> None:
    compared(world).idle().push("x:2")
    world.silent = True
    world.run(lambda w: w.status.step is not None and w.status.step.in_effect_since is not None)
    effect = world.now
    world.run(lambda w: w.now > effect + 300)
    assert world.weights["x2"] == 100
    assert "compare: " in world.status.message
    assert "candidate has had no requests in this step" in world.status.message


def test_evidence_survives_in_the_status(world: World) -> None:
    compared(world).idle().push("x:2")
    world.run(lambda w: w.status.evidence != "")
    observed = world.observed()
    again = replace(world.status, evidence="not ours")
    assert decide(world.release, again, observed).status.phase is world.status.phase
    assert len(str(world.status.evidence)) <= 4096


def test_gates_do_not_hold_a_step_that_only_testers_reach(world: World) -> None:
    compared(world)
    world.release = replace(world.release, strategy=Canary((WeightStep(0, 20), WeightStep(500, 20)), TESTERS))
    world.idle().push("x:2")
    world.run(lambda w: w.weights.get("x2") == 500, seconds=120)


def test_idle_has_no_timer(world: World) -> None:
    world.idle()
    assert world.turn().after is None


def test_every_transition_made_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(Phase)
    reachable = {Phase.IDLE}
    while True:
        more = {to for phase in reachable for to in TRANSITIONS[phase]} | reachable
        if more == reachable:
            break
        reachable = more
    assert reachable == set(Phase)


def test_stable_without_a_ready_pod_is_not_called_ready(world: World) -> None:
    world.idle()
    world.revisions["x1"].ready = 0
    world.turn()
    assert world.status.condition("Ready").status is Truth.FALSE
    assert world.status.message == "x1 (x:1) has no ready pod: see Deployment podinfo-x1"


def test_a_failed_version_whose_object_was_deleted_is_not_tried_again_by_scaling(world: World) -> None:
    gated(world).idle().push("x:2")
    world.bad.add("x:2")
    world.run(lambda w: w.status.phase is Phase.FAILED)
    world.rest()
    del world.revisions["x2"]
    world.replicas, world.generation = 5, world.generation + 1
    world.rest()
    assert world.status.phase is Phase.FAILED


def test_while_it_waits_for_pods_it_says_how_many_it_needs(world: World) -> None:
    world.replicas = 10
    world.idle().push("x:2")
    world.run(lambda w: w.weights.get("x2") == 100)
    told: list[str] = []

    def done(w: World) -> bool:
        told.append(w.status.message)
        return bool(w.weights.get("x2") == 500)

    world.run(done)
    assert "x2 at 10%, step 1 of 2: passed; waiting for the next step's pods (1 of 5 available)" in told


def test_a_step_that_passed_while_it_was_paused_says_so_when_it_goes_on(world: World) -> None:
    gated(world).idle().push("x:2")
    world.run(lambda w: w.weights.get("x2") == 100)
    world.release = replace(world.release, paused=True)
    begun = world.now
    world.run(lambda w: w.now > begun + 500)
    world.release = replace(world.release, paused=False)
    world.turn()
    assert (world.status.phase, world.status.message) == (Phase.PROGRESSING, "x2 at 10%, step 1 of 2: passed; goes on")
