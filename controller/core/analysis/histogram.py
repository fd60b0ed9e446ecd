"""Latency by the buckets of a histogram: how many requests were slower than a bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from math import inf, isfinite
from typing import NamedTuple

from controller.core.observed import Counts

MOST_BOUNDS = 8
"""Bounds tested at once: what fits into the status, and more than Istio's buckets offer in the range below."""

MOST_SLOWER = 0.5
LEAST_SLOWER = 0.0005


class Histogram(NamedTuple):
    """A usable histogram: requests in all, and how many were at or below the bound at each ``place``."""

    requests: float
    within: Sequence[float]
    place: Mapping[float, int]


@lru_cache(maxsize=256)
def _places(bounds: tuple[float, ...]) -> Mapping[float, int]:
    if not bounds or bounds[-1] != inf:
        raise ValueError("the latency histogram has no +Inf bucket")
    if list(bounds) != sorted(set(bounds)):
        raise ValueError("the bounds of the latency histogram are out of order")
    return {bound: i for i, bound in enumerate(bounds)}


def histogram(counts: Counts) -> Histogram:
    """The histogram of one arm, repaired where it falls.

    Buckets are read from different series, so that a scrape in between can make a larger bound hold less than a smaller
    one; it then holds as much. An arm without requests has an empty histogram, which is data. Raises ValueError, with
    the reason as a clause, when there is no usable one.
    """
    within: Sequence[float] = counts.within
    if not within:
        if counts.requests > 0.0:
            raise ValueError("there is no latency histogram")
        return Histogram(0.0, (), {})
    place = _places(counts.bounds)
    if len(place) != len(within):
        raise ValueError("the latency histogram has not one count for each bound")
    if not isfinite(sum(within)):
        raise ValueError("a bucket of the latency histogram holds no number")
    ordered = sorted(within)
    if ordered[0] < 0.0:
        raise ValueError("a bucket of the latency histogram holds less than nothing")
    if ordered != list(within):
        within = list(accumulate(within, max))
    return Histogram(within[-1], within, place)


def usable(looks: Iterable[Counts]) -> list[Histogram]:
    """The histograms of past looks, in order; those that cannot be used or are empty are passed over."""
    found = []
    for counts in looks:
        try:
            read = histogram(counts)
        except ValueError:
            continue
        if read.requests > 0.0:
            found.append(read)
    return found


def choose_bounds(past: Sequence[Histogram]) -> tuple[float, ...]:
    """The bounds to test: where 0.05 % to 50 % of the baseline's past requests were slower, and the next one.

    Only bounds that all histograms have are taken; of more than ``MOST_BOUNDS`` an even selection with both ends. Empty
    without requests.
    """
    total = sum(requests for requests, _, _ in past)
    sums: dict[float, float] | None = None
    for _, within, place in past:
        before = dict.fromkeys(place, 0.0) if sums is None else sums
        sums = {bound: n + within[place[bound]] for bound, n in before.items() if bound in place}
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
