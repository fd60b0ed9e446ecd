"""All caches of a process: started and stopped together, and known by kind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from controller.cluster.cache import Cache
from controller.cluster.client import Cluster
from controller.cluster.kinds import Kind
from controller.cluster.reflector import Selection


class Caches:
    """The caches of one process. ``namespaces`` limits what is looked at (none: all); ``options`` go to every Cache."""

    def __init__(self, cluster: Cluster, *, namespaces: Sequence[str] = (), **options: Any) -> None:
        self._cluster = cluster
        self._namespaces = tuple(namespaces)
        self._options = options
        self._caches: dict[Kind, Cache] = {}
        self._group: asyncio.TaskGroup | None = None

    def add(
        self,
        kind: Kind,
        *,
        labels: str = "",
        fields: str = "",
        metadata_only: bool = False,
        managed_fields: bool = False,
        namespaced: bool = True,
    ) -> Cache:
        """The cache of a kind, added before or during :meth:`run`. Raises ValueError for a second one.

        A cluster-scoped kind is added with ``namespaced`` off, so that the limit to namespaces passes it by.
        """
        if kind in self._caches:
            raise ValueError(f"there is a cache of {kind} already")
        cache = Cache(
            self._cluster,
            Selection(kind, labels, fields, metadata_only, managed_fields),
            namespaces=self._namespaces if namespaced else (),
            **self._options,
        )
        self._caches[kind] = cache
        self._start(cache)
        return cache

    def __getitem__(self, kind: Kind) -> Cache:
        return self._caches[kind]

    def __contains__(self, kind: Kind) -> bool:
        return kind in self._caches

    def __iter__(self) -> Iterator[Cache]:
        return iter(self._caches.values())

    def unsynced(self) -> list[str]:
        """The kinds that were not listed yet, for /readyz."""
        return [str(cache.kind) for cache in self if not cache.synced.is_set()]

    async def synced(self) -> None:
        """Until every cache has been listed once; the caller sets the time limit."""
        for cache in list(self):
            await cache.synced.wait()

    async def run(self) -> None:
        """Keeps every cache up to date; never returns. A cache that ends unexpectedly ends this with its error."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for cache in list(self):
                    self._start(cache)
                await asyncio.Event().wait()  # more may be added at any time
        finally:
            self._group = None

    def _start(self, cache: Cache) -> None:
        if self._group is not None:
            self._group.create_task(cache.run(), name=f"cache {cache.kind}")
