"""The cluster as a player sees it (mirrors) and changes it (writes that the mirrors learn at once)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from controller.sandbox.client import MERGE_PATCH, ApiError, Client, Object
from controller.sandbox.mirror import Mirror
from controller.sandbox.workloads.events import Recorder
from controller.sandbox.workloads.kinds import Kind
from controller.sandbox.workloads.objects import deleting, stamp

Clock = Callable[[], datetime]

_WRITES_AT_ONCE = 16


def utc_now() -> datetime:
    return datetime.now(UTC)


class Cluster:
    """Mirrors of ``kinds``, and writes. ``component`` is the name under which events are reported.

    ``now`` gives the time that goes into conditions and decides deadlines.
    """

    def __init__(self, client: Client, component: str, kinds: tuple[Kind, ...], now: Clock = utc_now) -> None:
        self.client = client
        self.now = now
        self.recorder = Recorder(client, component, now)
        self._mirrors = {kind: Mirror(client, kind.collection) for kind in kinds}
        self._writes = asyncio.Semaphore(_WRITES_AT_ONCE)

    def mirror(self, kind: Kind) -> Mirror:
        return self._mirrors[kind]

    @property
    def mirrored(self) -> dict[Kind, Mirror]:
        return dict(self._mirrors)

    def stamp(self) -> str:
        """The present moment as Kubernetes writes it."""
        return stamp(self.now())

    def start(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Keep the mirrors and write the events, as tasks of ``group``."""
        tasks = [
            group.create_task(mirror.run(), name=f"mirror-{kind.plural}") for kind, mirror in self._mirrors.items()
        ]
        return [*tasks, group.create_task(self.recorder.run(), name="events")]

    @property
    def is_synced(self) -> bool:
        return all(mirror.synced.is_set() for mirror in self._mirrors.values())

    async def synced(self) -> None:
        """Wait until every mirror has its first list."""
        for mirror in self._mirrors.values():
            await mirror.synced.wait()

    async def create(self, kind: Kind, body: Object) -> Object:
        """Create in the namespace that ``body`` names; apiVersion and kind are filled in."""
        full = {"apiVersion": kind.api_version, "kind": kind.kind, **body}
        async with self._writes:
            answer = await self.client.create(kind.path(body["metadata"].get("namespace", "")), full)
        return self._learn(kind, answer)

    async def replace(self, kind: Kind, item: Object, subresource: str = "") -> Object:
        """PUT; refused with 409 when ``item`` is not the latest."""
        async with self._writes:
            answer = await self.client.replace(kind.of(item, subresource), item)
        return self._learn(kind, answer)

    async def patch(
        self, kind: Kind, item: Object, patch: Any, content_type: str = MERGE_PATCH, subresource: str = ""
    ) -> Object:
        async with self._writes:
            answer = await self.client.patch(kind.of(item, subresource), patch, content_type)
        return self._learn(kind, answer)

    async def set_metadata(self, kind: Kind, item: Object, **members: Any) -> Object:
        """Set members of the metadata, if ``item`` is still the latest (409)."""
        version = item["metadata"]["resourceVersion"]
        return await self.patch(kind, item, {"metadata": {"resourceVersion": version, **members}})

    async def delete(
        self, kind: Kind, item: Object, propagation: str | None = "Background", grace: int | None = None
    ) -> None:
        """Delete this very object (by uid); one that is gone already, or replaced, is no error."""
        try:
            async with self._writes:
                answer = await self.client.delete(
                    kind.of(item), propagation=propagation, grace=grace, uid=item["metadata"]["uid"]
                )
        except ApiError as error:
            if error.code == 404 or (error.code == 409 and await self._is_another(kind, item)):
                return
            raise
        if answer.get("kind") == kind.kind and deleting(answer):
            self._learn(kind, answer)
        elif kind in self._mirrors:
            self._mirrors[kind].forget(item)

    async def _is_another(self, kind: Kind, item: Object) -> bool:
        """Whether the name now belongs to another object, or to none: that is one cause of a conflict."""
        live = await self.client.get_or_none(kind.of(item))
        return live is None or live["metadata"]["uid"] != item["metadata"]["uid"]

    def _learn(self, kind: Kind, answer: Object) -> Object:
        if kind in self._mirrors:
            self._mirrors[kind].learn(answer)
        return answer
