"""Builds every object once, runs them in one TaskGroup, stops them in reverse. Tests build from here too."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from controller.act import Actor
from controller.admission import Admission, Rules
from controller.cluster import Access, Caches, Cluster, EventRecorder, explicit, find
from controller.errors import SettingsError
from controller.leader import Alone, Leader
from controller.loop import Key, Loop
from controller.observe import KINDS, Measurer, Observer
from controller.observe.found import CONFIG_MAP, SECRET
from controller.providers import Prometheus
from controller.providers.istio import MeshMetrics
from controller.providers.measurement import Measurement, Past, Provider
from controller.providers.past import MeshHistory
from controller.providers.unrouted import MeshUnrouted
from controller.reconcile import Reconciler, Records, Sight, Writer
from controller.server import Heartbeat, Server
from controller.settings import Settings
from controller.telemetry import Telemetry
from controller.workqueue import WorkQueue

_UNNAMED = "no Prometheus is named; start the controller with --prometheus-url"


class NoProvider:
    """Stands in where no Prometheus is named: every measurement says so, and gates hold."""

    async def measure(self, query: str, at: float) -> Measurement:
        return Measurement(at, error=_UNNAMED)

    async def past(self, query: str, start: float, end: float, step: float) -> Past:
        return Past(error=_UNNAMED)


class App:
    """One controller. ``run`` returns when :meth:`stop` was called, and raises what ended it otherwise.

    ``access`` and ``provider`` replace what the settings name, ``queue`` the one whose dates are real time; ``now``
    gives epoch seconds.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        access: Access | None = None,
        provider: Provider | None = None,
        queue: WorkQueue[Key] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.telemetry = Telemetry(version())
        self.started = asyncio.Event()
        self.caches: Caches
        self.reconciler: Reconciler
        self.port = 0
        self._access = access
        self._given = provider
        self._queue = queue
        self._now = now
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Begin to stop: the pass in hand finishes, the lease is given up, events are written."""
        self._stop.set()

    async def run(self) -> None:
        """Serve probes, fill the caches, wait for leadership, work."""
        heartbeat = Heartbeat()
        async with contextlib.AsyncExitStack() as stack:
            settings = self.settings
            server = Server(*settings.listen, telemetry=self.telemetry, alive=heartbeat.problem, unready=self._unready)
            await _listening(stack, server, settings)
            self.port = server.port
            cluster = Cluster(
                self._access or await _access(settings),
                version=version(),
                limit=settings.request_limit,
                telemetry=self.telemetry,
            )
            await stack.enter_async_context(cluster)
            provider = self._given or await self._provider(stack)
            events = await stack.enter_async_context(EventRecorder(cluster))
            queue = self._queue or WorkQueue[Key](telemetry=self.telemetry, on_turn=heartbeat.beat)
            leader = self._leader(cluster)
            loop = self._loop(cluster, provider, events, queue, leader.may_act)
            await self._work(leader, loop, queue, heartbeat)

    def _loop(
        self,
        cluster: Cluster,
        provider: Provider,
        events: EventRecorder,
        queue: WorkQueue[Key],
        leading: Callable[[], bool],
    ) -> Loop:
        settings = self.settings
        self.caches = Caches(cluster, namespaces=settings.namespaces)
        for kind in KINDS:
            self.caches.add(kind)
        self.caches.add(CONFIG_MAP, metadata_only=True)
        if settings.secrets:
            self.caches.add(SECRET, metadata_only=True)
        unrouted = MeshUnrouted(provider)
        measurer = Measurer(MeshMetrics(provider), MeshHistory(provider), unrouted, provider, settings.scrape_interval)
        rules = Rules(settings.min_interval, settings.max_interval, settings.cross_namespace)
        self.reconciler = Reconciler(
            self.caches,
            Sight(self.caches, Observer(cluster, self.caches, measurer), Admission(rules)),
            Writer(cluster, self.caches, leading),
            Actor(cluster, self.caches, leading),
            events,
            self.telemetry,
            Records(cluster, leading, settings.namespaces),
            self._now,
        )
        loop = Loop(self.caches, self.reconciler, queue, settings.workers)
        loop.watch()
        return loop

    async def _work(self, leader: Leader | Alone, loop: Loop, queue: WorkQueue[Key], heartbeat: Heartbeat) -> None:
        async with asyncio.TaskGroup() as group:
            caches = group.create_task(self.caches.run(), name="caches")
            beat = group.create_task(self._beat(heartbeat, leader), name="heartbeat")
            work = group.create_task(self._lead(leader, loop), name="leader")
            await self._stop.wait()
            await queue.stop(self.settings.grace)
            work.cancel()
            caches.cancel()
            beat.cancel()

    async def _lead(self, leader: Leader | Alone, loop: Loop) -> None:
        """Nobody acts on caches that are not filled."""
        await self.caches.synced()
        self.started.set()
        await leader.run(loop.run)

    async def _beat(self, heartbeat: Heartbeat, leader: Leader | Alone) -> None:
        """The event loop turns, where no queue does yet: in a standby, and until the caches are filled."""
        while True:
            if not (leader.leading and self.started.is_set()):
                heartbeat.beat()
            await asyncio.sleep(5)

    def _leader(self, cluster: Cluster) -> Leader | Alone:
        settings = self.settings
        if not settings.leader_election:
            return Alone()
        return Leader(
            cluster,
            namespace=settings.lease_namespace,
            name=settings.lease_name,
            duration=settings.lease_duration,
            renew=settings.lease_renew,
            telemetry=self.telemetry,
        )

    async def _provider(self, stack: contextlib.AsyncExitStack) -> Provider:
        settings = self.settings
        if not settings.prometheus_url:
            return NoProvider()
        file = settings.prometheus_authorization_file
        prometheus = Prometheus(
            settings.prometheus_url,
            authorization=Path(file) if file else settings.prometheus_authorization,
            ca=settings.prometheus_ca,
            insecure=settings.prometheus_insecure,
            telemetry=self.telemetry,
        )
        return await stack.enter_async_context(prometheus)

    def _unready(self) -> Sequence[str]:
        if not hasattr(self, "caches"):
            return ["the connection to the Kubernetes API"]
        return [f"the cache of {kind}" for kind in self.caches.unsynced()]


async def _access(settings: Settings) -> Access:
    if settings.server:
        return explicit(settings.server, token=settings.token, token_file=settings.token_file, ca=settings.server_ca)
    return await find(settings.kubeconfig, settings.context)


async def _listening(stack: contextlib.AsyncExitStack, server: Server, settings: Settings) -> None:
    try:
        await stack.enter_async_context(server)
    except OSError as error:
        where = f"{settings.listen.host}:{settings.listen.port}"
        raise SettingsError(f"--listen: {where} cannot be used: {error.strerror}; choose another address") from None


def version() -> str:
    """The version of Sluice that is installed."""
    try:
        return importlib.metadata.version("sluice")
    except importlib.metadata.PackageNotFoundError:
        return "dev"


def set_up_logs(settings: Settings) -> None:
    """Logs go to standard error: JSON for machines, coloured lines for people."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    renderer: structlog.types.Processor = structlog.dev.ConsoleRenderer()
    if settings.log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks
            if settings.log_format == "json"
            else structlog.processors.StackInfoRenderer(),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr)
