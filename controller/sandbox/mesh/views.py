"""What each source knows of the world, and when: the part of istiod that pushes to each proxy in its own time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from controller.errors import SandboxError
from controller.sandbox.client import Key
from controller.sandbox.mesh.files import Files
from controller.sandbox.mesh.sources import Source
from controller.sandbox.mesh.translate import resources
from controller.sandbox.mesh.translate.resources import Resources, TcpListener
from controller.sandbox.mesh.translate.world import View, World


@dataclass
class Proxy:
    """One source: its port on 127.0.0.1, the world it knows, and the worlds that are on their way to it.

    ``lag`` is how long each change takes to arrive, ``frozen_until`` the time before which none does (monotonic).
    """

    source: Source
    port: int
    world: World
    tcp: list[TcpListener] = field(default_factory=list)
    lag: float = 0.0
    frozen_until: float = 0.0
    coming: deque[tuple[float, World]] = field(default_factory=deque)
    cached: tuple[World, list[TcpListener], frozenset[Key], Resources] | None = None

    def due(self) -> float | None:
        """When the next world arrives here; None when none is on its way."""
        return max(self.coming[0][0], self.frozen_until) if self.coming else None


class Views:
    """All sources of a mesh. ``shadow_suffix``: mirrored copies carry ``-shadow`` after their host."""

    def __init__(self, files: Files, world: World, *, shadow_suffix: bool = False) -> None:
        self.proxies: dict[str, Proxy] = {}
        self._files = files
        self._shadow_suffix = shadow_suffix
        self._world = world
        self._pods: tuple[World, Resources] | None = None

    def add(self, source: Source, port: int) -> Proxy:
        known = self.proxies.get(source.key)
        if known is not None:
            raise SandboxError(f"two sources are called {source.key}: give one another workload or namespace")
        proxy = self.proxies[source.key] = Proxy(source, port, self._world)
        return proxy

    def show(self, world: World) -> None:
        """Send a new world on its way to every proxy; pods' own sidecars have it at once."""
        self._world = world
        now = time.monotonic()
        for proxy in self.proxies.values():
            proxy.coming.append((now + proxy.lag, world))
        self.deliver()

    def deliver(self) -> None:
        """Let arrive what is due; of several only the newest counts."""
        now = time.monotonic()
        for proxy in self.proxies.values():
            while (due := proxy.due()) is not None and due <= now:
                proxy.world = proxy.coming.popleft()[1]

    def due(self) -> float | None:
        """When :meth:`deliver` has something to do next, in monotonic seconds."""
        return min((due for proxy in self.proxies.values() if (due := proxy.due()) is not None), default=None)

    def resources(self) -> Resources:
        """Everything that Envoy should have now."""
        if self._pods is None or self._pods[0] is not self._world:
            self._pods = (self._world, resources.pods(self._world))
        found = Resources()
        found.merge(self._pods[1])
        for proxy in self.proxies.values():
            found.merge(self._of(proxy))
        return found

    def _of(self, proxy: Proxy) -> Resources:
        cached = proxy.cached
        gone = frozenset(proxy.world.pods.keys() - self._world.pods.keys())
        if cached is not None and cached[0] is proxy.world and cached[1:3] == (proxy.tcp, gone):
            return cached[3]
        view = View(proxy.world, proxy.source, self._shadow_suffix, gone)
        made = resources.source(view, proxy.port, self._files.source(proxy.source.key), proxy.tcp)
        proxy.cached = (proxy.world, list(proxy.tcp), gone, made)
        return made


def chosen(views: Views, source: Source | None) -> Iterable[Proxy]:
    """The proxy of one source, or all. Raises SandboxError for a source that the mesh does not have."""
    if source is None:
        return list(views.proxies.values())
    proxy = views.proxies.get(source.key)
    if proxy is None:
        known = ", ".join(views.proxies) or "none"
        raise SandboxError(f"the mesh has no source {source.key}: add it first (it has {known})")
    return [proxy]
