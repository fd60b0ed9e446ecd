"""What people read: verdicts with their samples, their bounds and their sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from controller.core.analysis import ERRORS, LATENCY, AtStep, observe, report, standing, start, verdict
from controller.core.status import Verdict

if TYPE_CHECKING:
    from tests.core.analysis.conftest import Lab


def test_an_abort_is_one_plain_sentence_with_its_numbers(lab: Lab) -> None:
    state = lab.after([(lab.arm(50.0, 4.0), lab.arm(950.0, 1.0))] * 5)
    found = report(state, lab.at)
    assert found.verdict is verdict(state, lab.at) is Verdict.FAIL
    assert found.harm >= found.harm_limit == 20.0
    assert found.reason == (
        "12 of 150 requests to the candidate failed (8 %), 3 of 2,850 to stable (0.11 %) over the same 45 s; tolerated "
        "is 1.1 times stable's share plus 0.1 %, and the chance of a false alarm is below 5 %."
    )


def test_an_abort_for_latency_names_the_bound_with_most_evidence(lab: Lab) -> None:
    state = lab.after([(lab.arm(500.0, 0.0, (0.2, 0.1, 0.0)), lab.arm(500.0, 1.0))] * 20)
    found = report(state, lab.at)
    assert found.verdict is Verdict.FAIL
    assert "requests to the candidate took longer than 250 ms (10 %)" in found.reason
    assert "1.25 times stable's share plus 0.25 %" in found.reason
    errors, latency = found.findings
    assert (errors.verdict, latency.verdict) == (Verdict.PASS, Verdict.FAIL)
    assert latency.bound == 0.25
    assert latency.excess.estimate == pytest.approx(0.08)
    assert 0.0 < latency.excess.lower < 0.08 < latency.excess.upper


def test_a_pass_says_the_excess_with_its_bounds_and_the_sample(lab: Lab) -> None:
    state = lab.after([(lab.arm(500.0, 1.0), lab.arm(500.0, 0.5))] * 40)
    found = report(state, lab.at)
    assert found.verdict is Verdict.PASS
    assert found.seconds_left == 0.0
    errors, latency = found.findings
    assert (errors.metric, latency.metric) == (ERRORS, LATENCY)
    assert (errors.requests_c, errors.bad_c, errors.requests_b, errors.bad_b) == (20_000.0, 40.0, 20_000.0, 20.0)
    assert errors.excess.estimate == pytest.approx(0.001)
    assert errors.excess.lower < 0.001 < errors.excess.upper < 0.004
    assert errors.limits == "at most 1.1 times stable's share plus 0.1 %"
    assert errors.text.startswith("errors +0.1 % (between ")
    assert errors.text.endswith("), 20,000 requests")
    assert errors.good >= errors.good_limit
    assert errors.gate.value == errors.excess.estimate
    assert (errors.gate.name, errors.gate.sample, errors.gate.verdict) == (ERRORS, 20_000, Verdict.PASS)
    assert (errors.gate.limits, errors.gate.reason) == (errors.limits, errors.text)
    assert found.reason.startswith("The candidate is good enough for this step: errors +0.1 % (between ")


def test_while_it_waits_it_says_for_what_and_about_how_long(lab: Lab) -> None:
    state = lab.after([(lab.arm(20.0), lab.arm(380.0))] * 5)
    found = report(state, lab.at)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.seconds_left is not None
    assert found.reason.startswith("Not enough evidence yet on errors and latency: about ")
    assert found.reason.endswith(" more at the present traffic.")


def test_the_forecast_comes_true(lab: Lab) -> None:
    """For a candidate as good as stable the step is done within a third of the time that was said."""
    pair = (lab.arm(20.0), lab.arm(380.0, 0.4))
    state = lab.after([pair] * 5)
    said = report(state, lab.at).seconds_left
    assert said is not None
    number = 5
    while verdict(state, lab.at) is not Verdict.PASS:
        state = lab.after([pair], state, first=number)
        number += 1
        assert number < 400
    assert 15.0 * (number - 5) == pytest.approx(said, rel=0.33)


def test_in_the_warm_up_it_says_so(lab: Lab) -> None:
    state = lab.after([(lab.arm(500.0), lab.arm(500.0))] * 2)
    assert report(state, lab.at).reason == (
        "Warming up: the first 30 s of a step do not count in its favour: about 15 s more at the present traffic."
    )


def test_when_a_step_begins_it_says_about_how_long_it_takes(lab: Lab) -> None:
    """From stable's traffic before the first look, from that of the step before later; testers' steps have none."""
    said = report(lab.fresh(), lab.at).reason
    assert said == "This step needs about 1.8 minutes at the present traffic."
    later = lab.after([(lab.arm(500.0), lab.arm(500.0))] * 30)
    assert report(later, AtStep(1, 0.5, later.end)).reason == "This step needs about 3 minutes at the present traffic."
    assert report(later, AtStep(1, 0.0, later.end)).reason == "No look at this step's traffic has been taken yet."


def test_without_enough_history_it_says_that_it_is_cautious_and_why(lab: Lab) -> None:
    state = lab.after([(lab.arm(20.0), lab.arm(380.0))] * 5, start(lab.settings, (), "Prometheus is away"))
    assert report(state, lab.at).reason.endswith(
        " Cautious until the next release, as if errors came 4 at a time: no history of stable (Prometheus is away)."
    )
    calm = lab.after([(lab.arm(20.0), lab.arm(380.0))] * 5)
    assert "Cautious" not in report(calm, lab.at).reason


def test_a_standing_stays_while_only_the_numbers_are_newer(lab: Lab) -> None:
    pair = (lab.arm(20.0), lab.arm(380.0, 0.4))
    state = lab.after([pair] * 5)
    newer = lab.after([pair], state, first=5)
    assert standing(newer, lab.at) == standing(state, lab.at)
    assert report(newer, lab.at).reason != report(state, lab.at).reason
    missing = observe(newer, lab.look(6, lab.arm(1.0), lab.arm(1.0), missing="it is down"), lab.at)
    assert standing(missing, lab.at).hold == "There is no data: it is down."


def test_missing_latency_is_said(lab: Lab) -> None:
    state = lab.fresh()
    for number in range(20):
        look = lab.look(number, lab.arm(500.0), lab.arm(500.0), latency_missing="no histogram matches the workload")
        state = observe(state, look, lab.at)
    assert report(state, lab.at).reason == "There is no data on latency: no histogram matches the workload."


def test_before_the_first_look_a_report_has_nothing_to_show_and_says_so(lab: Lab) -> None:
    found = report(start(lab.settings), lab.at)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.seconds_left is None
    assert [finding.metric for finding in found.findings] == [ERRORS, LATENCY]
    assert all(finding.excess == (0.0, -1.0, 1.0) for finding in found.findings)
    assert all(finding.text == "nothing could be compared yet" for finding in found.findings)


def test_evidence_of_the_step_before_is_not_this_steps(lab: Lab) -> None:
    state = lab.after([(lab.arm(500.0), lab.arm(500.0))] * 30)
    found = report(state, AtStep(1, 0.5, state.end))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert all(finding.good == 1.0 for finding in found.findings)


def test_the_findings_agree_with_the_verdict(lab: Lab) -> None:
    """Whoever looks at the gates alone must not promote what is held, nor miss what failed."""
    good = lab.after([(lab.arm(500.0), lab.arm(500.0))] * 30)
    for state, step, now in (
        (good, lab.at, None),
        (good, AtStep(1, 0.5, good.end), None),
        (good, lab.at, good.end + 600.0),
        (observe(good, lab.look(30, lab.arm(1.0), lab.arm(1.0), missing="it is down"), lab.at), lab.at, None),
        (observe(good, lab.look(30, lab.arm(1.0), lab.arm(1.0), latency_missing="it is down"), lab.at), lab.at, None),
        (lab.after([(lab.arm(500.0), lab.arm(500.0))] * 2), lab.at, None),
        (lab.after([(lab.arm(50.0, 50.0), lab.arm(500.0))] * 2), lab.at, None),
        (lab.after([(lab.arm(500.0, 0.0, (0.9, 0.6, 0.3)), lab.arm(500.0))] * 20), lab.at, None),
        (start(lab.settings), lab.at, None),
    ):
        found = report(state, step, now)
        verdicts = [finding.verdict for finding in found.findings]
        assert found.verdict is verdict(state, step, now)
        assert (found.verdict is Verdict.PASS) == all(value is Verdict.PASS for value in verdicts)
        assert (found.verdict is Verdict.FAIL) == any(value is Verdict.FAIL for value in verdicts)
        assert [finding.gate.verdict for finding in found.findings] == verdicts
