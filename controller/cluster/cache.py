"""A cache of one kind: cached get and list, indexes, and handlers that hear of every difference.

Objects given out are the cache's own and must not be changed: whoever wants to change one takes
:func:`controller.cluster.objects.copied`. They are replaced whole when they change, never edited in place, so an
object in hand stays as it was.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from controller.cluster.client import Cluster
from controller.cluster.kinds import Kind
from controller.cluster.objects import Key, Object, Objects, key_of, labels_of, owners_of, version_of
from controller.cluster.reflector import Reflector, Selection, Timing

Handler = Callable[[Object | None, Object | None], None]
"""(old, new): new is None for a deletion, old for an addition. Must only enqueue: it runs inside the watch."""

Index = Callable[[Object], Iterable[Hashable]]


def by_namespace(item: Object) -> Iterable[Hashable]:
    return (item["metadata"].get("namespace", ""),)


def by_owner(item: Object) -> Iterable[Hashable]:
    """By the uid of each owner."""
    return owners_of(item)


def by_label(label: str) -> Index:
    """By (namespace, value) of one label."""

    def values(item: Object) -> Iterable[Hashable]:
        value = labels_of(item).get(label)
        return () if value is None else ((item["metadata"].get("namespace", ""), value),)

    return values


class Cache:
    """Objects of one kind, in ``namespaces`` or in all (with none named), kept up to date by :meth:`run`.

    ``synced`` is set once everything was listed. A kind that the cluster does not serve counts as synced and empty;
    :attr:`served` tells. When a kind that was served becomes unknown, what is held is kept: a real removal of a CRD
    deletes its objects first, an API server in trouble does not.
    """

    def __init__(
        self,
        cluster: Cluster,
        selection: Selection,
        *,
        namespaces: Sequence[str] = (),
        timing: Timing | None = None,
        clock: Callable[[], float] = time.monotonic,
        source: random.Random | None = None,
    ) -> None:
        self.kind: Kind = selection.kind
        self.synced = asyncio.Event()
        self.served = True
        self._cluster = cluster
        self._clock = clock
        self._subject = str(selection.kind)
        self._objects: dict[Key, Object] = {}
        self._indexes: dict[str, tuple[Index, dict[Hashable, dict[Key, Object]]]] = {}
        self._handlers: list[tuple[Handler, bool]] = []
        self._waiting = set(namespaces or ("",))  # scopes that were not listed yet
        self._told: dict[str, str] = {}  # by namespace: the version of the last event of a watch
        self._last = clock()
        self._reflectors = [
            Reflector(cluster, selection, self, namespace=namespace, timing=timing, source=source)
            for namespace in namespaces or ("",)
        ]
        label = str(selection.kind)
        self._changes = {
            kind: cluster.telemetry.cache_changes.labels(label, kind) for kind in ("added", "modified", "deleted")
        }
        cluster.telemetry.cache_objects.labels(label).set_function(lambda: len(self._objects))
        cluster.telemetry.cache_age.labels(label).set_function(self.age)

    # ---- reading

    def get(self, namespace: str, name: str) -> Object | None:
        """The object as last seen, not to be changed; None when there is none."""
        return self._objects.get((namespace, name))

    def list(self, namespace: str | None = None, labels: Mapping[str, str] | None = None) -> Objects:
        """All objects, or those of one namespace (quick with an index "namespace"), or with these labels."""
        if namespace is not None and "namespace" in self._indexes:
            items: Iterable[Object] = self.select("namespace", namespace)
        else:
            items = (item for key, item in self._objects.items() if namespace in (None, key[0]))
        wanted = (labels or {}).items()
        return [item for item in items if wanted <= labels_of(item).items()]

    def select(self, index: str, value: Hashable) -> Objects:
        """The objects under one value of an index. Raises KeyError for an index that was never added."""
        return list(self._indexes[index][1].get(value, {}).values())

    def __len__(self) -> int:
        return len(self._objects)

    def age(self) -> float:
        """Seconds since the API server last said anything about this kind; bookmarks come about once a minute."""
        return self._clock() - self._last

    # ---- wiring

    def add_index(self, name: str, function: Index) -> None:
        """``function`` gives the values of an object; it must depend on the object alone."""
        self._indexes[name] = (function, {})
        for key, item in self._objects.items():
            self._enter(name, key, item)

    def on_change(self, handler: Handler, *, own: bool = False) -> None:
        """Calls ``handler`` for every difference from now on; for those that our own writes made only with ``own``."""
        self._handlers.append((handler, own))

    async def run(self) -> None:
        """Keeps the cache up to date; never returns."""
        async with asyncio.TaskGroup() as group:
            for reflector in self._reflectors:
                group.create_task(reflector.run(), name=f"watch {self.kind}")

    # ---- what the reflectors report

    def replace(self, namespace: str, items: Objects) -> None:
        found = {key_of(item): item for item in items}
        self._told.clear()
        for key in [key for key in self._objects if namespace in ("", key[0]) and key not in found]:
            self._change(key, None)
        for key, item in found.items():
            # A list may hide that somebody else changed it before we did: told in any case, echo or not.
            self._change(key, item)
        self.served = True
        self._listed(namespace)

    def put(self, item: Object) -> None:
        """An event of a watch. It comes later than the answers to our own writes: what is older than those is dropped,
        or a pass would decide once more on what it has changed already.
        """
        key = key_of(item)
        held = self._objects.get(key)
        self._told[key[0]] = version_of(item)
        if held is None or not _before(version_of(item), version_of(held)):
            self._change(key, item, echo=True)

    def remove(self, item: Object) -> None:
        self._told[key_of(item)[0]] = version_of(item)
        self._change(key_of(item), None)

    def answered(self, item: Object) -> None:
        """The answer to a call of our own, before the watch tells of it.

        Where the watch is further already the answer is no news: somebody may have changed the object since, or
        deleted it, and no further event would say so.
        """
        key = key_of(item)
        told = self._told.get(key[0], "")
        if told != version_of(item) and not _before(version_of(item), told):
            item["metadata"].pop("managedFields", None)
            self._change(key, item, echo=True)

    def absent(self, namespace: str) -> None:
        if not self._objects:
            self.served = False
            self._listed(namespace)

    def heard(self) -> None:
        self._last = self._clock()

    # ---- inside

    def _listed(self, namespace: str) -> None:
        self._waiting.discard(namespace)
        if not self._waiting:
            self.synced.set()

    def _change(self, key: Key, new: Object | None, *, echo: bool = False) -> None:
        old = self._objects.get(key)
        if old is None and new is None:
            return
        if old is not None and new is not None and version_of(old) == version_of(new):
            return  # a list again, or a watch that began a little earlier
        self._leave(key, old)
        if new is None:
            del self._objects[key]
        else:
            self._objects[key] = new
            for name in self._indexes:
                self._enter(name, key, new)
        self._changes["deleted" if new is None else "added" if old is None else "modified"].inc()
        self._tell(key, old, new, echo=echo)

    def _tell(self, key: Key, old: Object | None, new: Object | None, *, echo: bool) -> None:
        for handler, own in self._handlers:
            if own or not echo or new is None:
                handler(old, new)
            else:
                subject = (self._subject, *key)
                self._cluster.echoes.tell(
                    subject,
                    version_of(new),
                    lambda handler=handler: handler(old, new),  # type: ignore[misc]
                )

    def _enter(self, name: str, key: Key, item: Object) -> None:
        function, values = self._indexes[name]
        for value in function(item):
            values.setdefault(value, {})[key] = item

    def _leave(self, key: Key, item: Object | None) -> None:
        if item is None:
            return
        for function, values in self._indexes.values():
            for value in function(item):
                entries = values.get(value)
                if entries is not None:
                    entries.pop(key, None)
                    if not entries:
                        del values[value]


def _before(one: str, other: str) -> bool:
    """Whether a resourceVersion is older than another; versions that are no numbers cannot be compared."""
    return one.isdecimal() and other.isdecimal() and int(one) < int(other)
