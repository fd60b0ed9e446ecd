"""Wanted against found -> the smallest writes, sent in the safe order.

Routes come first of all that could wait: they are what brings requests home, and no pod, subset or other object may
hold them up. Nothing goes down in a pass in which a route could not be written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from controller.cluster import Caches, Cluster, Kind
from controller.core.objects import Change, Create, Delete, Found, Object, Patch, Ref
from controller.core.release import Release
from controller.core.wanted import Wanted
from controller.errors import ClusterError, Conflict, NotFound
from controller.routers import router_of
from controller.workloads import workload_of


@dataclass(slots=True)
class Acted:
    """What became of the writes: how many were made, and what failed."""

    writes: int = 0
    errors: list[ClusterError] = field(default_factory=list)

    @property
    def conflict(self) -> bool:
        """Whether all that failed is that somebody else wrote first: deciding again at once is the remedy."""
        return bool(self.errors) and all(isinstance(error, Conflict) for error in self.errors)


class Actor:
    """Sends changes. ``acting`` is asked before each write: a leader whose time runs out stops in between."""

    def __init__(self, cluster: Cluster, caches: Caches) -> None:
        self._cluster = cluster
        self._caches = caches

    async def act(self, release: Release, wanted: Wanted, found: Found, *, fence: str, force: bool) -> Acted:
        """Make the cluster look as wanted, as far as it lets us. Raises nothing that the cluster says."""
        router, workload = router_of(release), workload_of(release)
        acted = Acted()
        await self._send(router.add_subsets(release, wanted, found), acted)
        await self._send(router.routes(release, wanted, found, fence=fence, force=force), acted)
        routed = not acted.errors
        await self._send(workload.up(release, wanted, found), acted)
        if routed:
            await self._send(workload.down(release, wanted, found), acted)
            await self._send(router.remove_subsets(release, wanted, found), acted)
        return acted

    async def restore(self, release: Release, found: Found) -> Acted:
        """Hand the routes back as they were."""
        acted = Acted()
        await self._send(router_of(release).restore(release, found), acted)
        return acted

    async def _send(self, changes: Iterable[Change], acted: Acted) -> None:
        """Each of them, whatever becomes of the others."""
        for change in changes:
            try:
                await self._one(change)
                acted.writes += 1
            except ClusterError as error:
                acted.errors.append(error)

    async def _one(self, change: Change) -> None:
        match change:
            case Create(wanted):
                self._seen(change.ref, await self._cluster.create(dict(wanted)))
            case Patch(ref, body, version):
                answer = await self._cluster.merge_patch(kind_of(ref), ref.namespace, ref.name, body, version=version)
                self._seen(ref, answer)
            case Delete(ref, uid):
                try:
                    await self._cluster.delete(kind_of(ref), ref.namespace, ref.name, uid=uid)
                except NotFound:
                    pass  # gone already, which is what was wanted

    def _seen(self, ref: Ref, answer: Object) -> None:
        """The answer goes into the cache at once, so that the next pass does not decide on what was there before."""
        kind = Kind(kind_of(ref).group, ref.kind)
        if kind in self._caches:
            self._caches[kind].put(dict(answer))


def kind_of(ref: Ref) -> Kind:
    return Kind.of(ref.api, ref.kind)
