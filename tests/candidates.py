"""Candidates for a Lease: one that is kept in memory, a way to it that can fail, and work that notes its terms."""

from __future__ import annotations

import asyncio
import copy
import math
import random
from collections.abc import Callable

from controller.cluster import Kind, Object
from controller.errors import Conflict, NotFound, Unreachable
from controller.leader import LEASE, Leader
from controller.telemetry import Telemetry


class Lease:
    """The API server's side of one Lease: optimistic concurrency, nothing else."""

    def __init__(self) -> None:
        self.item: Object | None = None
        self.version = 0
        self.writes = 0

    @property
    def holder(self) -> str | None:
        return None if self.item is None else self.item["spec"].get("holderIdentity")

    def store(self, item: Object) -> Object:
        self.version += 1
        self.writes += 1
        self.item = copy.deepcopy(item)
        self.item["metadata"]["resourceVersion"] = str(self.version)
        return copy.deepcopy(self.item)


class Api:
    """One candidate's way to the Lease, with faults of its own.

    ``fault`` is "" or "hang" (no answer, no effect), "error" (500, no effect), "late" (the effect comes 7 s later, the
    answer never), "lost" (the effect comes, the answer is an error); reads only know the first two of these.
    """

    def __init__(self, lease: Lease, latency: float = 0.01) -> None:
        self.lease = lease
        self.latency = latency
        self.fault = ""

    async def _reach(self, write: Callable[[], Object] | None = None) -> None:
        await asyncio.sleep(self.latency)
        fault = self.fault
        if write is not None and fault == "late":
            asyncio.get_running_loop().call_later(7, self._try, write)
        if write is not None and fault == "lost":
            self._try(write)
        if fault in ("hang", "late"):
            await asyncio.sleep(math.inf)
        if fault:
            raise Unreachable("500", where="Lease")

    @staticmethod
    def _try(write: Callable[[], Object]) -> None:
        try:
            write()
        except Conflict:
            pass

    async def get(self, kind: Kind, namespace: str, name: str) -> Object:
        assert (kind, namespace, name) == (LEASE, "ops", "sluice")
        await self._reach()
        if self.lease.item is None:
            raise NotFound("none", where="Lease")
        return copy.deepcopy(self.lease.item)

    async def create(self, item: Object) -> Object:
        def write() -> Object:
            if self.lease.item is not None:
                raise Conflict("exists", where="Lease")
            return self.lease.store(item)

        await self._reach(write)
        return write()

    async def replace(self, item: Object) -> Object:
        sent = copy.deepcopy(item)

        def write() -> Object:
            if self.lease.item is None:
                raise NotFound("none", where="Lease")
            if sent["metadata"]["resourceVersion"] != str(self.lease.version):
                raise Conflict("changed", where="Lease")
            return self.lease.store(sent)

        await self._reach(write)
        return write()


class Candidate:
    """A leader and its work, which notes when it ran and takes ``unwind`` seconds to end."""

    def __init__(
        self, lease: Lease, name: str, *, wall: float = 0.0, unwind: float = 0.0, latency: float = 0.01
    ) -> None:
        self.api = Api(lease, latency)
        now = asyncio.get_running_loop().time
        self.telemetry = Telemetry()
        self.leader = Leader(
            self.api,
            namespace="ops",
            name="sluice",
            identity=name,
            telemetry=self.telemetry,
            clock=now,
            wall=lambda: 1.7e9 + wall + now(),
            source=random.Random(name),
        )
        self.unwind = unwind
        self.working = False
        self.terms: list[tuple[float, float]] = []
        self.error: Exception | None = None

    async def work(self) -> None:
        now = asyncio.get_running_loop().time
        begun = now()
        self.working = True
        try:
            if self.error is not None:
                raise self.error
            await asyncio.sleep(math.inf)
        finally:
            await asyncio.sleep(self.unwind)
            self.working = False
            self.terms.append((begun, now()))

    def start(self) -> asyncio.Task[None]:
        return asyncio.create_task(self.leader.run(self.work))
