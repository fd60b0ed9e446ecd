"""The fold: warm-up, steps, latency bounds learned late, missing latency, and what is laid when."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest

from controller.core.analysis import AtStep, State, observe, start, verdict
from controller.core.observed import Counts
from controller.core.status import Verdict

if TYPE_CHECKING:
    from tests.core.analysis.conftest import Lab


def test_in_the_warm_up_errors_count_as_harm_and_nothing_counts_as_good(lab: Lab) -> None:
    cold = (lab.arm(500.0, 0.0, (1.0, 1.0, 1.0)), lab.arm(500.0, 1.0))
    warm = lab.after([cold] * 2)
    errors, latency = warm.tracks
    assert errors.requests_c == 1000.0
    assert latency.requests_c == 0.0
    assert all(e.good == (0.0, 0.0) for track in warm.tracks for e in track.evidence)
    assert all(e.bad_c == 0.0 for e in latency.evidence)
    third = lab.after([cold], warm, first=2)
    assert third.tracks[1].requests_c == 500.0
    assert third.step_looks == 1
    assert lab.after([(lab.arm(500.0, 100.0), lab.arm(500.0))] * 2).harmful


def test_latency_alone_aborts_after_the_warm_up(lab: Lab) -> None:
    slow = (lab.arm(500.0, 0.0, (0.9, 0.6, 0.3)), lab.arm(500.0, 0.0))
    state = lab.after([slow] * 10)
    assert state.harmful
    assert state.looks in (4, 5, 6)


def test_beside_a_stable_that_fails_fast_being_slower_is_no_harm(lab: Lab) -> None:
    """Its fix does the work again; it is not passed for that either."""
    fix, broken = lab.arm(500.0, 0.0, (0.9, 0.6, 0.3)), lab.arm(500.0, 400.0)
    state = lab.after([(fix, broken)] * 40)
    assert not state.harmful
    assert verdict(state, lab.at) is Verdict.INCONCLUSIVE
    assert lab.after([(fix, lab.arm(500.0))] * 10, state, first=40).harmful
    assert lab.after([(lab.arm(500.0, 400.0, (0.9, 0.6, 0.3)), broken)] * 10).harmful, "both fail alike"


def test_good_enough_evidence_starts_afresh_at_every_step(lab: Lab) -> None:
    good = (lab.arm(500.0), lab.arm(500.0))
    state = lab.after([good] * 20)
    assert verdict(state, lab.at) is Verdict.PASS
    following = AtStep(1, 0.5, state.end)
    assert verdict(state, following) is Verdict.INCONCLUSIVE
    state = observe(state, lab.look(20, *good), following)
    assert (state.step, state.step_looks, state.step_seconds) == (1, 0, 15.0)
    assert all(e.good == (0.0, 0.0) for track in state.tracks for e in track.evidence)
    for number in range(21, 40):
        state = observe(state, lab.look(number, *good), following)
    assert verdict(state, following) is Verdict.PASS
    assert verdict(state, lab.at) is Verdict.INCONCLUSIVE


def test_harm_is_remembered_over_the_steps_and_each_start_lays_a_share_of_its_mass(lab: Lab) -> None:
    quiet = (lab.arm(1e-9), lab.arm(1e-9))
    state = lab.after([quiet] * 10)
    before = sum(state.tracks[0].evidence[0].harm) / 7
    state = observe(state, lab.look(10, *quiet), AtStep(1, 0.1, state.end))
    laid = sum(state.tracks[0].evidence[0].harm) / 7 - before
    assert 0.0625 < laid < 0.066
    assert state.tracks[0].harm(state.unlaid) == pytest.approx(1.0)


def test_more_steps_than_planned_lay_no_more_than_the_whole_mass(lab: Lab) -> None:
    quiet = (lab.arm(1e-9), lab.arm(1e-9))
    state = lab.fresh()
    for number in range(100):
        state = observe(state, lab.look(number, *quiet), AtStep(number, 0.1, lab.begin + 15.0 * number))
    assert state.unlaid == pytest.approx(0.0, abs=1e-12)
    assert state.tracks[0].harm(state.unlaid) == pytest.approx(1.0)


def test_without_history_the_latency_bounds_come_from_the_baselines_first_looks(lab: Lab) -> None:
    state = start(lab.settings)
    assert state.tracks[1].bounds == ()
    state = lab.after([(lab.arm(50.0), lab.arm(150.0))], state)
    assert state.tracks[1].bounds == ()
    assert "too few requests" in state.tracks[1].missing
    state = lab.after([(lab.arm(50.0), lab.arm(950.0))], state, first=1)
    assert [bound.at for bound in state.tracks[1].bounds] == [0.1, 0.25, 1.0]
    assert state.tracks[1].harm(state.unlaid) == pytest.approx(1.0)
    healthy = lab.after([(lab.arm(500.0), lab.arm(500.0))] * 60, state, first=2)
    assert verdict(healthy, lab.at) is Verdict.PASS
    slow = lab.after([(lab.arm(500.0, 0.0, (0.9, 0.6, 0.3)), lab.arm(500.0))] * 20, state, first=2)
    assert verdict(slow, lab.at) is Verdict.FAIL


def test_missing_latency_holds_and_errors_go_on_counting(lab: Lab) -> None:
    state = lab.after([(lab.arm(500.0), lab.arm(500.0))] * 20)
    for number in (20, 21):
        look = lab.look(number, lab.arm(500.0), lab.arm(500.0), latency_missing="the query took longer than 10 s")
        state = observe(state, look, lab.at)
    assert verdict(state, lab.at) is Verdict.INCONCLUSIVE
    for number in range(22, 26):
        look = lab.look(
            number, lab.arm(500.0, 400.0), lab.arm(500.0), latency_missing="the query took longer than 10 s"
        )
        state = observe(state, look, lab.at)
    assert verdict(state, lab.at) is Verdict.FAIL


def test_without_the_inf_bucket_there_is_no_verdict(lab: Lab) -> None:
    headless = Counts(500.0, 0.0, (0.1, 0.25), (450.0, 490.0))
    state = lab.after([(headless, lab.arm(500.0))] * 40)
    assert verdict(state, lab.at) is Verdict.INCONCLUSIVE
    assert "Inf" in state.tracks[1].missing


def test_bounds_of_the_two_arms_are_intersected(lab: Lab) -> None:
    finer = Counts(500.0, 0.0, (0.05, 0.1, 0.25, 0.5, 1.0, inf), (300.0, 400.0, 490.0, 495.0, 500.0, 500.0))
    state = lab.after([(finer, lab.arm(500.0, 0.0, (0.2, 0.02, 0.0)))] * 30)
    assert verdict(state, lab.at) is Verdict.PASS


def test_a_bound_that_is_gone_is_said_and_holds(lab: Lab) -> None:
    state = lab.after([(lab.arm(500.0), lab.arm(500.0))] * 20)
    coarser = Counts(500.0, 0.0, (0.1, 1.0, inf), (400.0, 500.0, 500.0))
    state = lab.after([(coarser, lab.arm(500.0))], state, first=20)
    assert verdict(state, lab.at) is Verdict.INCONCLUSIVE
    assert state.tracks[1].missing == "a histogram has no bound at 250 ms any more"


def test_an_aborted_release_keeps_the_numbers_that_aborted_it(lab: Lab) -> None:
    state = lab.after([(lab.arm(50.0, 50.0), lab.arm(950.0))] * 2)
    assert state.harmful
    assert lab.after([(lab.arm(500.0), lab.arm(500.0))] * 50, state, first=2) is state


def test_the_same_looks_give_the_same_state(lab: Lab) -> None:
    pairs = [(lab.arm(50.0, float(i % 3)), lab.arm(950.0, 2.0)) for i in range(30)]
    states: set[State] = {lab.after(pairs), lab.after(pairs)}
    assert len(states) == 1
