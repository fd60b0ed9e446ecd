"""What the caches hold, as core.objects.Found; contents that no cache holds are fetched when a pass needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from controller.cluster import Caches, Cluster, Kind
from controller.core.objects import Object, Ref, name, namespace, resource_version
from controller.errors import NotFound

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


class Contents:
    """ConfigMaps and Secrets that templates refer to, read again only when their version changed."""

    def __init__(self, cluster: Cluster, caches: Caches) -> None:
        self._cluster = cluster
        self._caches = caches
        self._read: dict[tuple[str, str, str], Object] = {}

    async def get(self, kind: Kind, where: str, which: str) -> Object | None:
        """The whole object, None when there is none. Raises ClusterError."""
        if kind not in self._caches:  # switched off
            return None
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


class CachedFound:
    """One pass's view of the caches, and of ``more`` objects that were fetched for it.

    ConfigMaps and Secrets that were not fetched are there with their metadata only.
    """

    def __init__(self, caches: Caches, more: Iterable[Object] = ()) -> None:
        self._caches = {cache.kind.kind: cache for cache in caches}
        self._more = {(one["kind"], namespace(one), name(one)): one for one in more}

    def with_more(self, more: Iterable[Object]) -> CachedFound:
        """The same view and these objects too."""
        view = CachedFound.__new__(CachedFound)
        view._caches = self._caches
        view._more = self._more | {(one["kind"], namespace(one), name(one)): one for one in more}
        return view

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        fetched = self._more.get((kind, namespace, name))
        if fetched is not None or kind not in self._caches:
            return fetched
        return self._caches[kind].get(namespace, name)

    def list(self, kind: str, namespace: str = "", selector: Mapping[str, str] | None = None) -> tuple[Object, ...]:
        if kind in self._caches:
            found = self._caches[kind].list(namespace or None, selector)
            return tuple(sorted(found, key=lambda one: (one["metadata"].get("namespace", ""), one["metadata"]["name"])))
        wanted = (selector or {}).items()
        return tuple(
            one
            for (have, where, _), one in sorted(self._more.items(), key=lambda pair: pair[0])
            if have == kind and namespace in ("", where) and wanted <= one["metadata"].get("labels", {}).items()
        )


def contents_of(refs: Iterable[Ref]) -> list[tuple[Kind, str, str]]:
    """The references that no cache answers: by kind, namespace and name."""
    by_kind = {kind.kind: kind for kind in CONTENTS}
    return [(by_kind[ref.kind], ref.namespace, ref.name) for ref in refs if ref.kind in by_kind and ref.name]
