"""Wanted against found -> the smallest writes, sent in the safe order.

Routes come first of all that could wait: they are what brings requests home, and no pod, subset or other object may
hold them up. Nothing goes down in a pass in which a route could not be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from controller.cluster import Caches, Cluster, Kind, MissingKind, Object
from controller.core.objects import Change, Create, Delete, Found, Patch, Ref
from controller.core.release import Release
from controller.core.status import Stage
from controller.core.wanted import Reach, Wanted
from controller.errors import ClusterError, Conflict, NotFound
from controller.routers import router_of
from controller.workloads import workload_of


@dataclass(slots=True)
class Acted:
    """What became of the writes: how many were made, of which objects (as ``str(Ref)``), and what failed."""

    writes: int = 0
    made: set[str] = field(default_factory=set)
    errors: list[ClusterError] = field(default_factory=list)


class Actor:
    """Sends changes. ``leading`` is asked before each write: a leader whose time runs out stops in between."""

    def __init__(self, cluster: Cluster, caches: Caches, leading: Callable[[], bool] = lambda: True) -> None:
        self._cluster = cluster
        self._caches = caches
        self._leading = leading

    async def act(self, release: Release, wanted: Wanted, found: Found, *, fence: str, force: bool) -> Acted:
        """Make the cluster look as wanted, as far as it lets us. Raises nothing that the cluster says.

        ``fence`` is the version of the Release that this follows from; ``force`` writes it to routes that are right.
        """
        router, workload = router_of(release), workload_of(release)
        acted = Acted()
        if wanted.reach in (Reach.ALL, Reach.ROUTES):
            await self._send(router.add_subsets(release, wanted, found), acted)
        if wanted.reach is not Reach.PODS:
            await self._send(_routes(release, wanted, found, fence=fence, force=force), acted)
        routed = not acted.errors
        await self._send(workload.up(release, wanted, found), acted)
        if routed and wanted.reach is Reach.ALL:
            await self._send(workload.down(release, wanted, found), acted)
            await self._send(router.remove_subsets(release, wanted, found), acted)
        return acted

    async def home(self, release: Release, wanted: Wanted, found: Found, *, fence: str) -> Acted:
        """The routes alone."""
        acted = Acted()
        await self._send(_routes(release, wanted, found, fence=fence, force=True), acted)
        return acted

    async def hand_back(
        self, release: Release, stage: Stage, wanted: Wanted, found: Found, *, fence: str, force: bool
    ) -> Acted:
        """What one stage of a hand-back asks for; nothing is left in it once a pass writes nothing."""
        if stage is Stage.HOME:
            return await self.act(release, wanted, found, fence=fence, force=force)
        router, workload, acted = router_of(release), workload_of(release), Acted()
        if stage is Stage.RESTORING:
            await self._send(router.restore_routes(release, found), acted)
            return acted
        await self._send(workload.down(release, wanted, found), acted)
        if acted.writes or acted.errors:
            return acted  # pods first, then what tells the mesh of them
        if stage is Stage.CLEARING:
            await self._send(router.restore_subsets(release, found), acted)
            return acted
        await self._send(router.remove_subsets(release, wanted, found), acted)
        for one in wanted.revisions:
            await self._send(workload.leave(release, one.name, found), acted)
        return acted

    async def _send(self, changes: Iterable[Change], acted: Acted) -> None:
        """Each of them, whatever becomes of the others."""
        for change in changes:
            try:
                if not self._leading():
                    raise Conflict("no longer the leader: another controller acts now")
                await self._one(change)
                acted.writes += 1
                acted.made.add(str(change.ref))
            except ClusterError as error:
                acted.errors.append(error)

    async def _one(self, change: Change) -> None:
        try:
            match change:
                case Create(wanted):
                    self._seen(change.ref, await self._cluster.create(dict(wanted)))
                case Patch(ref, body, version):
                    kind = kind_of(ref)
                    answer = await self._cluster.merge_patch(kind, ref.namespace, ref.name, body, version=version)
                    self._seen(ref, answer)
                case Delete(ref, uid):
                    await self._delete(ref, uid)
        except Conflict:
            await self._read_again(change.ref)
            raise

    async def _delete(self, ref: Ref, uid: str) -> None:
        try:
            await self._cluster.delete(kind_of(ref), ref.namespace, ref.name, uid=uid)
        except MissingKind:
            raise  # nobody can say whether it is gone: it may be there again with its kind
        except NotFound:
            pass  # gone already, which is what was wanted

    async def _read_again(self, ref: Ref) -> None:
        """What was in the way goes into the cache at once: the watch may take its time, and the next pass does not."""
        try:
            self._seen(ref, await self._cluster.get(kind_of(ref), ref.namespace, ref.name))
        except ClusterError:
            pass  # deleted, or the API is in trouble: the watch tells, the backoff helps

    def _seen(self, ref: Ref, answer: Object) -> None:
        """The answer goes into the cache at once, so that the next pass does not decide on what was there before."""
        kind = Kind(kind_of(ref).group, ref.kind)
        if kind in self._caches:
            self._caches[kind].answered(dict(answer))


def _routes(release: Release, wanted: Wanted, found: Found, *, fence: str, force: bool) -> tuple[Change, ...]:
    router = router_of(release)
    if wanted.reach is Reach.HOME:
        return router.home(release, wanted, found, fence=fence)
    return router.routes(release, wanted, found, fence=fence, force=force)


def kind_of(ref: Ref) -> Kind:
    return Kind.of(ref.api, ref.kind)
