"""The spec is edited in the middle of a release: no weight goes up by that, and no evidence is skipped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.core.decide.edits import place
from controller.core.plan import Step
from controller.core.release import (
    ApprovalStep,
    Canary,
    Capacity,
    Command,
    Compare,
    Gates,
    IstioRouting,
    Limit,
    ManagedWorkload,
    ObjectRef,
    SuccessRateLimit,
    WeightStep,
)
from controller.core.status import Phase

World = Any  # what may be None in it is there by the story

SUCCESS = Limit("success", SuccessRateLimit(0.99), 50)
ELSEWHERE = IstioRouting((ObjectRef("shop", "other"),), "podinfo")


def steps(*weights: int, duration: float = 20) -> Canary:
    return Canary(tuple(WeightStep(weight, duration) for weight in weights))


def at(world: World, weight: int, strategy: Canary | None = None, **gates: Any) -> World:
    """A release in effect at ``weight`` per mille."""
    made = Gates(limits=(SUCCESS,), minimum_step=10, interval=5, warm_up=0, **gates)
    world.release = replace(world.release, gates=made, strategy=strategy or steps(100, 500))
    world.idle().push("x:2")
    world.run(lambda w: w.weights.get("x2") == weight and w.status.step.in_effect_since is not None)
    wait(world, 8)
    return world


def wait(world: World, seconds: float) -> None:
    end = world.now + seconds
    world.run(lambda w: w.now >= end)


def edit(world: World, **changes: Any) -> None:
    world.release = replace(world.release, generation=world.release.generation + 1, **changes)


def edits(world: World) -> list[str]:
    return [event.message for event in world.events if event.reason == "SpecEdited"]


def to_the_end(world: World) -> list[int]:
    world.run(lambda w: w.status.phase is Phase.IDLE and w.status.stable.name == "x2")
    return list(world.shares)


@pytest.mark.parametrize(
    ("weight", "weights", "expected"),
    [
        (100, (100, 500), 0),
        (100, (50, 100, 500), 1),
        (100, (50, 80, 200), 1),
        (100, (200, 500), None),
        (500, (100, 200), 1),
        (0, (0, 100), 0),
        (0, (100,), None),
        (100, (100, 100, 100, 500), 0),
        (100, (50, 100, 500, 100), 1),
        (500, (100, 500, 50, 900), 2),
        (1000, (100, 500), 1),
    ],
)
def test_where_a_plan_goes_on(weight: int, weights: tuple[int, ...], expected: int | None) -> None:
    """At its last weight before it passes the present one, and there at the first step."""
    assert place(weight, tuple(Step(one, 10, "") for one in weights)) == expected


@pytest.mark.parametrize(
    ("start", "weight", "new", "shares"),
    [
        pytest.param((100, 500), 100, (100, 300, 600), [0, 100, 300, 600, 1000], id="later steps"),
        pytest.param((100, 500), 500, (100, 500, 800), [0, 100, 500, 800, 1000], id="one more at the end"),
        pytest.param((100, 500), 500, (50, 200), [0, 100, 500, 200, 1000], id="all lower"),
        pytest.param((100, 500), 500, (50, 200, 700), [0, 100, 500, 200, 700, 1000], id="down, then up"),
        pytest.param((100, 500), 100, (200, 500), [0, 100, 0, 200, 500, 1000], id="all higher: home first"),
        pytest.param((100, 500), 100, (50, 100, 500), [0, 100, 500, 1000], id="one put before"),
        pytest.param((100, 500), 500, (500,), [0, 100, 500, 1000], id="one taken away before"),
    ],
)
def test_the_weights_after_an_edit_of_the_steps(
    world: World, start: tuple[int, ...], weight: int, new: tuple[int, ...], shares: list[int]
) -> None:
    at(world, weight, steps(*start))
    edit(world, strategy=steps(*new))
    assert to_the_end(world) == shares
    assert len(edits(world)) == 1


def test_an_edit_of_later_steps_leaves_clock_gates_and_evidence(world: World) -> None:
    at(world, 100)
    before = world.status
    edit(world, strategy=steps(100, 200, 300))
    world.turn()
    assert world.status.step == replace(before.step, count=3, looked_until=world.status.step.looked_until)
    assert edits(world) == ["later steps are others now: it stays at step 1 of 3"]


def test_an_edit_of_the_present_step_begins_its_clock_and_gates_anew(world: World) -> None:
    at(world, 500)
    edit(world, strategy=steps(100, 500, duration=30))
    edited = world.now
    world.turn()
    step = world.status.step
    assert (step.index, step.in_effect_since, step.looked_until) == (1, edited, None)
    assert [gate.reason for gate in world.status.gates] == ["no look yet"]
    world.run(lambda w: w.weights.get("x2") == 1000)
    assert world.now - edited >= 30


def test_home_first_means_until_no_request_can_come_any_more(world: World) -> None:
    at(world, 100)
    edit(world, strategy=steps(200, 500))
    world.turn()
    world.turn()
    assert (world.weights, world.status.phase) == ({"x1": 1000}, Phase.PREPARING)
    left = world.now
    world.run(lambda w: w.weights.get("x2") == 200)
    assert world.now - left >= world.release.traffic.propagation


def test_an_approval_that_is_put_at_the_present_weight_skips_no_time_and_no_gate_there(world: World) -> None:
    at(world, 100)
    edited = world.now
    edit(world, strategy=Canary((WeightStep(100, 40), ApprovalStep("managers"), WeightStep(500, 20))))
    world.run(lambda w: w.status.phase is Phase.WAITING)
    assert world.now - edited >= 40
    assert world.weights["x2"] == 100


def test_an_approval_that_was_given_does_not_count_for_other_steps(world: World) -> None:
    at(world, 100, Canary((WeightStep(100, 20), ApprovalStep("managers"), WeightStep(500, 20))))
    world.run(lambda w: w.status.phase is Phase.WAITING and w.status.step.in_effect_since is not None)
    world.command = Command("approve", "eve")
    world.turn()
    assert world.status.approvals
    edit(world, strategy=Canary((WeightStep(100, 30), ApprovalStep("owners"), WeightStep(500, 20))))
    world.turn()
    world.turn()
    wait(world, 300)
    assert (world.status.phase, world.weights["x2"]) == (Phase.WAITING, 100)


def test_an_edit_that_leaves_the_plan_equal_changes_nothing(world: World) -> None:
    at(world, 100)
    before = world.status
    edit(world, workload=ManagedWorkload("podinfo", progress_deadline=900))
    world.turn()
    assert world.status.step.in_effect_since == before.step.in_effect_since
    assert edits(world) == []


def test_a_paused_release_stays_paused_where_it_is_put(world: World) -> None:
    at(world, 500)
    world.command = Command("pause", "eve")
    world.turn()
    edit(world, strategy=steps(50, 200, 700))
    wait(world, 200)
    assert (world.status.phase, world.weights["x2"]) == (Phase.PAUSED, 200)
    edit(world, strategy=steps(300))
    wait(world, 200)
    assert (world.status.phase, world.weights) == (Phase.PAUSED, {"x1": 1000})
    world.command = Command("resume", "eve")
    assert to_the_end(world)[-3:] == [0, 300, 1000]


def test_a_promotion_on_its_way_is_decided_again_when_the_plan_goes_on_now(world: World) -> None:
    at(world, 500)
    world.command = Command("promote-full", "eve")
    world.revisions["x2"].ready -= 1
    world.crash.add("x:2")
    world.turn()
    assert world.status.phase is Phase.PROMOTING
    edit(world, strategy=steps(100, 500, 800))
    world.turn()
    assert (world.status.phase, world.status.step.target) == (Phase.PROGRESSING, 1)
    world.crash.clear()
    assert to_the_end(world) == [0, 100, 500, 800, 1000]


def test_at_the_end_an_edit_of_the_steps_comes_too_late(world: World) -> None:
    at(world, 500)
    world.run(lambda w: w.weights == {"x2": 1000})
    edit(world, strategy=steps(50))
    assert to_the_end(world) == [0, 100, 500, 1000]


def test_a_changed_limit_begins_anew_and_the_others_do_not(world: World) -> None:
    other = Limit("other", SuccessRateLimit(0.5), 50)
    at(world, 100)
    edit(world, gates=replace(world.release.gates, limits=(SUCCESS, other)))
    world.run(lambda w: len(w.status.gates) == 2)
    kept, new = world.status.gates
    assert (kept.sample > 0, new.reason) == (True, "no look yet")
    assert edits(world) == ["the gates are others now: those that changed begin anew"]
    edit(world, gates=replace(world.release.gates, limits=(replace(SUCCESS, min_requests=60), other)))
    world.turn()
    assert world.status.gates[0].reason == "no look yet"


def test_a_stricter_limit_takes_a_candidate_out_without_another_step(world: World) -> None:
    at(world, 100)
    world.bad.add("x:2")
    edit(world, gates=replace(world.release.gates, limits=(replace(SUCCESS, name="strict"),), failure_limit=1))
    world.run(lambda w: w.status.phase is Phase.FAILED)
    assert world.shares == [0, 100, 0]


def test_evidence_of_another_comparison_is_gathered_anew(world: World) -> None:
    at(world, 100, compare=Compare())
    assert world.status.evidence
    edit(world, gates=replace(world.release.gates, compare=Compare(false_alarm=0.01)))
    world.turn()
    assert not world.status.evidence
    assert to_the_end(world) == [0, 100, 500, 1000]


@pytest.mark.parametrize("weight", [100, 500])
def test_other_objects_come_after_all_requests_are_home_over_the_former_ones(world: World, weight: int) -> None:
    at(world, weight)
    seen: list[tuple[bool, dict[str, int]]] = []
    edit(world, traffic=replace(world.release.traffic, router=ELSEWHERE))

    def moved(w: World) -> bool:
        new = w.accepted is not None and w.accepted.traffic.router == ELSEWHERE
        seen.append((new, dict(w.weights)))
        return bool(w.weights.get("x2") and new)

    world.run(moved)
    former = [weights for new, weights in seen if not new]
    assert former[-1] == {"x1": 1000}, "over the former objects"
    assert world.weights["x2"] == 100, "from the first step"
    assert to_the_end(world)[-4:] == [0, 100, 500, 1000]
    assert len(edits(world)) == 2


def test_times_of_the_mesh_and_capacity_are_followed_at_once(world: World) -> None:
    at(world, 100)
    before = world.status.step
    traffic = replace(world.release.traffic, propagation=5, drain=50)
    edit(world, traffic=traffic, workload=ManagedWorkload("podinfo", capacity=Capacity.FULL))
    world.turn()
    assert world.accepted.traffic == traffic
    world.turn()
    assert world.revisions["x2"].replicas == 3
    assert world.status.step.in_effect_since == before.in_effect_since
    assert world.weights["x2"] == 100


def test_another_deployment_is_refused_while_a_release_is_in_progress(world: World) -> None:
    at(world, 100)
    edit(world, workload=ManagedWorkload("other"))
    wait(world, 100)
    assert (world.status.phase, world.weights["x2"]) == (Phase.INVALID, 100)
    assert world.status.message.startswith(
        "spec.workload.deployment: a release of Deployment podinfo is in progress, and other is another one; write "
        "podinfo again, or abort the release first"
    )
    world.command = Command("abort", "eve")
    world.turn()
    assert world.weights == {"x1": 1000}


@pytest.mark.parametrize("what", ["harm", "abort", "template"])
def test_harm_people_and_the_template_come_before_an_edit(world: World, what: str) -> None:
    at(world, 500)
    edit(world, strategy=steps(500, 900, duration=60))
    match what:
        case "harm":
            world.crash.add("x:2")
            world.revisions["x2"].ready = 0
        case "abort":
            world.command = Command("abort", "eve")
        case "template":
            world.push("x:3")
    world.turn()
    assert world.weights == {"x1": 1000}
    world.rest()
    if what == "template":
        assert world.status.stable.name == "x3"
        assert world.shares == [0, 500, 900, 1000], "the new one takes the new steps"


def test_a_refused_spec_with_a_newer_template_brings_requests_home(world: World) -> None:
    at(world, 500)
    world.problems = ("spec.gates: not so",)
    world.push("x:3")
    world.turn()
    assert world.weights == {"x1": 1000}
    world.problems = ()
    edit(world, strategy=steps(300))
    world.run(lambda w: w.status.stable.name == "x3")
    assert world.shares == [0, 300, 1000]


@pytest.mark.parametrize("where", ["rolling back", "paused by a command", "paused by the spec", "held"])
def test_a_newer_template_with_an_edit_of_the_steps_supersedes_from_everywhere(world: World, where: str) -> None:
    at(world, 500)
    match where:
        case "rolling back":
            world.command = Command("abort", "eve")
        case "paused by a command":
            world.command = Command("pause", "eve")
        case "paused by the spec":
            edit(world, paused=True)
        case "held":
            world.foreign = True
    world.turn()
    edit(world, strategy=steps(300))
    world.push("x:3")
    world.turn()
    assert world.weights == {"x1": 1000}
    wait(world, 60)
    assert set(world.weights) <= {"x1", "x3"}
    world.foreign = False
    edit(world, paused=False)
    world.run(lambda w: w.status.stable.name == "x3")
    assert world.shares == [0, 300, 1000]
