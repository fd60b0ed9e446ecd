"""Watches -> workqueue -> workers -> reconcile: which release needs a pass, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from controller.cluster import Caches, Object
from controller.core.objects import Ref
from controller.errors import Conflict
from controller.observe import KINDS, CachedFound
from controller.observe.found import CONTENTS, RELEASE
from controller.reconcile import Reconciler
from controller.routers import router_of
from controller.workloads import workload_of
from controller.workqueue import WorkQueue

Key = tuple[str, str]

_TRIES = 3
"""Passes at once after a conflict, before it is left to the backoff."""


@dataclass(slots=True)
class Loop:
    """Passes for every Release, as long as :meth:`run` runs; one at a time for each."""

    caches: Caches
    reconciler: Reconciler
    queue: WorkQueue[Key]
    workers: int = 8
    _readers: dict[tuple[str, str, str], set[Key]] = field(default_factory=dict)
    _read: dict[Key, set[tuple[str, str, str]]] = field(default_factory=dict)

    def watch(self) -> None:
        """From now on changes queue the releases that they concern. Once, before the caches run."""
        for kind in (*KINDS, *CONTENTS):
            if kind not in self.caches:
                continue
            if kind == RELEASE:
                self.caches[kind].on_change(self._release_changed)
            else:
                self.caches[kind].on_change(self._object_changed(kind.kind))

    async def run(self) -> None:
        """Until cancelled. Every release gets a pass at the start: what happened before is not known."""
        self.reconciler.begin()
        for release in self.caches[RELEASE].list():
            self.queue.add(_key(release))
        await self.queue.run(self._pass, self.workers)

    async def _pass(self, key: Key) -> None:
        self._index(key)
        for left in reversed(range(_TRIES)):
            try:
                after = await self.reconciler.reconcile(key)
            except Conflict:
                if not left:
                    raise
            else:
                if after is not None:
                    self.queue.add_after(key, after)
                break
        self._index(key)  # a pass may have learned of more objects, such as a template's ConfigMaps

    def _release_changed(self, old: Object | None, new: Object | None) -> None:
        changed = new or old
        assert changed is not None
        self.reconciler.hurry(_key(changed))
        self.queue.add(_key(changed))
        if _claims_change(old, new):  # another Release may gain or lose what they both claim
            for other in self.caches[RELEASE].list():
                self.queue.add(_key(other))

    def _object_changed(self, kind: str) -> Callable[[Object | None, Object | None], None]:
        def changed(old: Object | None, new: Object | None) -> None:
            item = new or old
            assert item is not None
            metadata = item["metadata"]
            where, which = metadata.get("namespace", ""), metadata["name"]
            for ref in ((kind, where, which), (kind, where, ""), (kind, "", "")):
                for key in self._readers.get(ref, ()):
                    self.queue.add(key)

        return changed

    def _index(self, key: Key) -> None:
        """Note what a release reads, so that a change of any of it queues the release."""
        obj = self.caches[RELEASE].get(*key)
        refs = {(ref.kind, ref.namespace, ref.name) for ref in self._reads(obj)} if obj else set()
        before = self._read.get(key, set())
        for ref in before - refs:
            self._readers[ref].discard(key)
            if not self._readers[ref]:
                del self._readers[ref]
        for ref in refs - before:
            self._readers.setdefault(ref, set()).add(key)
        if refs:
            self._read[key] = refs
        else:
            self._read.pop(key, None)

    def _reads(self, obj: Object) -> Iterator[Ref]:
        for release in self.reconciler.about(_key(obj), obj):
            yield from router_of(release).reads(release)
            yield from workload_of(release).reads(release, CachedFound(self.caches))


def _claims_change(old: Object | None, new: Object | None) -> bool:
    return old is None or new is None or old["metadata"].get("generation") != new["metadata"].get("generation")


def _key(item: Object) -> Key:
    return item["metadata"]["namespace"], item["metadata"]["name"]
