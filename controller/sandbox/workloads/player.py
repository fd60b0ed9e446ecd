"""All controllers together, as tasks of whoever enters the block."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Self

from controller.errors import SandboxError
from controller.sandbox.client import Client, Connection
from controller.sandbox.workloads.cluster import Clock, Cluster, utc_now
from controller.sandbox.workloads.deployments import Deployments
from controller.sandbox.workloads.garbage import Garbage
from controller.sandbox.workloads.jobs import Jobs
from controller.sandbox.workloads.kinds import (
    DEPLOYMENT,
    ENDPOINT_SLICE,
    ENDPOINTS,
    JOB,
    NAMESPACE,
    POD,
    REPLICA_SET,
    SERVICE,
)
from controller.sandbox.workloads.namespaces import Namespaces
from controller.sandbox.workloads.notplayed import NotPlayed
from controller.sandbox.workloads.queue import Queue
from controller.sandbox.workloads.replicasets import ReplicaSets
from controller.sandbox.workloads.services import Services
from controller.sandbox.workloads.universe import Universe

_KINDS = (DEPLOYMENT, REPLICA_SET, POD, SERVICE, ENDPOINT_SLICE, ENDPOINTS, JOB, NAMESPACE)


class Workloads:
    """Plays kube-controller-manager against ``connection`` for the length of the block.

    ``now`` is the clock of conditions and deadlines. Leaving the block raises SandboxError when a controller met an
    error of its own (a refusal by the API is none), so that no test passes over it.
    """

    def __init__(self, connection: Connection, *, now: Clock = utc_now) -> None:
        self._connection = connection
        self._now = now
        self._task: asyncio.Task[None] | None = None
        self._queues: list[Queue] = []

    async def __aenter__(self) -> Self:
        synced = asyncio.Event()
        self._task = asyncio.create_task(self._run(synced), name="workloads")
        ready = asyncio.create_task(synced.wait())
        await asyncio.wait({self._task, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._task.done():
            await self._task
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self.check()

    def check(self) -> None:
        """Raises SandboxError when a controller met an error of its own."""
        for queue in self._queues:
            if queue.crashes:
                raise SandboxError(f"the {queue.name} controller failed: {queue.crashes[0]!r}") from queue.crashes[0]

    async def _run(self, synced: asyncio.Event) -> None:
        async with Client(self._connection, "kube-controller-manager") as client, asyncio.TaskGroup() as group:
            cluster = Cluster(client, "kube-controller-manager", _KINDS, self._now)
            universe = Universe(cluster)
            NotPlayed(cluster.recorder, universe)
            self._queues = [
                Deployments(cluster).queue,
                ReplicaSets(cluster).queue,
                Services(cluster).queue,
                Jobs(cluster).queue,
                Garbage(cluster, universe).queue,
                Namespaces(cluster, universe, _certificate(self._connection)).queue,
            ]
            cluster.start(group)
            group.create_task(universe.run(), name="universe")
            await cluster.synced()
            await universe.synced()
            for queue in self._queues:
                group.create_task(queue.run(), name=queue.name)
            synced.set()


def _certificate(connection: Connection) -> str:
    """What kube-root-ca.crt holds: the API's certificate, nothing for plain HTTP."""
    return Path(connection.ca).read_text() if connection.ca else ""
