"""The stage itself: the controller's life, time, what Kubernetes does, and what people do."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from controller.app import App
from controller.cluster import Cache, explicit
from controller.crd import definitions
from controller.loop import Key
from controller.sandbox.api import EmbeddedApi
from controller.sandbox.api.faults import Stop
from controller.sandbox.client import Client, Object
from controller.sandbox.crds import foreign_crds
from controller.settings import Settings
from tests.stage.answers import Answers
from tests.stage.clock import Clock, Dates
from tests.stage.objects import DEPLOYMENTS, NAME, NAMESPACE, RELEASES, release, workload
from tests.stage.view import AGENT, View

LIMIT = 20.0  # seconds of real time that only a failure reaches
CRDS = (*foreign_crds(), *definitions())


@dataclass
class Stage(View):
    """While ``pods`` is off none get ready."""

    client: Client
    clock: Clock
    tables: dict[tuple[str, str], str] = field(default_factory=dict)
    provider: Answers = field(init=False)
    app: App = field(init=False)
    dates: Dates = field(init=False)
    stop: Stop | None = None
    pods: bool = True
    _life: asyncio.Task[None] | None = None
    _settled: tuple[App, int] | None = None

    def __post_init__(self) -> None:
        self.provider = Answers(lambda revision: "bad" in self.image(revision))

    # ---- the controller

    async def start(self, *arguments: str) -> None:
        """A controller begins its life; ready once it has filled its caches and leads."""
        self.dates = Dates(self.clock)
        connection = self.api.connection
        settings = Settings.parse(["--listen=127.0.0.1:0", "--leader-election=off", "--scrape-interval=1s", *arguments])
        self.app = App(
            settings,
            access=explicit(connection.url, token=connection.token),
            provider=self.provider,
            queue=self.dates,
            now=self.clock,
        )
        self._life = asyncio.create_task(self.app.run(), name="controller")
        await self.wait(lambda: self.dates.handler is not None)

    async def kill(self) -> None:
        """It is gone in the middle of whatever it does; nothing that it sends on the way arrives."""
        stop = self.api.faults.stop_after(0, agent=AGENT)
        if self._life is not None:
            self._life.cancel()
            await asyncio.wait({self._life})
            self._life = None
        stop.remove()

    async def finish(self) -> None:
        """It stops as it does on SIGTERM."""
        if self._life is not None:
            self.app.stop()
            await self._life
            self._life = None

    # ---- time

    async def until(self, true: Callable[[], Any], seconds: float = 1800.0) -> None:
        """Passes and time, until it is true; AssertionError after ``seconds`` of the clock, or if it can never be."""
        end = self.clock.now + seconds
        while not true():
            if not await self.turn():
                assert self.clock.now < end, f"not within {seconds:g} s: {self.told()}"
                self.advance()

    def advance(self) -> None:
        """To the next date."""
        assert self.dates.dates, f"nothing will ever happen again: {self.told()}; {self.dates.failed}"
        self.clock.now = max(self.clock.now, min(self.dates.dates.values()))

    async def rest(self, seconds: float = 1800.0) -> None:
        """Until no date is left."""
        end = self.clock.now + seconds
        while True:
            if not await self.turn():
                if not self.dates.dates:
                    return
                assert self.clock.now < end, f"no rest within {seconds:g} s: {self.told()}"
                self.advance()

    async def turn(self) -> bool:
        """What is due now; whether there was anything. A stop that is reached kills the controller and begins anew."""
        await self.settled()
        due = self.dates.due()
        for key in due:
            await self._pass(key)
        if due:
            await self.settled()
        return await self.play() or bool(due)

    async def _pass(self, key: Key) -> None:
        if self.stop is None:
            await self.dates.one(key)
            return
        one = asyncio.create_task(self.dates.one(key))
        reached = asyncio.create_task(self.stop.reached.wait())
        await asyncio.wait({one, reached}, return_when=asyncio.FIRST_COMPLETED)
        if self.stop.reached.is_set():
            one.cancel()
            await asyncio.wait({one})
            await self.restart()
        reached.cancel()

    def stop_after(self, writes: int, uncounted: Collection[str] = ("events", "releaserecords")) -> None:
        """Kill the controller right after so many writes from now on, and begin a new one. What only tells of a
        release does not count, unless it is asked for: one written less or more makes no other release.
        """
        stop = self.api.faults.stop_after(writes, agent=AGENT)
        count = stop.count
        stop.count = lambda entry: entry.resource not in uncounted and count(entry)  # type: ignore[method-assign]
        self.stop = stop

    async def restart(self) -> None:
        """Killed, and a new one three seconds later."""
        if self.stop is not None:
            self.stop.remove()
            self.stop = None
        await self.kill()
        self.clock.now += 3
        await self.start()

    # ---- the cluster

    async def play(self) -> bool:
        """What Kubernetes would do with Deployments, at once; whether there was anything to do."""
        changed = False
        for one in self.objects("deployments.apps"):
            metadata, spec = one["metadata"], one["spec"]
            own = any(self.owned(one, sets) for sets in self.objects("replicasets.apps"))
            pods = spec["replicas"] if own or not spec.get("paused") else 0
            counts = dict.fromkeys(("replicas", "readyReplicas", "availableReplicas", "updatedReplicas"), pods)
            status = {"observedGeneration": metadata["generation"], **counts}
            if not self.pods and (one.get("status") or {}).get("readyReplicas", 0) < pods:
                status = {"observedGeneration": metadata["generation"], "replicas": pods, "updatedReplicas": pods}
            if {key: (one.get("status") or {}).get(key, 0) for key in status} != status:
                await self.client.patch(f"{DEPLOYMENTS}/{metadata['name']}/status", {"status": status})
                changed = True
        if changed and self._life is not None:
            await self.settled()
        return changed

    async def conditions(self, name: str, *conditions: Object) -> None:
        """A Deployment's own words about its pods."""
        await self.client.patch(f"{DEPLOYMENTS}/{name}/status", {"status": {"conditions": list(conditions)}})

    async def settled(self) -> None:
        """Until the controller's caches hold what the API holds."""
        now = (self.app, self.api.store.revision)
        if self._settled != now:
            for cache in self.app.caches:
                await self.wait(functools.partial(self._same, cache))
            self._settled = now

    def _same(self, cache: Cache) -> bool:
        table = self.tables[cache.kind.group, cache.kind.kind]
        held = {(o["metadata"].get("namespace", ""), o["metadata"]["name"]): o for o in cache.list()}
        there = dict(self.api.store.rows(table))
        return held.keys() == there.keys() and all(
            held[key]["metadata"]["resourceVersion"] == str(row.revision) for key, row in there.items()
        )

    async def wait(self, true: Callable[[], bool]) -> None:
        """For something that takes no time by the stage's clock."""
        async with asyncio.timeout(LIMIT):
            while not true():
                if self._life is not None and self._life.done():
                    self._life.result()
                await asyncio.sleep(0)

    # ---- people

    async def create(self, body: Object | None = None) -> None:
        await self.client.create(RELEASES, body or release())

    async def push(self, image: str, name: str = NAME) -> None:
        """What ``kubectl set image`` does."""
        patch = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]
        await self.client.patch(f"{DEPLOYMENTS}/{name}", patch, "application/json-patch+json")

    async def say(self, command: str, **more: str) -> None:
        marks = {"sluice.dev/command": command, **{f"sluice.dev/{key}": value for key, value in more.items()}}
        await self.client.patch(f"{RELEASES}/{NAME}", {"metadata": {"annotations": marks}})

    async def promote(self, image: str) -> None:
        """A good release, to its end."""
        await self.push(image)
        await self.until(lambda: self.serves(image))
        await self.rest()

    async def fail(self, image: str) -> None:
        """A bad one, to its end."""
        assert "bad" in image
        await self.push(image)
        await self.until(lambda: self.phase() == "Failed" and self.revision(image))
        await self.rest()

    async def idle(self, image: str = "x:1") -> None:
        """A Release that was adopted and is at rest."""
        await self.push(image)
        await self.create()
        await self.until(lambda: self.serves(image))
        await self.rest()


@contextlib.asynccontextmanager
async def staged(*arguments: str, start: bool = True) -> AsyncIterator[Stage]:
    """A namespace with a Deployment x:1, its ReplicaSet and its Service; the controller runs."""
    clock = Clock()
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(patch("controller.providers.istio._GATHER", 0))  # real time, which nothing here needs
        api = await stack.enter_async_context(EmbeddedApi(CRDS, clock=clock))
        client = await stack.enter_async_context(Client(api.connection, "tests"))
        stage = Stage(api, client, clock)
        served = api._state.registry.all()
        stage.tables = {(one.group, one.kind): one.table for one in served}
        await client.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        await workload(client, NAME)
        unlisten = api.store.listen("virtualservices.networking.istio.io", stage.route)
        if start:
            await stage.start(*arguments)
        try:
            yield stage
        finally:
            unlisten()
            await stage.kill()
