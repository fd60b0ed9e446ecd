"""The controllers, and a node in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.sandbox.client import Client, Connection
from controller.sandbox.pods.node import running_node
from controller.sandbox.workloads import Workloads
from tests.sandbox.lab import Lab


@pytest.fixture
async def controllers(connection: Connection) -> AsyncIterator[Workloads]:
    async with Workloads(connection) as running:
        yield running


@pytest.fixture
async def node(connection: Connection) -> AsyncIterator[str]:
    """The URL of the switch."""
    async with running_node(connection, backoff=0.2, notice_after=0.2) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def lab(client: Client, namespace: str, controllers: Workloads, node: str) -> Lab:
    """Controllers and pods, and a namespace of the test's own."""
    return Lab(client, namespace, node)
