"""The looks that a release is due: the mesh's counts, and the answers to its own queries, at the same moments."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from controller.core.decide import Judged, next_look
from controller.core.limits import Value
from controller.core.observed import Look
from controller.core.release import PrometheusLimit, Release
from controller.core.status import Status
from controller.errors import ProviderError
from controller.providers.istio import MeshMetrics, Workload
from controller.providers.measurement import Provider
from controller.providers.queries import context, fill

_BACK = 600.0
"""Seconds: looks older than this are not asked for again after a pause of the controller."""


@dataclass(frozen=True, slots=True)
class Measurer:
    """``lag``: seconds until a look's counts have been scraped."""

    mesh: MeshMetrics
    provider: Provider
    lag: float = 15.0

    async def due(self, release: Release, status: Status, now: float) -> tuple[Judged, ...]:
        """Every look that ended since the last one judged, oldest first. Raises nothing: what is missing says why."""
        ends: list[float] = []
        end, interval = next_look(release, status), release.gates.interval
        if end is not None and end < now - _BACK:
            end += interval * ((now - _BACK - end) // interval)
        while end is not None and end + self.lag <= now:
            ends.append(end)
            end += interval
        return tuple(await asyncio.gather(*(self._look(release, status, end) for end in ends)))

    async def _look(self, release: Release, status: Status, end: float) -> Judged:
        candidate, stable = status.candidate, status.stable
        assert candidate is not None
        assert stable is not None
        arms = [Workload(release.namespace, one.deployment) for one in (candidate, stable)]
        interval = release.gates.interval
        traffic, values = await asyncio.gather(self.mesh.look(arms, end, interval), self._values(release, status, end))
        if traffic.missing:
            look = Look(end, interval, missing=traffic.missing)
        else:
            ours, theirs = (traffic.counts[one] for one in arms)
            look = Look(end, interval, ours, theirs, latency_missing=traffic.latency_missing)
        return Judged(look, values)

    async def _values(self, release: Release, status: Status, end: float) -> dict[str, Value]:
        limits = [limit for limit in release.gates.limits if isinstance(limit.check, PrometheusLimit)]
        answers = await asyncio.gather(*(self._value(limit.check, release, status, end) for limit in limits))  # type: ignore[arg-type]
        return dict(zip((limit.name for limit in limits), answers, strict=True))

    async def _value(self, check: PrometheusLimit, release: Release, status: Status, end: float) -> Value:
        try:
            measured = await self.provider.measure(fill(check.query, context(release, status)), end)
        except ProviderError as error:
            return Value(error=str(error))
        if measured.error:
            return Value(error=measured.error)
        if len(measured.rows) > 1:
            return Value(error=f"the query gave {len(measured.rows)} series; sum or aggregate them to one")
        return Value(measured.rows[0].value) if measured.rows else Value(error="the query gave no series")
