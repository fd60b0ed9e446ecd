"""Istio's standard metrics -> the counts of one look, for any number of workloads in one query each."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf, isfinite

from controller.core.observed import Counts
from controller.providers.counting import (
    BUCKET_LABELS,
    BUCKETS,
    REQUEST_LABELS,
    REQUESTS,
    Workload,
    increase,
    is_error,
    is_unanswered,
    key,
    reporters,
    seconds,
)
from controller.providers.measurement import Provider, Row

_MOST = 200
"""Workloads in one query, so that it stays below the length that Prometheus parses quickly."""
_GATHER = 0.02
"""Seconds to wait for other releases that ask for the same look."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the mesh counted in one look. ``counts`` has an entry for each workload asked for.

    ``missing`` and ``latency_missing`` say why there is nothing, as in core.observed.Look. ``skew``: seconds by which
    Prometheus' clock is ahead of ours, None where it did not say.
    """

    counts: Mapping[Workload, Counts] = field(default_factory=dict)
    missing: str = ""
    latency_missing: str = ""
    skew: float | None = None


@dataclass(slots=True)
class _Counted:
    """One look's sums by reporter and workload, of all that asked for it."""

    requests: dict[tuple[str, Workload], float] = field(default_factory=lambda: defaultdict(float))
    errors: dict[tuple[str, Workload], float] = field(default_factory=lambda: defaultdict(float))
    unanswered: dict[tuple[str, Workload], float] = field(default_factory=lambda: defaultdict(float))
    within: dict[tuple[str, Workload], dict[float, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )
    missing: str = ""
    latency_missing: str = ""
    skew: float | None = None


class MeshMetrics:
    """Looks at the mesh's metrics; releases that ask for the same seconds share the queries."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._open: dict[tuple[float, float], tuple[set[Workload], asyncio.Task[_Counted]]] = {}

    async def look(self, workloads: Iterable[Workload], end: float, duration: float) -> Traffic:
        """What these workloads did in the ``duration`` seconds before ``end`` (epoch seconds). Raises nothing."""
        wanted = set(workloads)
        at = (end, duration)
        if at not in self._open:
            names: set[Workload] = set()
            self._open[at] = (names, asyncio.create_task(self._gather(at, names), name=f"look {end:.0f}"))
        names, task = self._open[at]
        names |= wanted
        # One release that goes away must not take the answer from the others.
        whole = await asyncio.shield(task)
        if whole.missing:
            return Traffic({one: Counts() for one in wanted}, whole.missing, skew=whole.skew)
        return Traffic(_counts(whole, wanted), "", whole.latency_missing, whole.skew)

    async def _gather(self, at: tuple[float, float], names: set[Workload]) -> _Counted:
        await asyncio.sleep(_GATHER)
        del self._open[at]
        ordered = sorted(names)
        counted = _Counted()
        parts = [ordered[first : first + _MOST] for first in range(0, len(ordered), _MOST)]
        await asyncio.gather(*(self._ask(counted, part, *at) for part in parts))
        return counted

    async def _ask(self, counted: _Counted, workloads: list[Workload], end: float, duration: float) -> None:
        requests, buckets = await asyncio.gather(
            self._provider.measure(increase(REQUESTS, REQUEST_LABELS, workloads, duration), end),
            self._provider.measure(increase(BUCKETS, BUCKET_LABELS, workloads, duration), end),
        )
        counted.skew = requests.skew if requests.skew is not None else counted.skew
        counted.missing = counted.missing or requests.error
        missing = buckets.error or _no_infinity(buckets.rows)
        counted.latency_missing = counted.latency_missing or missing
        _add(counted, requests.rows, () if missing else buckets.rows)


def _add(counted: _Counted, requests: Iterable[Row], buckets: Iterable[Row]) -> None:
    for labels, value in requests:
        if isfinite(value):
            of = key(labels)
            counted.requests[of] += value
            if is_error(labels):
                counted.errors[of] += value
            elif is_unanswered(labels):
                counted.unanswered[of] += value
    for labels, value in buckets:
        bound = seconds(labels.get("le", ""))
        if isfinite(value) and bound == bound:
            counted.within[key(labels)][bound] += value


def _counts(counted: _Counted, workloads: Iterable[Workload]) -> dict[Workload, Counts]:
    """The counts of the arms of one release, as the same reporters saw them."""
    arms = list(workloads)
    chosen = reporters(counted.requests, arms)
    found = {}
    for arm in arms:
        of = [(reporter, arm) for reporter in chosen]
        found[arm] = Counts(
            sum(counted.requests.get(one, 0.0) for one in of),
            sum(counted.errors.get(one, 0.0) for one in of),
            *cumulative([counted.within[one] for one in of if one in counted.within]),
            sum(counted.unanswered.get(one, 0.0) for one in of),
        )
    return found


def cumulative(reports: list[dict[float, float]]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Rising bounds that all reports have, and the requests at or below each; one left too small by a torn scrape
    counts as the lower.
    """
    bounds = tuple(sorted(set.intersection(*(set(report) for report in reports)))) if reports else ()
    if not bounds or bounds[-1] != inf:
        return (), ()
    return bounds, tuple(accumulate((sum(report[bound] for report in reports) for bound in bounds), max))


def _no_infinity(rows: tuple[Row, ...]) -> str:
    if rows and not any(labels.get("le") == "+Inf" for labels, _ in rows):
        return f"{BUCKETS} has no bucket +Inf"
    return ""
