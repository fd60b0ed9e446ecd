"""The mesh: watches a Kubernetes API, keeps Envoy as its objects say, and tells when they are in effect."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from controller.errors import SandboxError
from controller.sandbox.client import Client, Connection, Object, key_of
from controller.sandbox.mesh.envoy import Envoy
from controller.sandbox.mesh.files import Files
from controller.sandbox.mesh.sources import Source
from controller.sandbox.mesh.translate.resources import TcpListener
from controller.sandbox.mesh.translate.world import KINDS, World, read
from controller.sandbox.mesh.views import Views, chosen
from controller.sandbox.mesh.writer import Writer
from controller.sandbox.mirror import Mirror
from controller.sandbox.process import free_port

_log = logging.getLogger(__name__)
_PATHS = {
    "services": "/api/v1/services",
    "pods": "/api/v1/pods",
    "endpointslices": "/apis/discovery.k8s.io/v1/endpointslices",
    "virtualservices": "/apis/networking.istio.io/v1/virtualservices",
    "destinationrules": "/apis/networking.istio.io/v1/destinationrules",
    "gateways": "/apis/networking.istio.io/v1/gateways",
}
_PLURALS = {
    "Service": "services",
    "Pod": "pods",
    "EndpointSlice": "endpointslices",
    "VirtualService": "virtualservices",
    "DestinationRule": "destinationrules",
    "Gateway": "gateways",
}
_DEBOUNCE = 0.01  # seconds to gather changes that belong together; istiod takes 0.1
_MOST_SOURCES = 100  # each takes one of 128 inotify instances


class Mesh:
    """A mesh for the objects of one API server. An async context manager.

    ``sources`` have their listeners when the block begins; :meth:`add` makes more. ``error`` is why the newest objects
    are not in effect ("" while they are). ``target`` and ``metrics_path`` are where Prometheus finds its metrics.
    """

    def __init__(
        self,
        connection: Connection,
        directory: Path,
        sources: Iterable[Source] = (),
        *,
        shadow_suffix: bool = False,
    ) -> None:
        self.error = ""
        self.envoy = Envoy(Files(directory))
        self._connection = connection
        self._sources = list(sources)
        self._shadow_suffix = shadow_suffix
        self._views: Views
        self._writer: Writer
        self._mirrors: dict[str, Mirror] = {}
        self._stack = contextlib.AsyncExitStack()
        self._wake = asyncio.Event()
        self._seen = 0  # changes so far
        self._applied = 0  # changes that are in effect, or refused
        self._stopped = False
        self._readable = True  # whether the newest objects could be read at all
        self._progress = asyncio.Condition()

    metrics_path = r"/stats/prometheus?usedonly&filter=^istio\."

    @property
    def target(self) -> str:
        """``host:port`` to scrape."""
        return self.envoy.admin

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self.envoy)
            client = await stack.enter_async_context(Client(self._connection, "sandbox-mesh"))
            for kind in KINDS:
                self._mirrors[kind] = Mirror(client, _PATHS[kind], self._changed)
            watches = [asyncio.create_task(one.run(), name=f"mesh {kind}") for kind, one in self._mirrors.items()]
            stack.push_async_callback(_stop, watches)
            await self._synced()
            self._views = Views(self.envoy.files, self._world(), shadow_suffix=self._shadow_suffix)
            self._writer = Writer(self.envoy)
            loop = asyncio.create_task(self._follow(), name="mesh")
            loop.add_done_callback(self._ended)
            end = asyncio.create_task(self._watch_envoy(), name="mesh envoy")
            stack.push_async_callback(_stop, [loop, end])
            for source in self._sources:
                self._add(source)
            self._touch()
            await self.settled()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    def listener(self, source: Source) -> str:
        """``127.0.0.1:port`` where requests of this source go in; the Host header says where to.

        Raises SandboxError for a source that was not given and not added.
        """
        (proxy,) = chosen(self._views, source)
        return f"127.0.0.1:{proxy.port}"

    async def add(self, source: Source) -> str:
        """One more source; its listener, which serves already."""
        self._add(source)
        self._touch()
        await self.settled()
        return self.listener(source)

    async def tcp_listener(self, source: Source, host: str, port: int) -> str:
        """``127.0.0.1:port`` where connections of this source to ``host:port`` go in (tcp and tls routes)."""
        (proxy,) = chosen(self._views, source)
        known = next((one for one in proxy.tcp if (one.host, one.port) == (host, port)), None)
        if known is None:
            with free_port() as local:
                known = TcpListener(host, port, local)
                proxy.tcp.append(known)
                self._touch()
                await self.settled()
        return f"127.0.0.1:{known.local}"

    def delay_propagation(self, seconds: float, source: Source | None = None) -> None:
        """Freeze what a source (or every source) knows for so long; then it learns everything at once."""
        for proxy in chosen(self._views, source):
            proxy.frozen_until = time.monotonic() + seconds

    def lag(self, seconds: float, source: Source | None = None) -> None:
        """Let each change from now on take so long to reach a source (or every source). 0 ends it."""
        for proxy in chosen(self._views, source):
            proxy.lag = seconds

    async def settled(self, *objects: Object, gone: Iterable[Object] = (), timeout: float = 15.0) -> None:
        """Wait until Envoy acts on everything that the mesh has seen, but for sources that learn late.

        ``objects`` are answers of the API to writes, which must have been seen first in these versions or newer;
        ``gone`` are objects that must have been seen to be deleted. Raises SandboxError when Envoy refuses the result,
        or after ``timeout`` seconds.
        """
        gone = list(gone)
        async with self._progress:
            try:
                async with asyncio.timeout(timeout):
                    await self._progress.wait_for(lambda: self._has_seen(objects, gone))
                    wanted = self._seen
                    await self._progress.wait_for(lambda: self._applied >= wanted or bool(self.error and self._dead))
            except TimeoutError:
                raise SandboxError(f"the mesh did not settle within {timeout:g} s. {self.error}") from None
        if self.error:
            raise SandboxError(self.error)

    def check(self) -> None:
        """Raises SandboxError when Envoy has ended, or the mesh no longer follows the API."""
        self.envoy.child.check()
        if self._stopped:
            raise SandboxError(self.error)

    async def ejected(self) -> dict[str, list[str]]:
        """Pods (``namespace/name``) that outlier detection keeps out at the moment, by cluster."""
        answer = json.loads(await self.envoy.get("/clusters", {"format": "json"}))
        found: dict[str, list[str]] = {}
        for cluster in answer.get("cluster_statuses", []):
            for host in cluster.get("host_statuses", []):
                if host.get("health_status", {}).get("failed_outlier_check"):
                    address: dict[str, Any] = host["address"].get("envoy_internal_address", {})
                    found.setdefault(cluster["name"], []).append(address.get("endpoint_id", ""))
        return found

    @property
    def _dead(self) -> bool:
        return self.envoy.child.returncode is not None

    def _add(self, source: Source) -> None:
        if len(self._views.proxies) >= _MOST_SOURCES:
            raise SandboxError(f"a mesh has at most {_MOST_SOURCES} sources: Envoy watches one file for each")
        with free_port() as port:
            self._views.add(source, port)

    def _changed(self, _old: Object | None, _new: Object | None) -> None:
        self._touch()

    def _touch(self) -> None:
        self._seen += 1
        self._wake.set()

    def _has_seen(self, objects: Iterable[Object], gone: Iterable[Object]) -> bool:
        for item in objects:
            found = self._mirrors[_PLURALS[item["kind"]]].objects.get(key_of(item))
            if found is None or int(found["metadata"]["resourceVersion"]) < int(item["metadata"]["resourceVersion"]):
                return False
        return not any(key_of(item) in self._mirrors[_PLURALS[item["kind"]]].objects for item in gone)

    async def _synced(self) -> None:
        for mirror in self._mirrors.values():
            try:
                await asyncio.wait_for(mirror.synced.wait(), 15)
            except TimeoutError:
                raise SandboxError(
                    f"the API server does not serve {mirror.path}: apply Istio's CRDs before the mesh starts"
                ) from None

    def _world(self) -> World:
        return read({kind: dict(mirror.objects) for kind, mirror in self._mirrors.items()})

    async def _follow(self) -> None:
        """Until cancelled: gather changes, apply them, take away what is no longer used."""
        while True:
            await self._next()
            changes = self._seen
            try:
                if changes != self._applied or not self._readable:
                    self._readable = False
                    self._views.show(self._world())
                    self._readable = True
                self._views.deliver()
                await self._writer.apply(self._views.resources())
                due = self._writer.due()
                if due is not None and due <= time.monotonic():
                    await self._writer.remove()
                self._tell("")
            except SandboxError as error:
                self._tell(f"the mesh keeps its configuration: {error}")
            self._applied = changes
            async with self._progress:
                self._progress.notify_all()

    async def _next(self) -> None:
        """Return when there is something to do; without changes, delays and removals that is never."""
        # After a failure nothing is removed: it would be tried again and again.
        removal = None if self.error else self._writer.due()
        times = [due for due in (self._views.due(), removal) if due is not None]
        try:
            async with asyncio.timeout(max(0.0, min(times) - time.monotonic()) if times else None):
                await self._wake.wait()
        except TimeoutError:
            return
        await asyncio.sleep(_DEBOUNCE)
        self._wake.clear()

    def _tell(self, error: str) -> None:
        if error and error != self.error:
            _log.error("%s", error)
        elif self.error and not error:
            _log.info("the mesh's configuration is in effect again")
        self.error = error

    async def _watch_envoy(self) -> None:
        await self.envoy.child.wait()
        self._tell(f"Envoy ended with status {self.envoy.child.returncode}:\n{self.envoy.child.last_words()}")
        async with self._progress:
            self._progress.notify_all()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._stopped = True
            self._tell(f"the mesh stopped: {failure!r}")


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
