"""What answers warn of, which kubectl prints: deprecated versions, unknown fields; with failures too."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from controller.sandbox.client import Connection

Object = dict[str, Any]
Establish = Callable[..., Awaitable[str]]


@pytest.fixture
async def session(connection: Connection) -> AsyncIterator[aiohttp.ClientSession]:
    secure: ssl.SSLContext | bool = ssl.create_default_context(cafile=connection.ca) if connection.ca else True
    headers = {"Authorization": f"Bearer {connection.token}"}
    connector = aiohttp.TCPConnector(ssl=secure)
    async with aiohttp.ClientSession(connection.url, headers=headers, connector=connector) as opened:
        yield opened


async def warnings(answer: Any) -> tuple[int, list[str]]:
    async with answer as answered:
        return answered.status, answered.headers.getall("Warning", [])


async def test_a_kind_that_is_left_behind(session: aiohttp.ClientSession, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/endpoints"
    wanted = ['299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"']
    assert await warnings(session.get(path)) == (200, wanted)
    assert await warnings(session.get(f"{path}/none")) == (404, wanted)
    assert await warnings(session.get(path, params={"watch": "true", "timeoutSeconds": "1"})) == (200, wanted)


async def test_a_refused_object_with_unknown_fields(session: aiohttp.ClientSession, namespace: str) -> None:
    body = {"metadata": {"name": "Bad"}, "colour": "red"}
    code, told = await warnings(session.post(f"/api/v1/namespaces/{namespace}/configmaps", json=body))
    assert (code, told) == (422, ['299 - "unknown field \\"colour\\""'])


@pytest.mark.parametrize("own_words", ["", "widgets of old: go away"])
async def test_a_deprecated_version_of_a_custom_resource(
    session: aiohttp.ClientSession,
    namespace: str,
    crd: Callable[..., Object],
    establish: Establish,
    own_words: str,
) -> None:
    definition = crd()
    spec = definition["spec"]
    group, (current,) = spec["group"], spec["versions"]
    old = {**current, "name": "v1beta1", "storage": False, "deprecated": True}
    spec["versions"] += [{**old, "deprecationWarning": own_words} if own_words else old]
    spec["versions"] += [
        {**old, "name": "v2alpha1", "deprecated": False},
        {**current, "name": "v3", "storage": False, "served": False},
    ]
    path = await establish(definition, namespace)
    assert await warnings(session.get(path)) == (200, [])
    wanted = own_words or f"{group}/v1beta1 Widget is deprecated; use {group}/v1 Widget"
    assert await warnings(session.get(path.replace("/v1/", "/v1beta1/"))) == (200, [f'299 - "{wanted}"'])
