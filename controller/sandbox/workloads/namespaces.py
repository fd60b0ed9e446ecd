"""Plays the namespace controllers: what every namespace starts with, and its end."""

from __future__ import annotations

import asyncio

from controller.sandbox.client import ApiError, Key, Object, key_of
from controller.sandbox.workloads.cluster import Cluster
from controller.sandbox.workloads.kinds import CONFIG_MAP, NAMESPACE, SERVICE_ACCOUNT, Kind
from controller.sandbox.workloads.objects import deleting, name, namespace
from controller.sandbox.workloads.queue import Queue
from controller.sandbox.workloads.universe import Universe

ROOT_CA = "kube-root-ca.crt"
_FINALIZER = "kubernetes"
_LOOK_AGAIN = 5.0  # seconds; the end of each object starts a pass at once


class Namespaces:
    """Gives each namespace its default ServiceAccount and root certificate; empties one that is being deleted."""

    def __init__(self, cluster: Cluster, universe: Universe, root_ca: str) -> None:
        self.queue = Queue("namespace", self.reconcile)
        self._cluster = cluster
        self._universe = universe
        self._certificate = root_ca
        cluster.mirror(NAMESPACE).listen(self._namespace_changed)
        universe.listen(self._content_changed)

    def _namespace_changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None:
            self.queue.add(key_of(new))

    def _content_changed(self, kind: Kind, old: Object | None, new: Object | None) -> None:
        if old is None or not kind.namespaced:
            return
        found = self._cluster.mirror(NAMESPACE).get("", namespace(old))
        first = (kind, name(old)) in ((SERVICE_ACCOUNT, "default"), (CONFIG_MAP, ROOT_CA))
        if new is None and found is not None and (deleting(found) or first):
            self.queue.add(key_of(found))

    async def reconcile(self, key: Key) -> float | None:
        found = self._cluster.mirror(NAMESPACE).get(*key)
        if found is None:
            return None
        if not deleting(found):
            await self._furnish(name(found))
            return None
        return await self._empty(found)

    async def _furnish(self, space: str) -> None:
        account: Object = {"metadata": {"name": "default", "namespace": space}}
        certificate = {"metadata": {"name": ROOT_CA, "namespace": space}, "data": {"ca.crt": self._certificate}}
        for kind, body in ((SERVICE_ACCOUNT, account), (CONFIG_MAP, certificate)):
            if self._universe.get(kind, space, body["metadata"]["name"]) is None:
                try:
                    await self._cluster.create(kind, body)
                except ApiError as error:
                    if error.reason != "AlreadyExists" and error.code != 404:
                        raise

    async def _empty(self, found: Object) -> float | None:
        """Delete all; the last that goes starts another pass, in which the namespace itself is let go."""
        space = name(found)
        if _FINALIZER not in (found["spec"].get("finalizers") or []):
            return None
        present = dict(self._universe.in_namespace(space))
        doomed = [kind for kind, items in present.items() if not all(map(deleting, items))]
        await asyncio.gather(*(self._delete_all(kind, space) for kind in doomed))
        remaining = {kind.plural: items for kind, items in self._universe.in_namespace(space)}
        if not remaining:  # a mirror may be late: what the API itself lists decides
            namespaced = [kind for kind in self._universe.kinds if kind.namespaced]
            for kind in self._universe.unwatched:
                await self._delete_all(kind, space)
            lists = await asyncio.gather(*(self._list(kind, space) for kind in namespaced))
            remaining = {kind.plural: items for kind, items in zip(namespaced, lists, strict=True) if items}
        if remaining:
            await self._tell(found, remaining)
            return _LOOK_AGAIN
        spec = {**found["spec"], "finalizers": [one for one in found["spec"]["finalizers"] if one != _FINALIZER]}
        await self._cluster.replace(NAMESPACE, {**found, "spec": spec}, "finalize")
        return None

    async def _delete_all(self, kind: Kind, space: str) -> None:
        try:
            await self._cluster.client.delete(kind.path(space))
        except ApiError as error:
            if error.code not in (404, 405):
                raise

    async def _list(self, kind: Kind, space: str) -> list[Object]:
        try:
            return (await self._cluster.client.list(kind.path(space), metadata_only=True))[0]
        except ApiError as error:
            if error.code == 404:  # the kind itself is going
                return []
            raise

    async def _tell(self, found: Object, remaining: dict[str, list[Object]]) -> None:
        """What is left, where `kubectl describe namespace` shows it."""
        count = ", ".join(f"{plural} has {len(items)} resource instances" for plural, items in remaining.items())
        held: dict[str, int] = {}
        for items in remaining.values():
            for item in items:
                for finalizer in item["metadata"].get("finalizers") or []:
                    held[finalizer] = held.get(finalizer, 0) + 1
        finalizers = ", ".join(f"{one} in {number} resource instances" for one, number in held.items())
        entries = [
            _condition("NamespaceContentRemaining", "SomeResourcesRemain", f"Some resources are remaining: {count}"),
            _condition(
                "NamespaceFinalizersRemaining",
                "SomeFinalizersRemain" if held else "ContentHasNoFinalizers",
                f"Some content in the namespace has finalizers remaining: {finalizers}" if held else "",
                holds=bool(held),
            ),
        ]
        before = [
            {key: value for key, value in entry.items() if key != "lastTransitionTime"}
            for entry in (found.get("status") or {}).get("conditions") or []
        ]
        if before != entries:
            now = self._cluster.stamp()
            conditions = [{**entry, "lastTransitionTime": now} for entry in entries]
            status = {**(found.get("status") or {}), "conditions": conditions}
            await self._cluster.replace(NAMESPACE, {**found, "status": status}, "status")


def _condition(kind: str, reason: str, message: str, *, holds: bool = True) -> Object:
    return {"type": kind, "status": "True" if holds else "False", "reason": reason, "message": message}
