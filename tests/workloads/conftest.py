"""The embedded API (or a real one), its controllers and a node: what a revision becomes there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from controller.core.objects import Change, Create, Delete, FoundObjects, Patch
from controller.core.release import Release
from controller.core.seen import TemplateSeen, WorkloadSeen
from controller.core.wanted import Wanted
from controller.sandbox.client import Client, Connection, Object
from controller.sandbox.pods.node import running_node
from controller.sandbox.workloads import Workloads
from controller.sandbox.workloads.kinds import CONFIG_MAP, DEPLOYMENT, POD, REPLICA_SET, SECRET
from controller.workloads import workload_of
from tests.sandbox.conftest import _embedded, client, connection, namespace, real_api
from tests.sandbox.lab import Lab
from tests.workloads import shop

__all__ = ["_embedded", "client", "connection", "namespace", "real_api"]

_KINDS = (DEPLOYMENT, REPLICA_SET, POD, CONFIG_MAP, SECRET)


class Hands:
    """Looks at one namespace of a real API, and does there what is wanted."""

    def __init__(self, client: Client, namespace: str) -> None:
        self.lab = Lab(client, namespace)
        self.release: Release = replace(shop.release(), namespace=namespace)
        self.workload = workload_of(self.release)

    async def create(self, one: Object) -> Object:
        """What the user makes."""
        kind = next(kind for kind in _KINDS if kind.kind == one["kind"])
        metadata = {key: one["metadata"][key] for key in ("name", "labels", "annotations") if key in one["metadata"]}
        return await self.lab.create(kind, {**one, "metadata": metadata})

    async def found(self) -> FoundObjects:
        return FoundObjects([one for kind in _KINDS for one in await self.lab.all(kind)])

    async def seen(self) -> WorkloadSeen:
        return self.workload.see(self.release, await self.found())

    async def template(self) -> TemplateSeen:
        template = (await self.seen()).template
        assert template is not None
        return template

    async def make(self, wanted: Wanted) -> list[str]:
        """Up, then down, each on what is there then; what was written, as ``Create Deployment podinfo-x``."""
        written = []
        for part in (self.workload.up, self.workload.down):
            for change in part(self.release, wanted, await self.found()):
                await self._send(change)
                written.append(f"{type(change).__name__} {change.ref.kind} {change.ref.name}")
        return written

    async def _send(self, change: Change) -> None:
        kind = next(kind for kind in _KINDS if kind.kind == change.ref.kind)
        path = kind.path(change.ref.namespace, change.ref.name)
        match change:
            case Create(wanted):
                await self.lab.client.create(kind.path(change.ref.namespace), dict(wanted))
            case Patch(_, body, version):
                metadata = {**body.get("metadata", {}), "resourceVersion": version}
                await self.lab.client.patch(path, {**body, "metadata": metadata})
            case Delete(_, uid):
                await self.lab.client.delete(path, uid=uid)


@pytest.fixture
def hands(client: Client, namespace: str) -> Hands:
    return Hands(client, namespace)


@pytest.fixture
async def lab(connection: Connection, hands: Hands) -> AsyncIterator[Lab]:
    """The same namespace with controllers, and a node on which pods run."""
    async with running_node(connection, backoff=0.2, notice_after=0.3), Workloads(connection):
        yield hands.lab
