"""A stage for the controller: its real parts over HTTP, on an API without kubelet and mesh, and a clock that jumps.

Nothing is awaited by time: a pass runs when its date has come, and the clock goes to the next date when none has. A
wake-up that gets lost is found: where nothing has a date, :meth:`Stage.until` fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from controller.app import App
from controller.cluster import Cache, explicit
from controller.crd import definitions
from controller.errors import ClusterError
from controller.loop import Key
from controller.providers.measurement import Measurement, Past, Row
from controller.sandbox.api import EmbeddedApi
from controller.sandbox.api.faults import Stop
from controller.sandbox.api.store import Change
from controller.sandbox.client import Client, Object
from controller.sandbox.crds import foreign_crds
from controller.settings import Settings
from controller.workqueue import Handler, WorkQueue

NAMESPACE, NAME = "shop", "podinfo"
KEY = (NAMESPACE, NAME)
RELEASES = f"/apis/sluice.dev/v1alpha1/namespaces/{NAMESPACE}/releases"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
REPLICA_SETS = f"/apis/apps/v1/namespaces/{NAMESPACE}/replicasets"
ROUTES = f"/apis/networking.istio.io/v1/namespaces/{NAMESPACE}/virtualservices"
AGENT = "sluice"
LIMIT = 20.0  # seconds of real time that only a failure reaches
CRDS = (*foreign_crds(), *definitions())


class Clock:
    """Epoch seconds that only move when told."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self._real = False

    def __call__(self) -> float:
        return time.time() if self._real else self.now

    def follow(self) -> None:
        """Go with the real time from now on, for a controller in a process of its own."""
        self._real = True


class Dates(WorkQueue[Key]):
    """A queue by the stage's clock; :class:`Stage` runs what is due, one pass after the other."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.now = clock
        self.dates: dict[Key, float] = {}
        self.passes: dict[Key, int] = {}
        self.failed: list[Exception] = []
        self.handler: Handler[Key] | None = None

    def add_after(self, key: Key, delay: float) -> None:
        due = self.now() + max(0.0, delay)
        self.dates[key] = min(due, self.dates.get(key, due))

    async def run(self, handler: Handler[Key], workers: int) -> None:
        self.handler = handler
        try:
            await asyncio.Event().wait()
        finally:
            self.handler = None

    async def stop(self, grace: float) -> bool:
        return True

    def due(self) -> list[Key]:
        return [key for key, date in self.dates.items() if date <= self.now()] if self.handler else []

    async def one(self, key: Key) -> None:
        """One pass; what it raises is put back, as the real queue does, a second later."""
        assert self.handler is not None
        del self.dates[key]
        self.passes[key] = self.passes.get(key, 0) + 1
        try:
            await self.handler(key)
        except ClusterError as error:
            self.failed.append(error)
            self.add_after(key, 1.0)


class Answers:
    """A provider: queries that name a ``bad`` revision are answered 1, others 0; ``error`` is what it says instead."""

    def __init__(self, bad: Callable[[str], bool]) -> None:
        self.bad = bad
        self.error = ""
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None  # while set to an event: no answer before it

    async def measure(self, query: str, at: float) -> Measurement:
        self.asked.append(query)
        if self.gate is not None:
            await self.gate.wait()
        if self.error:
            return Measurement(at, error=self.error)
        named = re.fullmatch(r'failures{revision="(\w+)"}', query)
        return Measurement(at, (Row({}, float(self.bad(named[1]))),) if named else ())

    async def past(self, query: str, start: float, end: float, step: float) -> Past:
        self.asked.append(query)
        if self.gate is not None:
            await self.gate.wait()
        return Past(error=self.error)


def release(**spec: Any) -> Object:
    """A Release of two steps, judged by a query of its own at every look."""
    limit = {"name": "failures", "prometheus": {"query": 'failures{revision="{{ candidate.revision }}"}', "max": 0.1}}
    return {
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "Release",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {
            "workload": {"deployment": NAME, "keepPrevious": "0s"},
            "traffic": {
                "service": NAME,
                "propagation": "2s",
                "drain": "5s",
                "istio": {"virtualService": NAME, "destinationRule": NAME},
            },
            "strategy": {"canary": {"steps": [{"weight": "10%", "for": "10s"}, {"weight": "50%", "for": "10s"}]}},
            "gates": {
                "interval": "10s",
                "minimumStep": "10s",
                "warmUp": "0s",
                "compare": {"none": True},
                "limits": [limit],
                "failureLimit": 1,
            },
            **spec,
        },
    }


def deployment(image: str, name: str = NAME) -> Object:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": image}]}},
        },
    }


@dataclass
class Stage:
    """``weights`` is the sequence of weights, by image, that the routes had. While ``pods`` is off none get ready."""

    api: EmbeddedApi
    client: Client
    clock: Clock
    tables: dict[tuple[str, str], str] = field(default_factory=dict)
    weights: list[dict[str, int]] = field(default_factory=list)
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

    def owning(self) -> bool:
        """Whether the Deployment still has a ReplicaSet of its own."""
        return bool(self.objects("replicasets.apps"))

    def emptied(self, image: str) -> bool:
        """Whether the revision with this image has neither pods nor a subset."""
        name = self.revision(image)
        subsets = self.get("destinationrules.networking.istio.io")["spec"]["subsets"]
        gone = f"r-{name}" not in [one["name"] for one in subsets]
        return bool(name) and gone and not self.get("deployments.apps", f"podinfo-{name}")["spec"]["replicas"]

    async def conditions(self, name: str, *conditions: Object) -> None:
        """A Deployment's own words about its pods."""
        await self.client.patch(f"{DEPLOYMENTS}/{name}/status", {"status": {"conditions": list(conditions)}})

    @staticmethod
    def owned(owner: Object, one: Object) -> bool:
        return any(ref["uid"] == owner["metadata"]["uid"] for ref in one["metadata"].get("ownerReferences", ()))

    def objects(self, table: str) -> list[Object]:
        """What the API holds, by kind (``plural.group``)."""
        return [row.object for _, row in self.api.store.rows(table)]

    def get(self, table: str, name: str = NAME) -> Object:
        row = self.api.store.get(table, NAMESPACE, name)
        assert row is not None, f"there is no {table} {name}"
        return row.object

    async def settled(self) -> None:
        """Until the controller's caches hold what the API holds."""
        now = (self.app, self.api.store.revision)
        if self._settled != now:
            await self.wait(lambda: all(self._same(cache) for cache in self.app.caches))
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

    # ---- what is seen

    def status(self, name: str = NAME) -> Object:
        found: Object = self.get("releases.sluice.dev", name).get("status") or {}
        return found

    def annotations(self, name: str = NAME) -> dict[str, str]:
        """Those of the Release."""
        return dict(self.get("releases.sluice.dev", name)["metadata"].get("annotations") or {})

    def phase(self) -> str:
        return str(self.status().get("phase", ""))

    def told(self) -> str:
        return f"{self.phase()}: {self.status().get('message')}"

    def serves(self, image: str) -> bool:
        """Whether this image was promoted."""
        return self.phase() == "Idle" and (self.status().get("stable") or {}).get("images") == [image]

    def revision(self, image: str) -> str:
        """The revision that runs an image, "" without one."""
        for one in self.objects("deployments.apps"):
            name = (one["metadata"].get("labels") or {}).get("sluice.dev/revision")
            if name and one["spec"]["template"]["spec"]["containers"][0]["image"] == image:
                return str(name)
        return ""

    def image(self, revision: str) -> str:
        """The image that a revision runs, the revision itself when it has no Deployment."""
        for one in self.objects("deployments.apps"):
            if (one["metadata"].get("labels") or {}).get("sluice.dev/revision") == revision:
                return str(one["spec"]["template"]["spec"]["containers"][0]["image"])
        return revision

    def share(self, image: str) -> int:
        """The weight of an image in the routes, percent."""
        return self.weights[-1].get(image, 0) if self.weights else 0

    def end(self) -> list[str]:
        """Everything that a story leaves behind, with images for revisions and without times and versions."""
        status = self.status()
        kept = {key: status[key] for key in ("phase", "stable", "retiring", "candidate") if key in status}
        left: list[Any] = [kept, (status.get("failed") or {}).get("reason"), status.get("handled")]
        for table in ("deployments.apps", "replicasets.apps", "configmaps"):
            left += [[one["metadata"]["name"], one.get("spec")] for one in self.objects(table)]
        for table in ("virtualservices", "destinationrules"):
            left += [one["spec"] for one in self.objects(f"{table}.networking.istio.io")]
        return sorted(self.named(json.dumps(one, sort_keys=True)) for one in left)

    def named(self, text: str) -> str:
        """A text with images instead of revisions, and without times."""
        for one in self.objects("deployments.apps"):
            revision = (one["metadata"].get("labels") or {}).get("sluice.dev/revision")
            if revision:
                text = text.replace(str(revision), self.image(str(revision)))
        return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "T", text)

    def events(self) -> list[tuple[str, str]]:
        """(reason, type) of each event about a Release."""
        found = self.objects("events")
        return [(one["reason"], one["type"]) for one in found if one["involvedObject"]["kind"] == "Release"]

    def writes(self, since: float = 0.0) -> list[tuple[str, str, str, str]]:
        """What the controller wrote, in order: verb, resource, subresource, name; without events."""
        return [
            (one.verb, one.resource, one.subresource, one.name)
            for one in self.api.audit.entries(agent=AGENT)
            if one.verb in ("create", "update", "patch", "delete") and one.resource != "events" and 0 < one.code < 300
        ]

    def route(self, change: Change) -> None:
        """Note the weights after a write of the routes."""
        routes = change.new.object["spec"].get("http") or []
        entries = routes[-1]["route"] if routes else []
        found = {
            self.image(entry["destination"].get("subset", "-").removeprefix("r-")): entry.get("weight", 100)
            for entry in entries
            if entry.get("weight", 100)
        }
        if not self.weights or self.weights[-1] != found:
            self.weights.append(found)


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


async def workload(client: Client, name: str) -> None:
    made = await client.create(DEPLOYMENTS, deployment("x:1", name))
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": made["metadata"]["uid"]}
    body = deployment("x:1", name) | {"kind": "ReplicaSet"}
    body["metadata"] |= {"name": f"{name}-own", "ownerReferences": [owner | {"controller": True}]}
    await client.create(REPLICA_SETS, body)
    service = {"selector": {"app": name}, "ports": [{"name": "http", "port": 80}]}
    await client.create(f"/api/v1/namespaces/{NAMESPACE}/services", {"metadata": {"name": name}, "spec": service})
