"""One look at everything that a release depends on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from controller.cluster import MANAGER, Caches, Cluster
from controller.core.decide import PATIENCE, Observed, pending, waits_for_pods
from controller.core.objects import Object, Ref
from controller.core.release import Command, Release
from controller.core.seen import RoutesSeen, WorkloadSeen
from controller.core.status import Revision, Status
from controller.errors import ClusterError
from controller.observe.changes import Changes
from controller.observe.found import POD, CachedFound, Contents, fetched
from controller.observe.measure import Measured, Measurer
from controller.routers import router_of
from controller.workloads import workload_of


@dataclass(frozen=True, slots=True)
class Seen:
    """What a pass saw, and the objects that it saw it in."""

    observed: Observed
    found: CachedFound

    def following(self, edited: Release | None) -> Seen:
        """The same, with a newer spec that waits to be followed."""
        return self if edited is None else replace(self, observed=replace(self.observed, edited=edited))


class Observer:
    """Reads the caches, fetches what they do not hold, and asks the providers for looks that are due."""

    def __init__(self, cluster: Cluster, caches: Caches, measurer: Measurer) -> None:
        self._cluster = cluster
        self._caches = caches
        self._contents = Contents(cluster, caches)
        self._measurer = measurer
        self._changes = Changes(cluster, MANAGER)

    async def observe(
        self,
        release: Release,
        status: Status,
        command: Command | None,
        now: float,
        changed: asyncio.Event,
        mended: frozenset[str] = frozenset(),
        refused: tuple[str, ...] = (),
    ) -> Seen:
        """Raises ClusterError when something that is needed cannot be read. ``mended`` is what the last pass wrote.

        ``refused``: why the spec as it stands is not followed; ``release`` is the one accepted before it then.
        No person waits for a provider, nor for who changed what: with a command to be handled, or once ``changed`` is
        set, looks are left to a later pass.
        """
        found = await self._found(release, status, now)
        workload = workload_of(release).see(release, found)
        routes = router_of(release).see(release, found)
        observed = Observed(
            now,
            workload,
            routes,
            command,
            problems=refused + _problems(release, workload, routes),
            lag=self._measurer.lag,
            mended=mended,
        )
        if not release.deleting and not pending(status, command):  # what is handed back is not watched over any more
            differences = await self._changes.since_written(release, status, observed, found)
            measured = await self._measured(release, status, now, changed)
            observed = replace(
                observed,
                differences=differences,
                looks=measured.looks,
                history=measured.history,
                unrouted_before=measured.unrouted_before,
            )
        return Seen(observed, found)

    def problems(self, release: Release) -> tuple[str, ...]:
        """Why the route objects that a spec names could not be used, before anything follows it."""
        return router_of(release).see(release, CachedFound(self._caches)).problems

    def unreadable(self, command: Command | None, now: float, problems: tuple[str, ...]) -> Seen:
        """What is seen of a Release that is refused, where no spec is known that would say where to look: only why."""
        observed = Observed(now, WorkloadSeen(None), RoutesSeen(), command, (), problems, blind=True)
        return Seen(observed, CachedFound(self._caches))

    async def _measured(self, release: Release, status: Status, now: float, changed: asyncio.Event) -> Measured:
        asking = asyncio.create_task(self._measurer.measure(release, status, now), name=f"looks of {release.ref}")
        waiting = asyncio.create_task(changed.wait(), name=f"change of {release.ref}")
        try:
            await asyncio.wait((asking, waiting), return_when=asyncio.FIRST_COMPLETED)
            return asking.result() if asking.done() else Measured()
        finally:
            asking.cancel()
            waiting.cancel()

    async def _found(self, release: Release, status: Status, now: float) -> CachedFound:
        found = CachedFound(self._caches)
        candidate = status.candidate
        since = status.timers.progress_since
        if candidate and since is not None and now - since >= PATIENCE and waits_for_pods(status):
            found = found.with_more(await self._pods(release, candidate))
        # Last, and until nothing more is asked for: while one is read, the template may come to name another.
        asked: set[Ref] = set()
        while more := [ref for ref in fetched(workload_of(release).reads(release, found)) if ref not in asked]:
            asked.update(more)
            answers = {(ref.kind, ref.namespace, ref.name): await self._contents.get(ref) for ref in more}
            found = found.with_answers(answers)
        return found

    async def _pods(self, release: Release, candidate: Revision) -> list[Object]:
        try:
            labels = f"sluice.dev/revision={candidate.name}"
            return list(await self._cluster.list(POD, release.namespace, labels=labels))
        except ClusterError:
            return []  # they would only have said more about a wait that is seen anyway


def _problems(release: Release, workload: WorkloadSeen, routes: RoutesSeen) -> tuple[str, ...]:
    if workload.template is None:
        return (workload.missing,)
    own = (workload.template.problem,) if workload.template.problem else ()
    return own + routes.problems
