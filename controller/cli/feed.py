"""Releases as they change, for commands that wait or watch. It goes on over an API that restarts or forgets (410)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import NamedTuple

from controller.cli.cluster import RELEASE, Session
from controller.cluster import Key, Object, Objects, Reflector, Selection, Timing, key_of

_TIMING = Timing(pause=0.2, longest_pause=5.0, absent=5.0)  # somebody is looking


class Change(NamedTuple):
    """One Release as it is now, None when it is gone; or, with a key of ("", ""), ``trouble`` on the way to the API."""

    key: Key
    item: Object | None
    trouble: str = ""


class Feed:
    """The changes, oldest first. Made by :func:`feed`; it is the reflector's sink."""

    def __init__(self) -> None:
        self._known: dict[Key, Object] = {}
        self._changes: asyncio.Queue[Change] = asyncio.Queue()

    async def next(self, within: float | None = None) -> Change | None:
        """The next change; None when there is none within so many seconds."""
        try:
            async with asyncio.timeout(within):
                return await self._changes.get()
        except TimeoutError:
            return None

    def trouble(self, text: str) -> None:
        self._changes.put_nowait(Change(("", ""), None, text))

    # ---- what a reflector tells

    def replace(self, namespace: str, items: Objects) -> None:
        found = {key_of(item): item for item in items}
        for key in self._known.keys() - found.keys():
            self.remove(self._known[key])
        for key, item in found.items():
            if self._known.get(key, {}).get("metadata") != item["metadata"]:
                self.put(item)

    def put(self, item: Object) -> None:
        self._known[key_of(item)] = item
        self._changes.put_nowait(Change(key_of(item), item))

    def remove(self, item: Object) -> None:
        self._known.pop(key_of(item), None)
        self._changes.put_nowait(Change(key_of(item), None))

    def absent(self, namespace: str) -> None:
        for item in list(self._known.values()):
            self.remove(item)

    def heard(self) -> None:
        return


@contextlib.asynccontextmanager
async def feed(session: Session, name: str = "", *, everywhere: bool = False) -> AsyncIterator[Feed]:
    """Changes of one Release, or of all in the namespace or the cluster; first everything as it is now."""
    made = Feed()
    selection = Selection(RELEASE, fields=f"metadata.name={name}" if name else "")
    namespace = "" if everywhere else session.namespace
    reflector = Reflector(session.cluster, selection, made, namespace=namespace, timing=_TIMING, trouble=made.trouble)
    task = asyncio.create_task(reflector.run(), name="watch")
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.wait({task})
