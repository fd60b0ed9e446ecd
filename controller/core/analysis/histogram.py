"""Latency by the buckets of a histogram: how many requests were slower than a bound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf, isfinite

from controller.core.observed import Counts

MOST_BOUNDS = 8
"""Bounds tested at once: what fits into the status, and more than Istio's buckets offer in the range below."""

MOST_SLOWER = 0.5
LEAST_SLOWER = 0.0005


def cumulative(counts: Counts) -> tuple[float, dict[float, float]]:
    """All requests of a histogram and, by bound in seconds, those at or below it; repaired where it falls.

    Buckets are read from different series, so that a scrape in between can make a larger bound hold less than a smaller
    one; it then holds as much. An arm without requests has an empty histogram, which is data. Raises ValueError, with
    the reason as a clause, when there is no usable one.
    """
    if not counts.within:
        if counts.requests > 0.0:
            raise ValueError("there is no latency histogram")
        return 0.0, {}
    repaired: dict[float, float] = {}
    most = 0.0
    last = 0.0
    for bound, count in sorted(counts.within):
        if not (isfinite(count) and bound > last):
            raise ValueError("the latency histogram has a bound twice or a count that is not a number")
        last = bound
        most = max(most, count)
        repaired[bound] = most
    if last != inf:
        raise ValueError("the latency histogram has no +Inf bucket")
    return most, repaired


def choose_bounds(looks: Iterable[Counts]) -> tuple[float, ...]:
    """The bounds to test, from the baseline's past: where 0.05 % to 50 % of its requests were slower, and the next one.

    Looks whose histogram cannot be used are passed over; only bounds that all others have are taken. Of more than
    ``MOST_BOUNDS`` an even selection with both ends. Empty without requests.
    """
    total = 0.0
    sums: dict[float, float] | None = None
    for counts in looks:
        try:
            requests, within = cumulative(counts)
        except ValueError:
            continue
        if requests > 0.0:
            total += requests
            sums = within if sums is None else {bound: sums[bound] + n for bound, n in within.items() if bound in sums}
    if not sums:
        return ()
    chosen = []
    for bound in sorted(bound for bound in sums if bound != inf):
        slower = 1.0 - sums[bound] / total
        if slower <= MOST_SLOWER:
            chosen.append(bound)
        if slower < LEAST_SLOWER:
            break
    return _even(chosen, MOST_BOUNDS)


def _even(bounds: Sequence[float], most: int) -> tuple[float, ...]:
    if len(bounds) <= most:
        return tuple(bounds)
    return tuple(bounds[round(i * (len(bounds) - 1) / (most - 1))] for i in range(most))
