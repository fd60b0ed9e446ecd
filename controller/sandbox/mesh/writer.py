"""From one configuration to the next without a failed request.

To add: listeners of new pods, then clusters, then listeners of sources, then routes, each acknowledged by Envoy before
the next is written. To remove: routes, 300 ms, then clusters and listeners. All at once loses about one request in a
thousand while it happens; in this order, none.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from controller.errors import SandboxError
from controller.sandbox.client import Object
from controller.sandbox.mesh.envoy import Envoy
from controller.sandbox.mesh.translate.resources import Resources

_STATS = (
    r"^(cluster_manager\.cds|listener_manager\.lds|http\..*\.rds\..*)\.(version_text|update_rejected|update_failure)$"
    r"|^(cluster_manager\.warming_clusters|listener_manager\.total_listeners_warming)$"
)
_WARMING = ("cluster_manager.warming_clusters", "listener_manager.total_listeners_warming")
_KINDS = {"clusters": "cluster_manager.cds", "listeners": "listener_manager.lds"}


class Rejected(SandboxError):
    """Envoy refused a configuration and keeps the one before it."""


class Writer:
    """Holds what Envoy was last given, and brings it to what is wanted.

    ``removal_delay`` is the time in seconds between a route's end and the end of what it referred to; ``timeout`` is
    how long Envoy may take for one file.
    """

    def __init__(self, envoy: Envoy, removal_delay: float = 0.3, timeout: float = 10.0) -> None:
        self._envoy = envoy
        self._delay = removal_delay
        self._timeout = timeout
        self._given = Resources()
        self._unused_since: dict[tuple[str, str], float] = {}  # (kind, name) -> monotonic seconds
        self._refused: dict[str, str] = {}  # file -> why Envoy did not take what is in it
        self._refusals: dict[str, int] = {}  # Envoy's counter -> its value when it was last looked at

    async def apply(self, wanted: Resources) -> None:
        """Bring Envoy to ``wanted``, but for removals: :meth:`remove` does these when their time has come.

        Raises Rejected when Envoy refuses something; whatever it did not refuse is in effect, as with istiod.
        """
        given = self._given
        self._mark_unused(wanted)
        if wanted.inbound.keys() - given.inbound.keys():
            await self._listeners(given.inbound | wanted.inbound, given.outbound)
        await self._clusters(given.clusters | wanted.clusters)
        for key in wanted.routes.keys() - given.routes.keys():  # a listener waits for its first routes
            self._envoy.files.write(key, [wanted.routes[key]])
        await self._listeners(given.inbound | wanted.inbound, given.outbound | wanted.outbound)
        await self._routes(wanted.routes)
        if self._refused:
            raise Rejected("; ".join(f"{_shown(name)}: {reason}" for name, reason in sorted(self._refused.items())))

    def due(self) -> float | None:
        """When :meth:`remove` has something to do, in monotonic seconds; None when there is nothing.

        Nothing goes while something is refused: old routes may be in effect and refer to it.
        """
        if self._refused or not self._unused_since:
            return None
        return min(self._unused_since.values()) + self._delay

    async def remove(self) -> None:
        """Take away what has been unused for the delay."""
        until = time.monotonic() - self._delay
        over = {entry for entry, since in self._unused_since.items() if since <= until}

        def left(kind: str, found: Mapping[str, Object]) -> dict[str, Object]:
            return {name: value for name, value in found.items() if (kind, name) not in over}

        given = self._given
        await self._listeners(left("inbound", given.inbound), left("outbound", given.outbound))
        await self._clusters(left("clusters", given.clusters))
        for entry in over:
            del self._unused_since[entry]

    def _mark_unused(self, wanted: Resources) -> None:
        now = time.monotonic()
        unused = {
            (kind, name)
            for kind in ("clusters", "inbound", "outbound")
            for name in getattr(self._given, kind).keys() - getattr(wanted, kind).keys()
        }
        self._unused_since = {entry: self._unused_since.get(entry, now) for entry in unused}

    async def _clusters(self, clusters: dict[str, Object]) -> None:
        if clusters != self._given.clusters or "clusters" in self._refused:
            self._given.clusters = clusters
            await self._acknowledged({"clusters": self._envoy.files.write("clusters", clusters.values())})

    async def _listeners(self, inbound: dict[str, Object], outbound: dict[str, Object]) -> None:
        if (inbound, outbound) != (self._given.inbound, self._given.outbound) or "listeners" in self._refused:
            self._given.inbound, self._given.outbound = inbound, outbound
            everything = [*inbound.values(), *outbound.values()]
            await self._acknowledged({"listeners": self._envoy.files.write("listeners", everything)})

    async def _routes(self, routes: dict[str, Object]) -> None:
        given, self._given.routes = self._given.routes, dict(routes)
        changed = {key: value for key, value in routes.items() if given.get(key) != value or key in self._refused}
        if "listeners" in self._refused:  # nobody asks for the routes of a listener that is not there
            changed = {key: value for key, value in changed.items() if key in given}
        if changed:
            await self._acknowledged({key: self._envoy.files.write(key, [value]) for key, value in changed.items()})

    async def _acknowledged(self, versions: dict[str, str]) -> None:
        """Wait until Envoy has taken or refused each of these files, and what it took has finished warming."""
        for name in versions:
            self._refused.pop(name, None)
        deadline = time.monotonic() + self._timeout
        pause = 0.001
        while True:
            stats = await self._envoy.stats(_STATS)
            waiting = [
                name
                for name, version in versions.items()
                if name not in self._refused and stats.get(f"{_stat(name)}.version_text") != version
            ]
            refused = [name for name in waiting if self._newly_refused(name, stats)]
            if refused:
                complaint = self._envoy.complaint()
                self._refused |= dict.fromkeys(refused, f"Envoy refused it, and keeps the version before: {complaint}")
                continue
            if not waiting and not any(stats.get(name) for name in _WARMING):
                return
            if time.monotonic() > deadline:
                complaint = f"Envoy did not take it within {self._timeout:g} s: {self._envoy.complaint()}"
                self._refused |= dict.fromkeys(waiting or versions, complaint)
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.05)

    def _newly_refused(self, name: str, stats: Mapping[str, object]) -> bool:
        refused = False
        for counter in ("update_rejected", "update_failure"):
            stat = f"{_stat(name)}.{counter}"
            value = int(str(stats.get(stat) or 0))
            refused = refused or value > self._refusals.get(stat, 0)
            self._refusals[stat] = value
        return refused


def _shown(name: str) -> str:
    return name if name in _KINDS else f"routes of {name}"


def _stat(name: str) -> str:
    return _KINDS.get(name) or f"http.{name}.rds.{name}"
