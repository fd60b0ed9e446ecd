"""Who changed what: managedFields, read from the API when something differs, since no cache holds them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from controller.cluster import Cluster, Kind
from controller.core.decide import Observed, settled
from controller.core.objects import Found, Object, generation, manager_of, resource_version, uid
from controller.core.release import Release
from controller.core.seen import Difference
from controller.core.status import Status
from controller.errors import ClusterError
from controller.routers import router_of
from controller.workloads import workload_of

_MOST = 4096
"""Answers kept; one is some hundred bytes."""


class Changes:
    """``ours`` is our own name among the managers: what we wrote last ourselves nobody has changed."""

    def __init__(self, cluster: Cluster, ours: str) -> None:
        self._cluster = cluster
        self._ours = ours
        self._asked: dict[tuple[str, str, tuple[str, ...]], str] = {}

    async def since_written(
        self, release: Release, status: Status, observed: Observed, found: Found
    ) -> tuple[Difference, ...]:
        """What differs from what was decided and written before this pass by somebody else's hand. Raises nothing."""
        if observed.problems:
            return ()
        wanted = settled(release, status, observed)
        if wanted is None:
            return ()
        router, workload = router_of(release), workload_of(release)
        different = router.differences(release, wanted, found) + workload.differences(release, wanted, found)
        named = await asyncio.gather(*(self._named(one, found) for one in different))
        return tuple(one for one in named if one.manager != self._ours)

    async def _named(self, one: Difference, found: Found) -> Difference:
        have = found.get(one.ref.kind, one.ref.namespace, one.ref.name) if one.field else None
        if have is None:
            return one
        key = (uid(have), _version(have), one.field)
        if key not in self._asked:
            try:
                kind = Kind.of(one.ref.api, one.ref.kind)
                there = await self._cluster.get(kind, one.ref.namespace, one.ref.name)
            except ClusterError:
                return one  # it is repaired whoever it was
            if _version(there) != key[1]:
                return replace(one, manager=manager_of(there, one.field, self._ours))  # of a newer one: not kept
            while len(self._asked) >= _MOST:
                del self._asked[next(iter(self._asked))]
            self._asked[key] = manager_of(there, one.field, self._ours)
        return replace(one, manager=self._asked[key])


def _version(obj: Object) -> str:
    """Of its spec, where that is counted: a Deployment's status changes with every pod."""
    return str(generation(obj)) if generation(obj) else resource_version(obj)
