"""A reflector: list once, watch from there, and begin anew only where there is no other way.

One collection (a kind, in one namespace or in all) is kept the same in a sink as on the API server. How a watch ends
decides how it goes on:

========= ============================================= ====================================================
end       what happened                                 what follows
========= ============================================= ====================================================
closed    the server ended it, as it does in a while    watch from the last version
silent    nothing arrived, not even a bookmark          watch from the last version, new connection (checked)
failed    a broken connection, an answer that is none   the same; the third in a row: list
gone      the version is compacted (410)                list
========= ============================================= ====================================================

A watch that said nothing from beginning to end may be an idle one, since bookmarks are no promise (a kube-apiserver
whose etcd reports no progress sends none for a kind at rest), or one from a version that will not come for long, since
etcd was restored from a backup and counts from a lower number: a watch from the future is silent, not refused. So the
present version is asked for, and one below ours is followed by a list.

Whatever makes no progress is followed by a pause with backoff and jitter, so neither an empty answer nor an error page
makes it spin, and a thousand controllers do not come back in the same second.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import aiohttp
import structlog

from controller.cluster.client import Cluster, selectors
from controller.cluster.kinds import Kind, where
from controller.cluster.objects import Object, Objects, version_of
from controller.cluster.patches import JSON
from controller.cluster.transport import Call
from controller.cluster.watch import Event, watch
from controller.errors import ClusterError, Gone, NotFound

_TRUST = 3  # watches without progress before the last version itself is doubted


class Sink(Protocol):
    """Where a reflector puts what it learns; none of these may block."""

    def replace(self, namespace: str, items: Objects) -> None:
        """Everything there is, after a list (of that namespace, or of all with "")."""

    def put(self, item: Object) -> None: ...

    def remove(self, item: Object) -> None: ...

    def absent(self, namespace: str) -> None:
        """The kind is not served now."""

    def heard(self) -> None:
        """The API server said something."""


@dataclass(frozen=True)
class Selection:
    """What to look at. ``metadata_only`` leaves spec, status and data on the server; managedFields are dropped on
    arrival unless ``managed_fields`` is set; ``page`` is the size of a list's pages.
    """

    kind: Kind
    labels: str = ""
    fields: str = ""
    metadata_only: bool = False
    managed_fields: bool = False
    page: int = 500


@dataclass(frozen=True)
class Timing:
    """Seconds. ``life`` of a watch before the server ends it (spread by a fifth); ``quiet``: the longest silence, above
    the minute between bookmarks; pauses grow from ``pause`` to ``longest_pause``; ``absent``: between two looks for a
    kind that is not served.
    """

    life: float = 300.0
    quiet: float = 90.0
    pause: float = 0.2
    longest_pause: float = 30.0
    absent: float = 30.0


class Reflector:
    """Keeps ``sink`` up to date for as long as :meth:`run` runs."""

    def __init__(
        self,
        cluster: Cluster,
        selection: Selection,
        sink: Sink,
        *,
        namespace: str = "",
        timing: Timing | None = None,
        source: random.Random | None = None,
        trouble: Callable[[str], None] | None = None,
    ) -> None:
        """``trouble`` is told once per outage what is in the way; the log is told the same."""
        self._cluster = cluster
        self._selection = selection
        self._sink = sink
        self._namespace = namespace
        self._timing = timing or Timing()
        self._random = source or random.Random()
        self._trouble = trouble
        self._version = ""  # "": list first
        self._failures = 0  # in a row, without progress in between
        self._progress = False
        self._mute = False  # the last watch lived long and said nothing
        self._log = structlog.get_logger(__name__).bind(kind=str(selection.kind), namespace=namespace or "*")

    async def run(self) -> None:
        """Never returns; whatever the API server does is an end of a watch. Only a sink's own error is raised."""
        while True:
            started = _now()
            end = await self._round()
            self._cluster.telemetry.cache_watches.labels(self._label, end).inc()
            calm = end in ("closed", "silent") and _now() - started > self._timing.pause * 10
            self._mute = calm and not self._progress
            if calm or self._progress:
                self._failures = 0
            else:
                self._failures += 1
                if end == "failed" and self._failures >= _TRUST:
                    self._version = ""
            if not calm:
                await asyncio.sleep(self._pause(end))

    async def _round(self) -> str:
        """A list if one is needed, then a watch; how it ended."""
        self._progress = False  # by the watch: a list that works says nothing about the watch after it
        try:
            if self._mute and await self._is_future():
                self._version = ""
            if not self._version:
                await self._list()
            await self._follow()
            return "closed"
        except Gone:
            self._version = ""
            return "gone"
        except NotFound as error:
            self._absent(error)
            return "absent"
        except (ClusterError, aiohttp.ClientError, TimeoutError) as error:
            if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError):
                return "silent"
            self._warn(error)
            return "failed"

    async def _is_future(self) -> bool:
        """Whether the API server's present version is lower than ours. Versions count up (Kubernetes, KEP-5504)."""
        pages = self._cluster.pages(self._selection.kind, self._namespace, metadata_only=True, page=1)
        _, present = await anext(pages)
        await pages.aclose()
        self._sink.heard()
        return present.isdigit() and self._version.isdigit() and int(present) < int(self._version)

    async def _list(self) -> None:
        try:
            items, version = await self._pages(self._selection.page)
        except Gone:  # between two pages: once more, all in one
            items, version = await self._pages(0)
        self._cluster.telemetry.cache_lists.labels(self._label).inc()
        self._sink.replace(self._namespace, items)
        self._version = version

    async def _pages(self, size: int) -> tuple[Objects, str]:
        selection = self._selection
        items: Objects = []
        version = ""
        pages = self._cluster.pages(
            selection.kind,
            self._namespace,
            labels=selection.labels,
            fields=selection.fields,
            metadata_only=selection.metadata_only,
            page=size,
        )
        async for found, listed in pages:
            version = listed
            items += [self._stripped(item) for item in found]
            self._sink.heard()
        return items, version

    async def _follow(self) -> None:
        selection, timing = self._selection, self._timing
        resource = await self._cluster.discovery.resolve(selection.kind)
        life = timing.life * self._random.uniform(0.8, 1.2)
        params = selectors(selection.labels, selection.fields) | {
            "watch": "true",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(max(1, round(life))),
        }
        accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" if selection.metadata_only else JSON
        call = Call(
            "watch",
            resource.path(self._namespace),
            where(resource.kind, self._namespace),
            resource.label,
            life + timing.quiet,  # a server that forgets to end it
            params,
            accept=accept,
        )
        async with contextlib.aclosing(watch(self._cluster.transport, call, quiet=timing.quiet)) as events:
            async for event in events:
                self._take(event, resource.api_version)

    def _take(self, event: Event, api_version: str) -> None:
        self._sink.heard()
        item = event.item
        if event.type == "DELETED":
            self._sink.remove(item)
        elif event.type != "BOOKMARK":
            item["apiVersion"], item["kind"] = api_version, self._selection.kind.kind
            self._sink.put(self._stripped(item))
        self._progress = self._progress or version_of(item) != self._version
        self._version = version_of(item)  # only after the sink has it: a resumed watch must not skip it

    def _stripped(self, item: Object) -> Object:
        if not self._selection.managed_fields:  # about half of an object's size, and nobody reads it
            item["metadata"].pop("managedFields", None)
        return item

    def _absent(self, error: NotFound) -> None:
        self._cluster.discovery.doubt(self._selection.kind)
        self._version = ""
        self._sink.absent(self._namespace)
        self._log.debug("kind not served", error=str(error))

    def _warn(self, error: Exception) -> None:
        if self._failures == 0:  # once per outage, not once per try
            text = str(error) or type(error).__name__
            self._log.warning("watch interrupted", error=text)
            if self._trouble is not None:
                self._trouble(text)

    def _pause(self, end: str) -> float:
        timing = self._timing
        if end == "absent":
            return timing.absent * self._random.uniform(0.8, 1.2)
        grown = timing.pause * 2.0 ** min(max(0, self._failures - 1), 16)
        return min(timing.longest_pause, grown) * self._random.uniform(0.5, 1.0)

    @property
    def _label(self) -> str:
        return str(self._selection.kind)


def _now() -> float:
    return asyncio.get_running_loop().time()
