"""The controllers and a node in this process: one world for all tests of a module, or one for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from controller.sandbox.client import Client, Connection
from controller.sandbox.pods.node import running_node
from controller.sandbox.workloads import Workloads
from tests.sandbox.lab import Lab, World, running_world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(real_api: Connection | None) -> AsyncIterator[World]:
    async with running_world(real_api, controllers=True) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def lab(world: World) -> Lab:
    """A namespace of the test's own, in the module's world."""
    return await world.lab()


@pytest.fixture
async def own_node(connection: Connection) -> AsyncIterator[str]:
    """The URL of the switch of a node that no other test uses."""
    async with running_node(connection, backoff=0.2, notice_after=0.3) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def own_lab(connection: Connection, client: Client, namespace: str, own_node: str) -> AsyncIterator[Lab]:
    """A world that no other test uses: for faults, and for what the audit log counts."""
    async with Workloads(connection):
        yield Lab(client, namespace, own_node)
