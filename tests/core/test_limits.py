from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.limits import Value, bounds, fresh, judge
from controller.core.observed import Counts, Look
from controller.core.release import LatencyLimit, Limit, PrometheusLimit, RequestRateLimit, SuccessRateLimit
from controller.core.status import GateStatus, Verdict

SUCCESS = Limit("success", SuccessRateLimit(0.99), 100)
P99 = Limit("p99", LatencyLimit(0.99, 0.5), 100)
RATE = Limit("rate", RequestRateLimit(5), 0)
QUERY = Limit("query", PrometheusLimit("up", 1, 2), 0)


def look(
    requests: float = 0, errors: float = 0, within: tuple[tuple[float, float], ...] = (), missing: str = ""
) -> Look:
    return Look(
        100.0, 10.0, Counts(requests, errors, tuple(b for b, _ in within), tuple(n for _, n in within)), missing=missing
    )


def one(limit: Limit, *looks: Look, value: Value | None = None, warm: bool = True) -> GateStatus:
    gates = fresh((limit,))
    for each in looks:
        gates = judge((limit,), gates, each, {limit.name: value} if value else {}, warm=warm)
    return gates[0]


def test_a_fresh_gate_is_inconclusive_with_its_limits_shown() -> None:
    (gate,) = fresh((SUCCESS,))
    assert (gate.verdict, gate.limits, gate.reason) == (Verdict.INCONCLUSIVE, ">= 99%", "no look yet")


@pytest.mark.parametrize(
    ("requests", "errors", "verdict", "value"),
    [
        (100, 0, Verdict.PASS, 1.0),
        (100, 1, Verdict.PASS, 0.99),
        (100, 2, Verdict.FAIL, 0.98),
        (100, 150, Verdict.FAIL, 0.0),
        (99, 99, Verdict.INCONCLUSIVE, None),
        (0, 0, Verdict.INCONCLUSIVE, None),
    ],
)
def test_success_rate(requests: float, errors: float, verdict: Verdict, value: float | None) -> None:
    gate = one(SUCCESS, look(requests, errors))
    assert (gate.verdict, gate.value) == (verdict, value)


def test_requests_are_pooled_until_the_sample_is_there() -> None:
    gate = one(SUCCESS, look(40, 1), look(40, 1))
    assert (gate.verdict, gate.sample, gate.reason) == (
        Verdict.INCONCLUSIVE,
        80,
        "80 of the 100 requests needed",
    )
    gate = one(SUCCESS, look(40, 1), look(40, 1), look(40, 1))
    assert (gate.verdict, gate.sample) == (Verdict.FAIL, 120)
    assert gate.value == pytest.approx(0.975)
    assert gate.reason == "97.50% succeeded, wanted >= 99%"
    assert gate.pool_requests == 0


def test_a_look_without_data_takes_a_failure_back_as_little_as_it_adds_one() -> None:
    bad = one(SUCCESS, look(100, 50))
    silent = one(SUCCESS, look(100, 50), look(missing="Prometheus did not answer within 10 s"))
    assert silent == replace(bad, reason="Prometheus did not answer within 10 s")
    assert silent.failures_in_a_row == 1


def test_a_pass_holds_only_as_long_as_looks_say_so() -> None:
    silent = look(missing="Prometheus did not answer within 10 s")
    before = one(SUCCESS, look(100, 0), look(50, 0))
    gate = one(SUCCESS, look(100, 0), look(50, 0), silent)
    assert (before.verdict, gate.verdict) == (Verdict.PASS, Verdict.INCONCLUSIVE)
    assert (gate.reason, gate.pool_requests) == ("Prometheus did not answer within 10 s", 50)
    assert one(SUCCESS, look(100, 0), silent, look(100, 0)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict", "sample"),
    [
        (Counts(200, 0, unanswered=2), Counts(800, 0), Verdict.PASS, 198),
        (Counts(200, 0, unanswered=90), Counts(800, 0), Verdict.PASS, 110),
        (Counts(150, 0, unanswered=75), Counts(), Verdict.INCONCLUSIVE, 75),
        (Counts(200, 0, unanswered=200), Counts(800, 0), Verdict.FAIL, 200),
        (Counts(200, 0, unanswered=200), Counts(), Verdict.FAIL, 200),  # everything goes to it
        (Counts(200, 0, unanswered=150), Counts(800, 0, unanswered=600), Verdict.INCONCLUSIVE, 50),
        (Counts(100, 90, unanswered=90), Counts(), Verdict.FAIL, 90),  # a torn scrape
    ],
)
def test_requests_without_an_answer_are_no_success(ours: Counts, theirs: Counts, verdict: Verdict, sample: int) -> None:
    gate = one(replace(SUCCESS, min_requests=80), Look(100.0, 10.0, ours, theirs))
    assert (gate.verdict, gate.sample) == (verdict, sample)


def test_failures_count_in_a_row_only() -> None:
    assert one(SUCCESS, look(100, 50), look(100, 50)).failures_in_a_row == 2
    assert one(SUCCESS, look(100, 50), look(100, 0), look(100, 50)).failures_in_a_row == 1


@pytest.mark.parametrize(
    ("within", "verdict"),
    [
        (((0.25, 99.0), (0.5, 99.0), (1.0, 100.0), (inf, 100.0)), Verdict.PASS),
        (((0.25, 98.0), (0.5, 98.0), (1.0, 100.0), (inf, 100.0)), Verdict.FAIL),
        (((0.25, 98.0), (0.75, 100.0), (inf, 100.0)), Verdict.PASS),  # half of the bucket's two are within 500 ms
        (((0.25, 98.0), (inf, 100.0)), Verdict.FAIL),
        (((0.25, 99.0), (inf, 99.0)), Verdict.INCONCLUSIVE),
        ((), Verdict.INCONCLUSIVE),
    ],
)
def test_latency_counts_the_requests_beyond_the_limit(
    within: tuple[tuple[float, float], ...], verdict: Verdict
) -> None:
    assert one(P99, look(100, 0, within)).verdict is verdict


def test_latency_does_not_count_while_warming_up_but_errors_do() -> None:
    slow = look(100, 50, ((0.5, 0.0), (1.0, 100.0), (inf, 100.0)))
    assert one(P99, slow, warm=False).verdict is Verdict.INCONCLUSIVE
    assert one(SUCCESS, slow, warm=False).verdict is Verdict.FAIL


def test_latency_without_histogram_says_so() -> None:
    assert (
        one(P99, replace(look(100), latency_missing="the histogram has no +Inf")).reason == "the histogram has no +Inf"
    )


def test_request_rate_is_judged_at_every_look_also_at_none() -> None:
    assert one(RATE, look(60)).value == 6.0
    assert one(RATE, look(0)).verdict is Verdict.FAIL
    assert one(RATE, look(missing="no answer")).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (Value(1.0), Verdict.PASS),
        (Value(2.0), Verdict.PASS),
        (Value(2.1), Verdict.FAIL),
        (Value(0.9), Verdict.FAIL),
        (Value(float("nan")), Verdict.INCONCLUSIVE),
        (Value(None), Verdict.INCONCLUSIVE),
        (Value(error="parse error"), Verdict.INCONCLUSIVE),
        (None, Verdict.INCONCLUSIVE),
    ],
)
def test_own_queries(value: Value | None, verdict: Verdict) -> None:
    assert one(QUERY, look(missing="no traffic metrics"), value=value).verdict is verdict


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (SUCCESS, ">= 99%"),
        (P99, "p99 <= 500ms"),
        (RATE, ">= 5/s"),
        (QUERY, ">= 1 and <= 2"),
        (Limit("x", PrometheusLimit("q", None, 0.1), 0), "<= 0.1"),
        (Limit("x", LatencyLimit(0.5, 2.0), 0), "p50 <= 2s"),
    ],
)
def test_bounds_read_well(limit: Limit, text: str) -> None:
    assert bounds(limit) == text


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=20))
def test_every_request_counts_in_exactly_one_judgement(counts: list[tuple[int, int]]) -> None:
    gate = fresh((SUCCESS,))[0]
    judged = 0
    for requests, errors in counts:
        (after,) = judge((SUCCESS,), (gate,), look(requests, errors), {}, warm=True)
        if after.pool_requests == 0 and gate.pool_requests + requests > 0:
            judged += after.sample
        gate = after
    assert judged + gate.pool_requests == sum(requests for requests, _ in counts)
