"""A node in this process for all tests of a module, and no controllers: pods are made by hand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from controller.sandbox.client import Connection, Object
from controller.sandbox.pods.life import PORTS
from tests.sandbox.lab import Lab, World, running_world


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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(real_api: Connection | None) -> AsyncIterator[World]:
    async with running_world(real_api, controllers=False) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def lab(world: World) -> Lab:
    """A namespace of the test's own, in the module's world."""
    return await world.lab()


def url_of(pod: Object, port: int = 9898) -> str:
    ports = json.loads(pod["metadata"]["annotations"][PORTS])
    return f"http://127.0.0.1:{ports[str(port)]}"


@pytest.fixture
def ask(lab: Lab) -> Ask:
    """One request to a pod, by its annotation."""

    async def request(pod: Object, path: str = "/", method: str = "GET", **options: Any) -> Answer:
        async with lab.http.request(method, url_of(pod) + path, **options) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, headers, await answer.text())

    return request
