"""What the caches hold, as core.objects.Found; contents that no cache holds are fetched when a pass needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from controller.cluster import Caches, Cluster, Kind
from controller.core.objects import Object, Ref, name, namespace, resource_version
from controller.errors import Forbidden, NotFound

RELEASE = Kind("sluice.dev", "Release")
DEPLOYMENT = Kind("apps", "Deployment")
CONFIG_MAP = Kind("", "ConfigMap")
SECRET = Kind("", "Secret")
POD = Kind("", "Pod")

KINDS: tuple[Kind, ...] = (
    RELEASE,
    DEPLOYMENT,
    Kind("apps", "ReplicaSet"),
    Kind("", "Service"),
    Kind("networking.k8s.io", "Ingress"),
    Kind("networking.istio.io", "VirtualService"),
    Kind("networking.istio.io", "DestinationRule"),
)
"""Kinds that are cached whole. Pods never are: readiness comes from Deployments."""

CONTENTS: tuple[Kind, ...] = (CONFIG_MAP, SECRET)
"""Kinds of which only metadata is cached; an object is read by its name when a template refers to it."""


BY_NAME: tuple[Kind, ...] = (
    Kind("", "PersistentVolumeClaim"),
    Kind("apps", "StatefulSet"),
    Kind("apps", "DaemonSet"),
)
"""Kinds that are seldom looked at, and then read by their name: they only make a refusal clearer."""

Key = tuple[str, str, str]
"""Kind, namespace, name."""


class Contents:
    """ConfigMaps and Secrets that templates refer to, read again only when their version changed."""

    def __init__(self, cluster: Cluster, caches: Caches) -> None:
        self._cluster = cluster
        self._caches = caches
        self._read: dict[Key, Object] = {}

    async def get(self, ref: Ref) -> Object | None:
        """The object, or its metadata where no more is wanted; None when there is none. Raises ClusterError."""
        kind, where, which = _FETCHED[ref.kind], ref.namespace, ref.name
        if kind in BY_NAME:
            return await self._by_name(kind, where, which)
        if kind not in self._caches:  # switched off
            return None
        if not ref.whole:
            return self._caches[kind].get(where, which)
        key = (kind.kind, where, which)
        known = self._caches[kind].get(where, which)
        if known is None:
            self._read.pop(key, None)
            return None
        held = self._read.get(key)
        if held is None or resource_version(held) != resource_version(known):
            try:
                held = await self._cluster.get(kind, where, which)
            except NotFound:
                self._read.pop(key, None)
                return None
            self._read[key] = held
        return held

    async def _by_name(self, kind: Kind, where: str, which: str) -> Object | None:
        try:
            return await self._cluster.get(kind, where, which)
        except (NotFound, Forbidden):  # where it is not allowed, a refusal is only less clear
            return None


class CachedFound:
    """One pass's view of the caches, and of ``more`` objects that were fetched for it.

    ConfigMaps and Secrets that were not fetched are there with their metadata only. One that was fetched and was not
    there stays away from this view, though it may arrive in the cache meanwhile: without its content, it would be read
    as an empty one.
    """

    def __init__(self, caches: Caches, more: Iterable[Object] = ()) -> None:
        self._caches = {cache.kind.kind: cache for cache in caches}
        self._more: dict[Key, Object | None] = {(one["kind"], namespace(one), name(one)): one for one in more}

    def with_more(self, more: Iterable[Object]) -> CachedFound:
        """The same view and these objects too."""
        return self.with_answers({(one["kind"], namespace(one), name(one)): one for one in more})

    def with_answers(self, answers: Mapping[Key, Object | None]) -> CachedFound:
        """The same view with what was fetched; None for what is not there."""
        view = CachedFound.__new__(CachedFound)
        view._caches = self._caches
        view._more = self._more | dict(answers)
        return view

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        key = (kind, namespace, name)
        if key in self._more or kind not in self._caches:
            return self._more.get(key)
        return self._caches[kind].get(namespace, name)

    def list(self, kind: str, namespace: str = "", selector: Mapping[str, str] | None = None) -> tuple[Object, ...]:
        if kind in self._caches:
            found = self._caches[kind].list(namespace or None, selector)
            return tuple(sorted(found, key=lambda one: (one["metadata"].get("namespace", ""), one["metadata"]["name"])))
        wanted = (selector or {}).items()
        return tuple(
            one
            for (have, where, _), one in sorted(self._more.items(), key=lambda pair: pair[0])
            if one is not None
            and have == kind
            and namespace in ("", where)
            and wanted <= one["metadata"].get("labels", {}).items()
        )


def fetched(refs: Iterable[Ref]) -> list[Ref]:
    """The references that no cache answers."""
    return [ref for ref in refs if ref.kind in _FETCHED and ref.name]


_FETCHED = {kind.kind: kind for kind in (*CONTENTS, *BY_NAME)}
