"""Fixed limits: what one look says of each, and how often in a row it was outside.

Requests are pooled over looks until a limit's minimum sample is there; then it is judged once and the pool begins
anew. So quiet services are judged too, more slowly, and every request counts in exactly one judgement. A look without
data is no evidence: what was counted stays, but an earlier pass is none any more until a look says it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf, isnan

from controller.core.observed import Counts, Look
from controller.core.release import LatencyLimit, Limit, PrometheusLimit, RequestRateLimit, SuccessRateLimit
from controller.core.status import GateStatus, Verdict

_HANGS = 0.5
"""Of a candidate that leaves more than this share of its requests without any answer, those count as failed."""


@dataclass(frozen=True, slots=True)
class Value:
    """The answer to a limit's own query at the end of a look; ``error`` says in one clause why there is none."""

    value: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one look adds: requests, the bad ones among them, the value to show, or why there is nothing."""

    requests: float = 0.0
    bad: float = 0.0
    value: float | None = None
    missing: str = ""


def fresh(limits: tuple[Limit, ...]) -> tuple[GateStatus, ...]:
    """The state of every limit at the beginning of a step."""
    return tuple(GateStatus(limit.name, limits=bounds(limit), reason="no look yet") for limit in limits)


def judge(
    limits: tuple[Limit, ...], before: tuple[GateStatus, ...], look: Look, values: Mapping[str, Value], *, warm: bool
) -> tuple[GateStatus, ...]:
    """The state of every limit after one more look; ``warm`` is False while latency does not count yet."""
    known = {gate.name: gate for gate in before}
    states = []
    for limit in limits:
        gate = known.get(limit.name, GateStatus(limit.name))
        gate = replace(gate, limits=bounds(limit))
        if not warm and isinstance(limit.check, LatencyLimit):
            states.append(replace(gate, reason="warming up: latency does not count yet"))
        else:
            states.append(_add(limit, gate, _read(limit, look, values)))
    return tuple(states)


def bounds(limit: Limit) -> str:
    """The limit in words: ``>= 99%``."""
    match limit.check:
        case SuccessRateLimit(minimum):
            return f">= {minimum * 100:g}%"
        case LatencyLimit(quantile, maximum):
            return f"p{quantile * 100:g} <= {seconds(maximum)}"
        case RequestRateLimit(minimum):
            return f">= {minimum:g}/s"
        case PrometheusLimit(_, minimum, maximum):
            parts = [f">= {minimum:g}"] if minimum is not None else []
            return " and ".join(parts + ([f"<= {maximum:g}"] if maximum is not None else []))


def seconds(value: float) -> str:
    """A time as people write it: 0.5 -> "500ms"."""
    return f"{value * 1000:g}ms" if value < 1 else f"{value:g}s"


def _add(limit: Limit, gate: GateStatus, reading: _Reading) -> GateStatus:
    if reading.missing:
        verdict = Verdict.INCONCLUSIVE if gate.verdict is Verdict.PASS else gate.verdict
        return replace(gate, verdict=verdict, reason=reading.missing)
    requests, bad = gate.pool_requests + reading.requests, gate.pool_bad + reading.bad
    if requests < limit.min_requests:
        return replace(
            gate,
            pool_requests=requests,
            pool_bad=bad,
            sample=int(requests),
            reason=f"{int(requests)} of the {limit.min_requests} requests needed",
        )
    value, good = _verdict(limit, requests, bad, reading.value)
    return replace(
        gate,
        value=value,
        sample=int(requests),
        verdict=Verdict.PASS if good else Verdict.FAIL,
        reason="" if good else f"{_show(limit, value)}, wanted {bounds(limit)}",
        failures_in_a_row=0 if good else gate.failures_in_a_row + 1,
        pool_requests=0.0,
        pool_bad=0.0,
    )


def _read(limit: Limit, look: Look, values: Mapping[str, Value]) -> _Reading:
    counts = look.candidate
    if isinstance(limit.check, PrometheusLimit):
        return _read_query(limit, look, values.get(limit.name, Value(error="its query was not asked")))
    if look.missing:
        return _Reading(missing=look.missing)
    match limit.check:
        case SuccessRateLimit():
            return _answers(counts, look.stable)
        case RequestRateLimit():
            return _Reading(counts.requests, value=counts.requests / look.duration)
        case LatencyLimit(quantile, maximum):
            if look.latency_missing:
                return _Reading(missing=look.latency_missing)
            total = counts.within[-1] if counts.within else 0.0
            if total <= 0:
                return _Reading()
            return _Reading(total, total - _within(counts, maximum), _quantile(counts, quantile))


def _answers(ours: Counts, theirs: Counts) -> _Reading:
    """What the success rate counts. A request that its client gave up before any answer speaks neither for nor against
    the candidate: users leave. Where most of them end so, and not stable's too, they failed: it hangs.
    """
    # More of them than requests can only be a torn scrape: never count more than there were.
    errors = min(ours.errors, ours.requests)
    left = min(ours.unanswered, ours.requests - errors)
    share = left / ours.requests if ours.requests else 0.0
    usual = theirs.unanswered / theirs.requests if theirs.requests else 0.0
    if share > _HANGS and usual < share / 2:
        return _Reading(ours.requests, errors + left)
    return _Reading(ours.requests - left, errors)


def _read_query(limit: Limit, look: Look, value: Value) -> _Reading:
    if value.error or value.value is None:
        return _Reading(missing=value.error or "its query gave no value")
    if isnan(value.value):  # 0/0 in PromQL: nothing happened, which is no evidence
        return _Reading(missing="its query gave NaN, as a division by zero requests does")
    if limit.min_requests and look.missing:
        return _Reading(missing=look.missing)
    return _Reading(look.candidate.requests, value=value.value)


def _verdict(limit: Limit, requests: float, bad: float, value: float | None) -> tuple[float | None, bool]:
    match limit.check:
        case SuccessRateLimit(minimum):
            rate = 1.0 - bad / requests if requests else None
            return rate, rate is not None and rate >= minimum
        case LatencyLimit(quantile, _):
            return value, requests > 0 and bad <= (1.0 - quantile) * requests
        case RequestRateLimit(minimum):
            return value, value is not None and value >= minimum
        case PrometheusLimit(_, minimum, maximum):
            good = value is not None and value >= (-inf if minimum is None else minimum)
            return value, good and value is not None and value <= (inf if maximum is None else maximum)


def _within(counts: Counts, bound: float) -> float:
    """Requests that took at most ``bound`` seconds; between two bucket bounds by linear interpolation."""
    low, below = 0.0, 0.0
    for upper, cumulative in zip(counts.bounds, counts.within, strict=True):
        if bound >= upper:
            low, below = upper, cumulative
            continue
        if upper == inf:
            return below  # nobody knows how much slower these were: they count as too slow
        return below + (cumulative - below) * (bound - low) / (upper - low)
    return below


def _quantile(counts: Counts, quantile: float) -> float:
    """The quantile in seconds, as PromQL's histogram_quantile reads it: linear inside a bucket, never beyond the
    highest finite bound. https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
    """
    rank = quantile * counts.within[-1]
    low, below = 0.0, 0.0
    for upper, cumulative in zip(counts.bounds, counts.within, strict=True):
        if cumulative >= rank and cumulative > below:
            return low if upper == inf else low + (upper - low) * (rank - below) / (cumulative - below)
        if upper != inf:
            low, below = upper, cumulative
    return low


def _show(limit: Limit, value: float | None) -> str:
    if value is None:
        return "no value"
    match limit.check:
        case SuccessRateLimit():
            return f"{value * 100:.2f}% succeeded"
        case LatencyLimit(quantile, _):
            return f"p{quantile * 100:g} is about {seconds(round(value, 4))}"
        case RequestRateLimit():
            return f"{value:.2f} requests/s"
        case PrometheusLimit():
            return f"the query says {value:g}"
