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
    assert (code, told) == (422, [r'299 - "unknown field \"colour\""'])


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


async def test_a_pod_with_parts_that_hide_each_other(
    session: aiohttp.ClientSession, namespace: str, deployment: Callable[..., Object]
) -> None:
    base = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    item = deployment()
    item["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "X"}, {"name": "X"}]
    at = "spec.template.spec.containers[0].env[1]"
    wanted = [rf'299 - "{at}: hides previous definition of \"X\", which may be dropped when using apply"']
    assert await warnings(session.post(base, json=item)) == (201, wanted)
    assert await warnings(session.post(base, json=item)) == (409, wanted)
    merge = {"Content-Type": "application/merge-patch+json"}
    labels = session.patch(f"{base}/web", json={"metadata": {"labels": {"a": "b"}}}, headers=merge)
    assert await warnings(labels) == (200, []), "no new generation"
    for path, code in ((f"{base}/web", 200), (f"{base}/web/scale", 200)):
        replicas = session.patch(path, json={"spec": {"replicas": 3 if path == f"{base}/web" else 4}}, headers=merge)
        assert await warnings(replicas) == (code, wanted)
    ingress = {
        "metadata": {"name": "i", "annotations": {"kubernetes.io/ingress.class": "x"}},
        "spec": {"defaultBackend": {"service": {"name": "a", "port": {"number": 80}}}},
    }
    told = r"annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"
    path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses"
    assert await warnings(session.post(path, json=ingress)) == (201, [f'299 - "{told}"'])
