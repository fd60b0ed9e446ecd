"""Every edge case that the design lists, by its name there."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isfinite, nan
from typing import TYPE_CHECKING

import pytest

from controller.core.analysis import ERRORS, AtStep, Settings, State, observe, pack, report, start, unpack, verdict
from controller.core.observed import Counts, Look
from controller.core.status import Verdict

if TYPE_CHECKING:
    from tests.core.analysis.conftest import Lab


def numbers(state: State) -> list[float]:
    return [x for track in state.tracks for e in track.evidence for x in (*e.harm, *e.good, *e[2:])]


@pytest.mark.parametrize(("n_c", "n_b"), [(0.0, 1000.0), (50.0, 0.0), (0.0, 0.0)])
def test_no_requests_on_either_or_both_arms(lab: Lab, n_c: float, n_b: float) -> None:
    state = lab.after([(lab.arm(n_c, n_c), lab.arm(n_b))] * 40)
    assert verdict(state, lab.at) is Verdict.INCONCLUSIVE
    assert state.harm == pytest.approx(1.0, abs=0.01)
    name = "stable" if n_c else "candidate"
    assert report(state, lab.at).reason == f"Nothing can be compared: {name} has had no requests in this step."


def test_more_bad_than_n(lab: Lab) -> None:
    more = lab.after([(lab.arm(50.0, 70.0), lab.arm(1000.0, 1500.0))] * 10)
    all_bad = lab.after([(lab.arm(50.0, 50.0), lab.arm(1000.0, 1000.0))] * 10)
    assert numbers(more) == numbers(all_bad)
    assert verdict(more, lab.at) is not Verdict.FAIL


def test_fractional_counts(lab: Lab) -> None:
    state = lab.after([(lab.arm(0.3, 0.0), lab.arm(7.4, 0.25))] * 30)
    assert all(isfinite(x) for x in numbers(state))
    assert state.tracks[0].requests_c == pytest.approx(9.0)


def test_1e9_counts(lab: Lab) -> None:
    good = lab.after([(lab.arm(1e9, 1e6), lab.arm(1e9, 1e6))] * 40)
    assert all(isfinite(x) for x in numbers(good))
    assert verdict(good, lab.at) is Verdict.PASS
    bad = lab.after([(lab.arm(1e9, 1e9), lab.arm(1e9, 1e6))] * 2)
    assert verdict(bad, lab.at) is Verdict.FAIL


def test_baseline_without_errors(lab: Lab) -> None:
    state = start(lab.settings, lab.history(errors=0.0))
    healthy = lab.after([(lab.arm(50.0), lab.arm(950.0))] * 20, state)
    assert verdict(healthy, lab.at) is Verdict.PASS
    failing = lab.after([(lab.arm(50.0, 10.0), lab.arm(950.0))] * 4, state)
    assert verdict(failing, lab.at) is Verdict.FAIL


def test_r_q_plus_d_at_least_0_95(lab: Lab) -> None:
    """Nothing can be told apart where nearly everything fails: no harm, and no promotion either."""
    state = start(lab.settings, lab.history(errors=990.0))
    all_fail = lab.after([(lab.arm(50.0, 50.0), lab.arm(950.0, 940.0))] * 40, state)
    assert verdict(all_fail, lab.at) is Verdict.INCONCLUSIVE
    assert all_fail.harm <= 1.01


def test_one_look_of_100_percent_errors_does_not_abort_two_do(lab: Lab) -> None:
    failing = (lab.arm(50.0, 50.0), lab.arm(950.0, 1.0))
    assert verdict(lab.after([failing]), lab.at) is not Verdict.FAIL
    assert verdict(lab.after([failing] * 2), lab.at) is Verdict.FAIL


def test_one_look_of_100_percent_errors_does_not_abort_however_large_it_is(lab: Lab) -> None:
    assert not lab.after([(lab.arm(1e9, 1e9, (1.0, 1.0, 1.0)), lab.arm(1e9))]).harmful
    late = lab.after([(lab.arm(50.0), lab.arm(950.0))] * 20)
    assert not lab.after([(lab.arm(1e9, 1e9, (1.0, 1.0, 1.0)), lab.arm(1e9))], late, first=20).harmful


def test_three_looks_of_100_percent_errors_abort_after_any_number_of_healthy_ones(lab: Lab) -> None:
    late = lab.after([(lab.arm(5000.0, 5.0), lab.arm(5000.0, 5.0))] * 400)
    failing = (lab.arm(5000.0, 5000.0), lab.arm(5000.0, 5.0))
    assert not lab.after([failing] * 2, late, first=400).harmful
    assert lab.after([failing] * 3, late, first=400).harmful


def increase(before: dict[str, float], after: dict[str, float]) -> float:
    """What the counting query gives for one arm: m - m offset L, m after a reset, m of a series that is new."""
    return sum(count - before[name] if count >= before.get(name, inf) else count for name, count in after.items())


def test_a_reset_in_one_of_several_series(lab: Lab) -> None:
    before, after = {"pod-1": 900.0, "pod-2": 800.0}, {"pod-1": 950.0, "pod-2": 30.0}
    assert increase(before, after) == 80.0
    state = lab.after([(lab.arm(increase(before, after)), lab.arm(1000.0, 1.0))] * 20)
    assert verdict(state, lab.at) is Verdict.PASS


def test_a_pod_added_or_gone_between_scrapes(lab: Lab) -> None:
    before, after = {"pod-1": 900.0, "pod-2": 800.0}, {"pod-2": 850.0, "pod-3": 12.0}
    assert increase(before, after) == 62.0
    state = lab.after([(lab.arm(62.0), lab.arm(1000.0, 1.0)), (lab.arm(12.0), lab.arm(400.0, 0.0))] * 15)
    assert verdict(state, lab.at) is Verdict.PASS


def test_a_new_error_series(lab: Lab) -> None:
    """The first 503s of a canary are a series that was not there one look ago; all of them count."""
    errors = increase({}, {'response_code="503"': 15.0})
    assert errors == 15.0
    assert lab.after([(lab.arm(50.0, errors), lab.arm(950.0, 1.0))] * 3).harmful


@pytest.mark.parametrize("wrong", [nan, inf, -1.0])
@pytest.mark.parametrize("field", ["requests", "errors"])
def test_nan_scrapes(lab: Lab, field: str, wrong: float) -> None:
    before = lab.after([(lab.arm(500.0), lab.arm(500.0))] * 20)
    assert verdict(before, lab.at) is Verdict.PASS
    arm = lab.arm(500.0)
    broken = replace(arm, requests=wrong) if field == "requests" else replace(arm, errors=wrong)
    state = lab.after([(broken, lab.arm(500.0))], before, first=20)
    assert numbers(state) == numbers(before)
    assert verdict(state, lab.at) is Verdict.INCONCLUSIVE
    assert report(state, lab.at).reason == f"There is no data: the number of {field} of the candidate reads {wrong:g}."


def test_nan_scrapes_in_the_history(lab: Lab) -> None:
    clean = lab.history(looks=60)
    broken = [replace(arm, requests=nan) for arm in clean[:20]] + [replace(arm, errors=inf) for arm in clean[:20]]
    headless = [replace(arm, within=(nan, 1.0, 2.0, 3.0)) for arm in clean[:1]]
    assert start(lab.settings, [*broken, *clean]).tracks[0] == start(lab.settings, clean).tracks[0]
    assert start(lab.settings, [*headless, *clean]).tracks[1] == start(lab.settings, clean).tracks[1]


def test_stale_scrapes(lab: Lab) -> None:
    """An arm whose series went stale comes back as zeros, which is no evidence for anything."""
    before = lab.after([(lab.arm(50.0), lab.arm(950.0, 1.0))] * 5)
    state = lab.after([(Counts(), Counts())] * 30, before, first=5)
    assert verdict(state, lab.at) is Verdict.INCONCLUSIVE
    assert state.harm <= 1.01


def test_duplicate_and_late_scrapes(lab: Lab) -> None:
    pairs = [(lab.arm(50.0, 1.0), lab.arm(950.0, 1.0))] * 6
    state = lab.after(pairs)
    for number in (5, 3, 0):
        assert lab.after([pairs[0]], state, first=number) is state
    overlapping = Look(state.end + 7.0, 15.0, lab.arm(50.0, 50.0), lab.arm(950.0))
    assert observe(state, overlapping, lab.at) is state


def test_a_long_gap_between_looks(lab: Lab) -> None:
    pair = (lab.arm(50.0, 40.0), lab.arm(950.0, 1.0))
    state = lab.after([pair])
    later = lab.after([pair], state, first=4000)
    assert later.harmful
    waiting = lab.after([(lab.arm(500.0), lab.arm(500.0))] * 20)
    assert verdict(waiting, lab.at, now=waiting.end + 20.0) is Verdict.PASS
    assert verdict(waiting, lab.at, now=waiting.end + 600.0) is Verdict.INCONCLUSIVE
    assert report(waiting, lab.at, now=waiting.end + 600.0).reason == "The last look is 10 minutes old."


def test_clock_going_back(lab: Lab) -> None:
    state = lab.after([(lab.arm(500.0), lab.arm(500.0))] * 20)
    back = Look(lab.begin - 3600.0, 15.0, lab.arm(500.0, 500.0), lab.arm(500.0))
    assert observe(state, back, lab.at) is state
    assert verdict(state, lab.at, now=lab.begin - 3600.0) is Verdict.INCONCLUSIVE
    assert "clock has gone back" in report(state, lab.at, now=lab.begin - 3600.0).reason


@pytest.mark.parametrize("failed", [0.0, 2.0, 50.0])
def test_state_written_out_and_read_back_gives_the_same_verdict(lab: Lab, failed: float) -> None:
    pairs = [(lab.arm(500.0, failed), lab.arm(500.0, 1.0))] * 30
    state, restarted = lab.fresh(), lab.fresh()
    seen = set()
    for number, pair in enumerate(pairs):
        state = lab.after([pair], state, first=number)
        restarted = unpack(lab.settings, pack(lab.after([pair], restarted, first=number)))
        seen.add(verdict(state, lab.at))
        assert verdict(restarted, lab.at) is verdict(state, lab.at)
    assert seen == {Verdict.INCONCLUSIVE, Verdict.FAIL if failed == 50.0 else Verdict.PASS}


def test_looks_since_the_last_checkpoint_are_asked_again(lab: Lab) -> None:
    pairs = [(lab.arm(50.0, float(i % 2)), lab.arm(950.0, 1.0)) for i in range(12)]
    straight = lab.after(pairs)
    checkpoint = unpack(lab.settings, pack(lab.after(pairs[:8])))
    replayed = lab.after(pairs[4:], checkpoint, first=4)
    assert numbers(replayed) == pytest.approx(numbers(straight), rel=1e-7)
    assert replayed.looks == straight.looks == 12


def test_candidate_that_refuses_every_connection_seen_by_source_only(lab: Lab) -> None:
    """Its own sidecar reports nothing; the callers' do, without a latency of the candidate."""
    refused = Counts(requests=50.0, errors=50.0)
    state = lab.after([(refused, lab.arm(950.0, 1.0))] * 2)
    assert verdict(state, lab.at) is Verdict.FAIL
    assert report(state, lab.at).reason.startswith("100 of 100 requests to the candidate failed (100 %), 2 of 1,900 to")


def test_a_shared_outage_neither_aborts_nor_promotes(lab: Lab) -> None:
    calm = (lab.arm(50.0), lab.arm(950.0, 1.0))
    outage = (lab.arm(50.0, 40.0), lab.arm(950.0, 760.0))
    during = lab.after([outage] * 12, lab.after([calm] * 2), first=2)
    assert verdict(during, lab.at) is Verdict.INCONCLUSIVE
    after = lab.after([calm] * 60, during, first=14)
    assert verdict(after, lab.at) is Verdict.PASS


def test_missing_data_is_hold_never_failure_for_as_long_as_it_is_missing(lab: Lab) -> None:
    state = lab.after([(lab.arm(500.0), lab.arm(500.0))] * 20)
    for number in range(20, 500):
        look = lab.look(number, Counts(), Counts(), missing="Prometheus did not answer within 10 s")
        state = observe(state, look, lab.at)
        assert verdict(state, lab.at) is Verdict.INCONCLUSIVE
    assert report(state, lab.at).reason == "There is no data: Prometheus did not answer within 10 s."
    back = lab.after([(lab.arm(500.0), lab.arm(500.0))], state, first=500)
    assert verdict(back, lab.at) is Verdict.PASS


def test_no_verdict_on_zero_evidence(lab: Lab) -> None:
    assert verdict(lab.fresh(), lab.at) is Verdict.INCONCLUSIVE
    unknown = start(lab.settings)
    assert verdict(unknown, lab.at) is Verdict.INCONCLUSIVE
    assert report(unknown, lab.at).reason.startswith("No look at this step's traffic has been taken yet. Cautious")


def test_at_full_weight_there_is_nothing_to_compare_with(lab: Lab) -> None:
    full = AtStep(1, 1.0, lab.begin)
    state = lab.fresh()
    for number in range(40):
        state = observe(state, lab.look(number, lab.arm(1000.0, 900.0), Counts()), full)
    assert verdict(state, full) is Verdict.INCONCLUSIVE
    assert report(state, full).reason == "Nothing can be compared: stable has had no requests in this step."


def test_one_metric_alone_has_the_whole_false_alarm(lab: Lab) -> None:
    alone = Settings(metrics=(ERRORS,), steps=5)
    state = start(alone, lab.history())
    for number in range(2):
        state = observe(state, lab.look(number, lab.arm(50.0, 50.0), lab.arm(950.0)), lab.at)
        assert state.harmful == (number == 1)
