"""Plays the garbage collector: what its owners leave behind goes, in the order that the owner's deletion asked for.

Background: the owner goes at once, dependents after it. Foreground: the owner waits (finalizer foregroundDeletion)
until the dependents that block it are gone. Orphan: the dependents lose their reference (finalizer orphan) and stay.
https://kubernetes.io/docs/concepts/architecture/garbage-collection/
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from controller.sandbox.client import Key, Object
from controller.sandbox.workloads.cluster import Cluster
from controller.sandbox.workloads.kinds import Kind
from controller.sandbox.workloads.objects import deleting, name, namespace, owners, uid
from controller.sandbox.workloads.queue import Queue
from controller.sandbox.workloads.universe import Universe

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
_LOOK_AGAIN = 1.0  # seconds
_KEPT_GONE = 5000
_POLICIES = {FOREGROUND: "Foreground", ORPHAN: "Orphan"}


@dataclass(frozen=True)
class Known:
    """An object in the graph."""

    kind: Kind
    item: Object

    def waits_for(self, finalizer: str) -> bool:
        """Whether it is being deleted and this finalizer holds it."""
        return deleting(self.item) and finalizer in (self.item["metadata"].get("finalizers") or [])


class Garbage:
    """The graph of owners and dependents, by uid, and what to do with each object."""

    def __init__(self, cluster: Cluster, universe: Universe) -> None:
        self.queue = Queue("garbage", self.reconcile)
        self._cluster = cluster
        self._universe = universe
        self._known: dict[str, Known] = {}
        self._dependents: dict[str, set[str]] = {}
        self._gone: OrderedDict[str, None] = OrderedDict()  # a uid never comes back
        universe.listen(self._changed)

    def _changed(self, kind: Kind, old: Object | None, new: Object | None) -> None:
        for reference in owners(old) if old is not None else ():
            self._dependents.get(reference["uid"], set()).discard(uid(old) if old else "")
            self._look(reference["uid"])
        if new is None:
            assert old is not None
            self._known.pop(uid(old), None)
            self._gone[uid(old)] = None
            if len(self._gone) > _KEPT_GONE:
                self._gone.popitem(last=False)
            for dependent in self._dependents.get(uid(old), ()):
                self._look(dependent)
            if not self._dependents.get(uid(old)):
                self._dependents.pop(uid(old), None)
            return
        self._known[uid(new)] = Known(kind, new)
        for reference in owners(new):
            self._dependents.setdefault(reference["uid"], set()).add(uid(new))
        if owners(new) or deleting(new):
            self._look(uid(new))

    def _look(self, one: str) -> None:
        self.queue.add(("", one))

    async def reconcile(self, key: Key) -> float | None:
        known = self._known.get(key[1])
        if known is None:
            return None
        if known.waits_for(FOREGROUND):
            await self._finish_foreground(known)
        elif known.waits_for(ORPHAN):
            await self._orphan_dependents(known)
        elif not deleting(known.item) and owners(known.item):
            await self._judge(known)
            # An owner that no mirror shows can go without an event.
            if not all(reference["uid"] in self._known for reference in owners(known.item)):
                return _LOOK_AGAIN
        return None

    async def _finish_foreground(self, known: Known) -> None:
        blocking = [one for one in self._of(known) if _blocks(one.item, uid(known.item))]
        for one in blocking:
            self._look(uid(one.item))
        if not blocking:
            await self._drop_finalizer(known, FOREGROUND)

    async def _orphan_dependents(self, known: Known) -> None:
        for one in self._of(known):
            await self._drop_owners(one, {uid(known.item)})
        await self._drop_finalizer(known, ORPHAN)

    def _of(self, known: Known) -> list[Known]:
        """The dependents."""
        uids = self._dependents.get(uid(known.item), set())
        return [self._known[one] for one in sorted(uids) if one in self._known]

    async def _judge(self, known: Known) -> None:
        """Keep, cut loose or delete one object that has owners."""
        gone, leaving, staying = set(), set(), set()
        for reference in owners(known.item):
            owner = await self._owner(known, reference)
            if owner is None:
                gone.add(reference["uid"])
            elif owner.waits_for(FOREGROUND):
                leaving.add(reference["uid"])
            else:
                staying.add(reference["uid"])
        if staying:
            if gone or leaving:
                await self._drop_owners(known, gone | leaving)
        elif leaving and self._of(known):
            await self._cluster.delete(known.kind, known.item, "Foreground")
        else:
            held = known.item["metadata"].get("finalizers") or []
            policy = next((_POLICIES[one] for one in held if one in _POLICIES), "Background")
            await self._cluster.delete(known.kind, known.item, policy)

    async def _owner(self, known: Known, reference: Object) -> Known | None:
        """The owner if it exists, also where no mirror has seen it yet.

        One of an unknown kind, or in a namespace that cannot be known, is taken to exist: ``known`` itself stands in.
        """
        space = namespace(known.item)
        found = self._known.get(reference["uid"])
        if found is not None and _names(reference, found) and namespace(found.item) in ("", space):
            return found
        if reference["uid"] in self._gone:
            return None
        kind = self._universe.find(reference["apiVersion"], reference["kind"])
        if kind is None or (kind.namespaced and not space):
            return known
        live = await self._cluster.client.get_or_none(kind.path(space, reference["name"]))
        return Known(kind, live) if live is not None and uid(live) == reference["uid"] else None

    async def _drop_owners(self, known: Known, uids: set[str]) -> None:
        left = [reference for reference in owners(known.item) if reference["uid"] not in uids]
        await self._cluster.set_metadata(known.kind, known.item, ownerReferences=left)

    async def _drop_finalizer(self, known: Known, finalizer: str) -> None:
        left = [one for one in known.item["metadata"].get("finalizers") or [] if one != finalizer]
        await self._cluster.set_metadata(known.kind, known.item, finalizers=left)


def _names(reference: Object, known: Known) -> bool:
    """Whether a reference says kind and name right; one that does not is to an owner that is not there."""
    return bool(reference["kind"] == known.kind.kind and reference["name"] == name(known.item))


def _blocks(item: Object, owner: str) -> bool:
    return any(reference["uid"] == owner and reference.get("blockOwnerDeletion") for reference in owners(item))
