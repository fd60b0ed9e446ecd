"""One look at everything that a release depends on."""

from __future__ import annotations

from dataclasses import dataclass

from controller.cluster import Caches, Cluster
from controller.core.decide import Observed
from controller.core.objects import Object
from controller.core.release import Command, Release
from controller.core.seen import RoutesSeen, WorkloadSeen
from controller.core.status import Phase, Revision, Status
from controller.errors import ClusterError
from controller.observe.found import POD, CachedFound, Contents, contents_of
from controller.observe.measure import Measurer
from controller.routers import router_of
from controller.workloads import workload_of

_PATIENCE = 3.0
"""Seconds without progress before the pods themselves are asked what keeps them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a pass saw, and the objects that it saw it in."""

    observed: Observed
    found: CachedFound


class Observer:
    """Reads the caches, fetches what they do not hold, and asks the providers for looks that are due."""

    def __init__(self, cluster: Cluster, caches: Caches, measurer: Measurer) -> None:
        self._cluster = cluster
        self._caches = caches
        self._contents = Contents(cluster, caches)
        self._measurer = measurer

    async def observe(self, release: Release, status: Status, command: Command | None, now: float) -> Seen:
        """Raises ClusterError when something that is needed cannot be read."""
        found = await self._found(release, status, now)
        workload = workload_of(release).see(release, found)
        routes = router_of(release).see(release, found)
        looks = await self._measurer.due(release, status, now)
        observed = Observed(
            now, workload, routes, command, looks, _problems(release, workload, routes), self._measurer.lag
        )
        return Seen(observed, found)

    def unreadable(self, command: Command | None, now: float, problems: tuple[str, ...]) -> Seen:
        """What is seen of a Release that cannot be parsed: only why."""
        observed = Observed(now, WorkloadSeen(None), RoutesSeen(), command, (), problems)
        return Seen(observed, CachedFound(self._caches))

    async def _found(self, release: Release, status: Status, now: float) -> CachedFound:
        found = CachedFound(self._caches)
        wanted = contents_of(workload_of(release).reads(release, found))
        contents = [await self._contents.get(*one) for one in wanted]
        more: list[Object] = [one for one in contents if one is not None]
        candidate = status.candidate
        since = status.timers.progress_since
        if candidate and since is not None and now - since > _PATIENCE and _waiting(status, candidate):
            more += await self._pods(release, candidate)
        return found.with_more(more)

    async def _pods(self, release: Release, candidate: Revision) -> list[Object]:
        try:
            labels = f"sluice.dev/revision={candidate.name}"
            return list(await self._cluster.list(POD, release.namespace, labels=labels))
        except ClusterError:
            return []  # they would only have said more about a wait that is seen anyway


def _waiting(status: Status, candidate: Revision) -> bool:
    scaling = status.step is not None and status.step.target > status.step.index
    return (status.phase is Phase.PREPARING or scaling) and candidate.ready < max(1, candidate.replicas)


def _problems(release: Release, workload: WorkloadSeen, routes: RoutesSeen) -> tuple[str, ...]:
    if workload.template is None:
        name = release.workload.deployment
        return (f"spec.workload.deployment: there is no Deployment {release.namespace}/{name}; create it",)
    own = (workload.template.problem,) if workload.template.problem else ()
    return own + routes.problems
