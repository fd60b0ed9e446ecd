"""Stable's history and the comparison's words in the status of a release."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import pytest

from controller.core.analysis import Kept
from controller.core.decide import Observed, decide, history_until, told
from controller.core.observed import Counts, History
from controller.core.release import Canary, Compare, Gates, Tolerance, WeightStep
from controller.core.status import Phase, Verdict

World = Any  # what may be None in it is there by the story

CALM = History((Counts(1000.0, 1.0, (0.1, 0.25, inf), (990.0, 1000.0, 1000.0)),) * 120)


def compared(world: World, history: History = CALM) -> World:
    world.before = history
    gates = Gates(compare=Compare(), minimum_step=10, interval=5, warm_up=0, step_deadline=3600)
    world.release = replace(world.release, strategy=Canary((WeightStep(100, 20), WeightStep(500, 20))), gates=gates)
    return world.idle()


def in_effect(world: World) -> bool:
    return world.status.step is not None and world.status.step.in_effect_since is not None


def gate(world: World, name: str = "compare") -> Any:
    return next(one for one in world.status.gates if one.name == name)


def test_the_history_is_asked_for_once_before_the_first_weight(world: World) -> None:
    compared(world)
    assert world.asked == 0, "an adoption compares nothing"
    world.push("x:2")
    world.run(in_effect)
    assert world.asked == 1
    assert world.status.evidence.state.cautious == ""
    assert world.status.evidence.state.looks == 0
    world.run(lambda w: w.status.phase is Phase.IDLE)
    assert world.asked == 1
    assert world.status.evidence == ""


def test_no_pod_waits_for_a_provider(world: World) -> None:
    """The history is wanted once the candidate's Deployment is there, and not by the pass that makes it."""
    compared(world).push("x:2")
    world.turn()
    assert (world.status.phase, world.asked) == (Phase.PREPARING, 0)
    assert "x2" in world.revisions


def test_a_provider_that_fails_is_asked_again_until_the_first_look_and_then_it_is_said(world: World) -> None:
    compared(world, History(missing="Prometheus is away")).push("x:2")
    world.run(in_effect)
    assert world.asked > 1
    assert world.status.evidence == ""
    world.run(lambda w: w.status.evidence != "")
    asked = world.asked
    reason = told(world.release, world.status, world.observed()).message
    assert "Cautious until the next release, as if errors came 4 at a time" in reason
    assert "no history of stable (Prometheus is away)" in reason
    world.run(lambda w: w.status.stable.name == "x2")
    assert world.asked == asked


def test_a_provider_that_is_back_before_the_first_look_is_enough(world: World) -> None:
    compared(world, History(missing="Prometheus is away")).push("x:2")
    world.run(in_effect)
    world.before = CALM
    world.run(lambda w: w.status.evidence != "")
    assert world.status.evidence.state.cautious == ""


def test_history_that_is_asked_for_at_the_first_look_ends_where_it_begins(world: World) -> None:
    compared(world, History(missing="Prometheus is away")).push("x:2")
    world.run(in_effect)
    assert history_until(world.release, world.status, world.now + 100) == world.status.step.in_effect_since


@pytest.mark.parametrize("at", ["before the first look", "in the middle"])
def test_after_a_restart_the_history_is_the_same_and_so_is_the_verdict(world: World, at: str) -> None:
    """What the status holds as text gives what the memory would have given, whatever history there is by then."""
    compared(world).push("x:2")
    world.run(in_effect)
    if at == "in the middle":
        world.run(lambda w: w.status.evidence.state.looks >= 2)
    written = replace(world.status, evidence=str(world.status.evidence))
    world.before, world.now = History(missing="Prometheus is away"), world.now + 5
    observed = world.observed()
    assert observed.history is None
    straight = decide(world.release, world.status, observed).status
    restarted = decide(world.release, written, observed).status
    assert isinstance(straight.evidence, Kept)
    assert isinstance(restarted.evidence, Kept)
    was, found = straight.evidence.state, restarted.evidence.state
    for one, other in zip(found.tracks[1].bounds, was.tracks[1].bounds, strict=True):
        assert one == pytest.approx(other, rel=1e-8)
    assert found.harm == pytest.approx(was.harm, rel=1e-8)
    assert found.looks == was.looks
    assert [(one.name, one.verdict) for one in restarted.gates] == [(one.name, one.verdict) for one in straight.gates]


def test_a_release_says_at_once_about_how_long_its_step_takes(world: World) -> None:
    compared(world).push("x:2")
    world.run(in_effect)
    expected = "This step needs about 20 s at the present traffic."
    assert gate(world).reason == expected
    assert world.status.message.startswith("x2 at 10%, step 1 of 2 until at least ")
    assert world.status.message.endswith(f" UTC. {expected}")


def test_numbers_are_only_counted_out_for_a_write(world: World) -> None:
    compared(world)
    world.release = replace(world.release, strategy=Canary((WeightStep(100, 600),)))
    world.push("x:2")
    world.run(lambda w: gate(w).verdict is Verdict.PASS if w.status.gates else False)
    before = gate(world, "compare/errors")
    looks = world.status.evidence.state.looks
    world.run(lambda w: w.status.evidence.state.looks > looks)
    assert gate(world, "compare/errors") is before
    newer = told(world.release, world.status, still(world))
    found = next(one for one in newer.gates if one.name == "compare/errors")
    assert found.sample > before.sample
    assert found.reason.startswith("errors 0 % (between ")
    assert found.reason.endswith(f", {found.sample:,} requests")


def still(world: World) -> Observed:
    """What is seen when no look is due."""
    found: Observed = replace(world.observed(), looks=())
    return found


def test_what_a_release_compares_may_change_in_the_middle(world: World) -> None:
    compared(world).push("x:2")
    world.run(lambda w: isinstance(w.status.evidence, Kept) and w.status.evidence.state.looks >= 1)
    gates = replace(world.release.gates, compare=Compare(false_alarm=0.01))
    world.release = replace(world.release, gates=gates)
    world.run(lambda w: w.status.stable.name == "x2")


def test_a_step_whose_first_look_says_all_is_left_like_the_one_before(world: World) -> None:
    """The comparison then stands where it stood at the end of the step before, and the gates have to say so anew."""
    compared(world)
    wide = Tolerance(relative=1.25, absolute=0.1)
    gates = replace(world.release.gates, compare=Compare(errors=wide, latency=wide, budget=0.2))
    world.release = replace(world.release, gates=gates)
    world.push("x:2")
    world.run(lambda w: w.status.stable.name == "x2", seconds=120)
