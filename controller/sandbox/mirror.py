"""Live copies of collections, kept by list and watch: how the sandbox's parts see the cluster."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import aiohttp

from controller.sandbox.client import ApiError, Client, Key, Object, key_of

Result = TypeVar("Result")
OnChange = Callable[[Object | None, Object | None], None]  # old, new

_KEPT_DELETIONS = 2000


class Mirror:
    """A live copy of one collection, kept by list and watch for as long as :meth:`run` runs.

    ``objects`` maps (namespace, name) to the object as last seen; nobody may change what is in it.
    ``on_change(old, new)`` is called for every difference (``new`` is None for a deletion); it must not block.
    ``synced`` is set after the first list. :meth:`learn` lets a writer read its own writes at once.

    resourceVersions of one collection are compared as numbers, as Kubernetes allows since 1.35 and its storage
    always made true.
    """

    def __init__(
        self,
        client: Client,
        path: str,
        on_change: OnChange | None = None,
        *,
        metadata_only: bool = False,
    ) -> None:
        self.path = path
        self.objects: dict[Key, Object] = {}
        self.synced = asyncio.Event()
        self._client = client
        self._metadata_only = metadata_only
        self._listeners: list[OnChange] = [on_change] if on_change else []
        self._namespaces: dict[str, dict[Key, Object]] = {}
        self._deleted: OrderedDict[Key, int] = OrderedDict()  # version of the deletion of what went lately
        self._seen = 0  # the newest version the server showed us

    def listen(self, on_change: OnChange) -> None:
        """One more to be told of every difference from now on."""
        self._listeners.append(on_change)

    def in_namespace(self, namespace: str) -> list[Object]:
        """The objects of one namespace."""
        return list(self._namespaces.get(namespace, {}).values())

    def get(self, namespace: str, name: str) -> Object | None:
        return self.objects.get((namespace, name))

    def learn(self, item: Object) -> None:
        """Take the server's answer to a write before its event comes; older news and the dead are ignored."""
        key, version = key_of(item), _version(item)
        present = self.objects.get(key)
        if version <= self._deleted.get(key, 0) or (present is not None and version <= _version(present)):
            return
        self._set(key, item)

    async def until(self, holds: Callable[[list[Object]], Result | None], limit: float = 10.0) -> Result:
        """Wait until ``holds(objects)`` gives something true, and return that.

        Raises TimeoutError with the objects as last seen after ``limit`` seconds.
        """
        changed = asyncio.Event()

        def wake(_old: Object | None, _new: Object | None) -> None:
            changed.set()

        self._listeners.append(wake)
        try:
            async with asyncio.timeout(limit):
                while True:
                    await self.synced.wait()
                    changed.clear()
                    if result := holds(list(self.objects.values())):
                        return result
                    await changed.wait()
        except TimeoutError:
            seen = json.dumps(list(self.objects.values()), indent=1)
            raise TimeoutError(f"{self.path}: not seen in {limit:g} s; last seen:\n{seen}") from None
        finally:
            self._listeners.remove(wake)

    def forget(self, item: Object) -> None:
        """Take it that this very object is gone, before its event comes."""
        key = key_of(item)
        present = self.objects.get(key)
        if present is not None and present["metadata"].get("uid") == item["metadata"].get("uid"):
            self._bury(key, _version(present))
            self._set(key, None)

    def _bury(self, key: Key, version: int) -> None:
        self._deleted[key] = version
        if len(self._deleted) > _KEPT_DELETIONS:
            self._deleted.popitem(last=False)

    async def run(self) -> None:
        """List, then watch, for ever.

        A lost connection goes on where it stopped; a refusal (a compacted version, another server) lists again.
        """
        delay, version = 0.05, ""
        while True:
            try:
                if not version:
                    version = await self._relist()
                    self.synced.set()
                async for kind, item in self._client.watch(self.path, version, metadata_only=self._metadata_only):
                    version = item["metadata"]["resourceVersion"]
                    delay = 0.05
                    if kind != "BOOKMARK":
                        self._event(kind, item)
            except ApiError:
                version = ""
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
                pass
            await asyncio.sleep(delay)
            delay = min(delay * 2, 2.0)

    def _event(self, kind: str, item: Object) -> None:
        key, version = key_of(item), _version(item)
        self._seen = max(self._seen, version)
        if kind != "DELETED":
            self.learn(item)
            return
        self._bury(key, version)
        present = self.objects.get(key)
        if present is not None and _version(present) <= version:
            self._set(key, None)

    async def _relist(self) -> str:
        items, version = await self._client.list(self.path, metadata_only=self._metadata_only)
        listed = int(version)
        found = {key_of(item): item for item in items}
        if listed < self._seen:  # a server that has forgotten what it told us: another one, or a restored one
            self._deleted.clear()
            for key in list(self.objects):
                self._set(key, found.get(key))
        self._seen = listed
        for key, present in list(self.objects.items()):
            # What we wrote after the list was made is not in it, and is not gone.
            if key not in found and _version(present) <= listed:
                self._set(key, None)
        for item in found.values():
            self.learn(item)
        return version

    def _set(self, key: Key, new: Object | None) -> None:
        old = self.objects.pop(key, None)
        space = self._namespaces.setdefault(key[0], {})
        space.pop(key, None)
        if new is not None:
            self.objects[key] = space[key] = new
        elif not space:
            del self._namespaces[key[0]]
        if old is not None and new is not None and old["metadata"].get("uid") != new["metadata"].get("uid"):
            self._tell(old, None)  # deleted and made again between two looks
            self._tell(None, new)
        elif (old or new) and (old is None or new is None or _version(old) != _version(new)):
            self._tell(old, new)

    def _tell(self, old: Object | None, new: Object | None) -> None:
        for listener in self._listeners:
            listener(old, new)


@contextlib.asynccontextmanager
async def following(client: Client, path: str) -> AsyncIterator[Mirror]:
    """A mirror that is kept for the length of the block, and has its first list."""
    mirror = Mirror(client, path)
    task = asyncio.create_task(mirror.run(), name=f"following {path}")
    try:
        await mirror.synced.wait()
        yield mirror
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _version(item: Object) -> int:
    return int(item["metadata"].get("resourceVersion") or 0)
