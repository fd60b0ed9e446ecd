"""The looks that a release is due: the mesh's counts, and the answers to its own queries, at the same moments.

And before the first of them, once, what stable did until then.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from controller.core.decide import Judged, history_until, next_look, unrouted_until
from controller.core.limits import Value
from controller.core.observed import History, Look
from controller.core.release import ManagedWorkload, PrometheusLimit, Release
from controller.core.status import Phase, Status
from controller.errors import ProviderError
from controller.providers.counting import Workload
from controller.providers.istio import MeshMetrics
from controller.providers.measurement import Provider
from controller.providers.past import MeshHistory
from controller.providers.queries import context, fill
from controller.providers.unrouted import MeshUnrouted, Service

_BACK = 600.0
"""Seconds: looks older than this are not asked for again after a pause of the controller."""

_USUAL = 600.0
"""Seconds before a release that say how many unrouted requests are usual."""

ADOPTED = 2
"""The number of the first release after the adoption: its stable revision is a copy of the Deployment's own pods."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the providers said: the looks that are due, and what was before the release where that was asked for.

    ``unrouted_before`` is in requests per second.
    """

    looks: tuple[Judged, ...] = ()
    history: History | None = None
    unrouted_before: float | None = None


@dataclass(frozen=True, slots=True)
class Measurer:
    """``lag``: seconds until a look's counts have been scraped."""

    mesh: MeshMetrics
    past: MeshHistory
    unrouted: MeshUnrouted
    provider: Provider
    lag: float = 15.0

    async def measure(self, release: Release, status: Status, now: float) -> Measured:
        """Every look that ended since the last one judged, oldest first. Raises nothing: what is missing says why."""
        ends = self._due(release, status, now)
        looks = asyncio.gather(*(self._look(release, status, end) for end in ends))
        asked = ends or status.phase is Phase.PREPARING
        found, history, unrouted = await asyncio.gather(
            looks,
            self._history(release, status, now) if asked else _nothing(),
            self._usual(release, status) if ends else _nothing(),
        )
        return Measured(tuple(found), history, unrouted)

    async def _history(self, release: Release, status: Status, now: float) -> History | None:
        until = history_until(release, status, now - self.lag)
        if until is None:
            return None
        return await self.past.of(_stable_before(release, status), until, release.gates.interval)

    async def _usual(self, release: Release, status: Status) -> float | None:
        """Unrouted requests per second before the release."""
        until = unrouted_until(status)
        found = None if until is None else await self.unrouted.of(_service(release), until, _USUAL)
        return None if found is None else found / _USUAL

    def _due(self, release: Release, status: Status, now: float) -> list[float]:
        ends: list[float] = []
        end, interval = next_look(release, status), release.gates.interval
        if end is not None and end < now - _BACK:
            end += interval * ((now - _BACK - end) // interval)
        while end is not None and end + self.lag <= now:
            ends.append(end)
            end += interval
        return ends

    async def _look(self, release: Release, status: Status, end: float) -> Judged:
        candidate, stable = status.candidate, status.stable
        assert candidate is not None
        assert stable is not None
        arms = [Workload(release.namespace, one.deployment) for one in (candidate, stable)]
        interval = release.gates.interval
        traffic, unrouted, values = await asyncio.gather(
            self.mesh.look(arms, end, interval),
            self.unrouted.of(_service(release), end, interval),
            self._values(release, status, end),
        )
        if traffic.missing:
            look = Look(end, interval, missing=traffic.missing, unrouted=unrouted)
        else:
            ours, theirs = (traffic.counts[one] for one in arms)
            look = Look(end, interval, ours, theirs, latency_missing=traffic.latency_missing, unrouted=unrouted)
        return Judged(look, values, traffic.skew)

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


async def _nothing() -> None:
    """Nobody is asked."""


def _service(release: Release) -> Service:
    return Service(release.namespace, release.traffic.service)


def _stable_before(release: Release, status: Status) -> list[Workload]:
    """Stable's names in the mesh's metrics. Before it was adopted the same pods' requests were the Deployment's own;
    once anything was promoted, those were another version's.
    """
    assert status.stable is not None
    names = [status.stable.deployment]
    if status.release == ADOPTED and isinstance(release.workload, ManagedWorkload):
        names.append(release.workload.deployment)
    return [Workload(release.namespace, name) for name in names]
