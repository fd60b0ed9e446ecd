"""A cluster of plain objects in which every write takes effect at once and every pod is ready."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from controller.core.objects import (
    Change,
    Create,
    Delete,
    FoundObjects,
    Object,
    Patch,
    Ref,
    generation,
    name,
    namespace,
    where,
)
from controller.core.release import Release
from controller.core.seen import RoutesSeen, WorkloadSeen
from controller.core.wanted import Wanted
from controller.routers import router_of
from controller.workloads import workload_of

Key = tuple[str, str, str]
"""Kind, namespace, name."""


class ObjectCluster:
    """Implements controller.simulate.play.Cluster with the real routers and workloads.

    ``objects`` are found at the start; an object is never changed in place, so that a copy of ``held`` stays as it is.
    """

    def __init__(self, objects: Iterable[Object]) -> None:
        self.held: dict[Key, Object] = {}
        for one in objects:
            self.put(one)

    def see(self, release: Release, now: float) -> tuple[WorkloadSeen, RoutesSeen]:
        found = FoundObjects(self.held.values())
        return workload_of(release).see(release, found), router_of(release).see(release, found)

    def act(self, release: Release, wanted: Wanted) -> bool:
        """In the order of controller.act; each kind of writes sees what those before it made."""
        router, workload = router_of(release), workload_of(release)
        wrote = self._do(router.add_subsets(release, wanted, self._found()))
        wrote = self._do(router.routes(release, wanted, self._found(), fence="", force=False)) or wrote
        wrote = self._do(workload.up(release, wanted, self._found())) or wrote
        wrote = self._do(workload.down(release, wanted, self._found())) or wrote
        return self._do(router.remove_subsets(release, wanted, self._found())) or wrote

    def put(self, one: Object) -> None:
        """An object as somebody applies it: it gets what the API server would add, where it lacks it."""
        before = self.held.get(key_of(one))
        metadata = dict(one["metadata"])
        metadata.setdefault("uid", (before or {}).get("metadata", {}).get("uid") or f"uid of {where(one)}")
        metadata["generation"] = generation(before) + 1 if before else metadata.get("generation", 1)
        self.held[key_of(one)] = _running({**one, "metadata": metadata})

    def _found(self) -> FoundObjects:
        return FoundObjects(self.held.values())

    def _do(self, changes: Iterable[Change]) -> bool:
        done = list(changes)
        for change in done:
            match change:
                case Create(wanted):
                    self.put(wanted)
                case Patch(ref, body, _):
                    self.put(merged(self.held[_key(ref)], body))
                case Delete(ref, _):
                    self.held.pop(_key(ref), None)
        return bool(done)


def key_of(one: Object) -> Key:
    return one["kind"], namespace(one), name(one)


def merged(found: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """``found`` after a merge patch (RFC 7386); neither is changed."""
    result = dict(found)
    for field, value in patch.items():
        if value is None:
            result.pop(field, None)
        elif isinstance(value, Mapping):
            below = found.get(field)
            result[field] = merged(below if isinstance(below, Mapping) else {}, value)
        else:
            result[field] = value
    return result


def _key(ref: Ref) -> Key:
    return ref.kind, ref.namespace, ref.name


def _running(one: Object) -> Object:
    """A Deployment with all of its pods, unless it is paused: then with those that it had."""
    if one["kind"] != "Deployment" or one["spec"].get("paused"):
        return one
    count = one["spec"].get("replicas", 1)
    pods = {"replicas": count, "readyReplicas": count, "availableReplicas": count, "updatedReplicas": count}
    return {**one, "status": {**(one.get("status") or {}), **pods, "observedGeneration": generation(one)}}
