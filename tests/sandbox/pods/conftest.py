"""A node in this process, and no controllers: pods are made by hand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from controller.sandbox.client import Client, Connection, Object
from controller.sandbox.pods import PORTS
from controller.sandbox.pods.node import running_node
from tests.sandbox.lab import Lab


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def version(self) -> str:
        return self.headers["x-demo-version"]


Ask = Callable[..., Coroutine[Any, Any, Answer]]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


@pytest.fixture
async def node(connection: Connection) -> AsyncIterator[str]:
    """The URL of the switch."""
    async with running_node(connection, backoff=0.2, notice_after=0.3) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def lab(client: Client, namespace: str, node: str) -> Lab:
    return Lab(client, namespace, node)


def url_of(pod: Object, port: int = 9898) -> str:
    ports = json.loads(pod["metadata"]["annotations"][PORTS])
    return f"http://127.0.0.1:{ports[str(port)]}"


@pytest.fixture
def ask(http: aiohttp.ClientSession) -> Ask:
    """One request to a pod, by its annotation."""

    async def request(pod: Object, path: str = "/", method: str = "GET", **options: Any) -> Answer:
        async with http.request(method, url_of(pod) + path, **options) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, headers, await answer.text())

    return request
