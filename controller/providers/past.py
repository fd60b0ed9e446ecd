"""Looks of the time before: the counting rule of a look, asked over half an hour in one range query."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isfinite, isnan
from typing import TypeVar

from controller.core.observed import Counts, History
from controller.providers.counting import (
    BUCKET_LABELS,
    BUCKETS,
    REQUEST_LABELS,
    REQUESTS,
    Workload,
    increase,
    is_error,
    key,
    reporters,
    seconds,
)
from controller.providers.istio import cumulative
from controller.providers.measurement import Line, Past, Provider

T = TypeVar("T")

LENGTH = 1800.0
"""Seconds of history at least."""
LEAST_LOOKS = 30
"""Of long looks more seconds: what the dispersion needs is looks."""
MOST_LOOKS = 360
"""Of looks shorter than 5 s fewer seconds, so that the answer stays within bounds."""

_TOGETHER = 10
"""Workloads in one query: with twenty buckets, two reporters and 120 looks its answer is about 1.5 MB."""
_GATHER = 0.05
"""Seconds to wait for other releases that begin as well."""

_Key = tuple[str, Workload]
_Values = list[float]


@dataclass(slots=True)
class _Counted:
    """Sums by look, for each reporter and workload; by bound for latency. ``missing``: why there are none of one."""

    requests: dict[_Key, _Values] = field(default_factory=dict)
    errors: dict[_Key, _Values] = field(default_factory=dict)
    within: dict[_Key, dict[float, _Values]] = field(default_factory=dict)
    missing: dict[Workload, str] = field(default_factory=dict)


class MeshHistory:
    """What workloads did before; releases that begin at the same time share the queries."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._open: dict[tuple[float, float], tuple[set[Workload], asyncio.Task[_Counted]]] = {}

    async def of(self, workloads: Iterable[Workload], end: float, look: float) -> History:
        """The looks of these workloads together, until ``end`` (epoch seconds). Raises nothing.

        They end at whole multiples of ``look``, so that all releases ask for the same ones.
        """
        wanted = sorted(set(workloads))
        at = (end // look * look, look)
        if at not in self._open:
            names: set[Workload] = set()
            self._open[at] = (names, asyncio.create_task(self._gather(at, names), name=f"history {end:.0f}"))
        names, task = self._open[at]
        names |= set(wanted)
        # One release that goes away must not take the answer from the others.
        found = await asyncio.shield(task)
        missing = next((found.missing[one] for one in wanted if one in found.missing), "")
        return History(missing=missing) if missing else History(_looks(found, wanted, count(look)))

    async def _gather(self, at: tuple[float, float], names: set[Workload]) -> _Counted:
        await asyncio.sleep(_GATHER)
        del self._open[at]
        ordered, counted = sorted(names), _Counted()
        parts = [ordered[first : first + _TOGETHER] for first in range(0, len(ordered), _TOGETHER)]
        await asyncio.gather(*(self._ask(counted, part, *at) for part in parts))
        return counted

    async def _ask(self, counted: _Counted, workloads: list[Workload], end: float, look: float) -> None:
        start = end - look * (count(look) - 1)

        async def past(metric: str, by: str) -> Past:
            return await self._provider.past(increase(metric, by, workloads, look), start, end, look)

        requests, buckets = await asyncio.gather(past(REQUESTS, REQUEST_LABELS), past(BUCKETS, BUCKET_LABELS))
        if missing := requests.error or buckets.error:
            counted.missing |= dict.fromkeys(workloads, missing)
            return
        for line in requests.lines:
            values, of = _values(line, start, look), key(line.labels)
            _add(counted.requests, of, values)
            if is_error(line.labels):
                _add(counted.errors, of, values)
        for line in buckets.lines:
            bound = seconds(line.labels.get("le", ""))
            if not isnan(bound):
                _add(counted.within.setdefault(key(line.labels), {}), bound, _values(line, start, look))


def count(look: float) -> int:
    """How many looks a history has."""
    return min(MOST_LOOKS, max(LEAST_LOOKS, round(LENGTH / look)))


def _values(line: Line, start: float, look: float) -> _Values:
    """A value for each look, 0 where nothing was scraped."""
    values = [0.0] * count(look)
    for at, value in line.points:
        place = round((at - start) / look)
        if 0 <= place < len(values) and isfinite(value):
            values[place] = value
    return values


def _add(sums: dict[T, _Values], of: T, values: _Values) -> None:
    before = sums.get(of)
    sums[of] = values if before is None else [one + more for one, more in zip(before, values, strict=True)]


def _looks(counted: _Counted, workloads: list[Workload], looks: int) -> tuple[Counts, ...]:
    """The looks of all workloads together, as the reporters saw them that a look would believe."""
    totals = {of: sum(values) for of, values in counted.requests.items()}
    chosen = [(reporter, one) for reporter in reporters(totals, workloads) for one in workloads]
    requests = _sum([counted.requests[of] for of in chosen if of in counted.requests], looks)
    errors = _sum([counted.errors[of] for of in chosen if of in counted.errors], looks)
    reports = [counted.within[of] for of in chosen if of in counted.within]
    found = []
    for i in range(looks):
        # Who saw nothing in a look does not keep its bounds from those who did.
        seen = [{bound: values[i] for bound, values in report.items()} for report in reports]
        found.append(Counts(requests[i], errors[i], *cumulative([one for one in seen if any(one.values())])))
    return tuple(found)


def _sum(series: list[_Values], looks: int) -> _Values:
    return [sum(values) for values in zip(*series, strict=True)] if series else [0.0] * looks
