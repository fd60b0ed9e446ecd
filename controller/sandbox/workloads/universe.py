"""Everything there is, as metadata: which kinds the API serves, and a mirror of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp

from controller.sandbox.client import ApiError, Object
from controller.sandbox.mirror import Mirror
from controller.sandbox.workloads.cluster import Cluster
from controller.sandbox.workloads.kinds import CUSTOM_RESOURCE_DEFINITION, Kind

OnAnyChange = Callable[[Kind, Object | None, Object | None], None]

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_NEEDED = {"list", "watch", "delete"}
_SETTLE = 0.05  # custom kinds come in bundles: one look for all of them
_AGAIN = 0.5


class Universe:
    """Follows the kinds that can be listed, watched and deleted, events excepted, and tells of every change.

    ``unwatched`` are the namespaced kinds that are left out but go with their namespace. The mirrors that ``cluster``
    keeps are used; of other kinds only the metadata is asked for.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.unwatched: tuple[Kind, ...] = ()
        self._cluster = cluster
        self._mirrors: dict[Kind, Mirror] = {}
        self._retired: dict[Kind, Mirror] = {}
        self._tasks: dict[Kind, asyncio.Task[None]] = {}
        self._listeners: list[OnAnyChange] = []
        self._reload = asyncio.Event()
        self._loaded = asyncio.Event()

    def listen(self, on_change: OnAnyChange) -> None:
        self._listeners.append(on_change)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(self._mirrors)

    def find(self, api_version: str, kind: str) -> Kind | None:
        """The kind that an owner reference names; another version of its group will do."""
        group = api_version.rpartition("/")[0]
        for known in self._mirrors:
            if known.kind == kind and known.api_version.rpartition("/")[0] == group:
                return known
        return None

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        mirror = self._mirrors.get(kind)
        return mirror.get(namespace, name) if mirror is not None else None

    def in_namespace(self, namespace: str) -> Iterator[tuple[Kind, list[Object]]]:
        """What the namespace holds, by kind."""
        for kind, mirror in self._mirrors.items():
            if kind.namespaced and (items := mirror.in_namespace(namespace)):
                yield kind, items

    async def synced(self) -> None:
        await self._loaded.wait()
        for mirror in list(self._mirrors.values()):
            await mirror.synced.wait()

    async def run(self) -> None:
        """Follow for ever; custom resource definitions that come and go bring their kinds with them."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    self._follow(await self._discover(), group)
                except (ApiError, aiohttp.ClientError, TimeoutError, OSError):
                    await asyncio.sleep(_AGAIN)
                    continue
                self._loaded.set()
                await self._reload.wait()
                await asyncio.sleep(_SETTLE)
                self._reload.clear()

    def _follow(self, kinds: set[Kind], group: asyncio.TaskGroup) -> None:
        shared = self._cluster.mirrored
        for kind in kinds - set(self._mirrors):
            mirror = self._retired.pop(kind, None) or self._new_mirror(kind)
            self._mirrors[kind] = mirror
            if kind not in shared:
                self._tasks[kind] = group.create_task(mirror.run(), name=f"metadata-{kind.plural}")
        for kind in set(self._mirrors) - kinds:
            # That a kind is not served for a moment says nothing about its objects: what they own must stay. Should
            # it come back, its mirror lists again, and then tells what has gone.
            self._retired[kind] = self._mirrors.pop(kind)
            if task := self._tasks.pop(kind, None):
                task.cancel()

    def _new_mirror(self, kind: Kind) -> Mirror:
        mirror = self._cluster.mirrored.get(kind) or Mirror(self._cluster.client, kind.collection, metadata_only=True)
        mirror.listen(lambda old, new: self._tell(kind, old, new))
        for item in list(mirror.objects.values()):
            self._tell(kind, None, item)
        return mirror

    def _tell(self, kind: Kind, old: Object | None, new: Object | None) -> None:
        if kind == CUSTOM_RESOURCE_DEFINITION and self._loaded.is_set():
            self._reload.set()
        for listener in self._listeners:
            listener(kind, old, new)

    async def _discover(self) -> set[Kind]:
        found: set[Kind] = set()
        unwatched: list[Kind] = []
        for path in ("/api", "/apis"):
            answer = await self._cluster.client.request("GET", path, accept=_DISCOVERY)
            for group in answer.get("items") or []:
                for kind, verbs in _preferred(group):
                    if kind.kind == "Event":
                        unwatched.append(kind)
                    elif verbs >= _NEEDED:
                        found.add(kind)
        self.unwatched = tuple(kind for kind in unwatched if kind.api_version == "v1")
        return found


def _preferred(group: dict[str, Any]) -> Iterator[tuple[Kind, set[str]]]:
    """The kinds of a group in its preferred version, those that only another version has included."""
    name = (group.get("metadata") or {}).get("name", "")
    seen = set()
    for version in group.get("versions") or []:
        api_version = f"{name}/{version['version']}" if name else version["version"]
        for resource in version.get("resources") or []:
            kind = (resource.get("responseKind") or {}).get("kind", "")
            if kind and kind not in seen:
                seen.add(kind)
                namespaced = resource.get("scope") == "Namespaced"
                yield Kind(api_version, kind, resource["resource"], namespaced), set(resource.get("verbs") or [])
