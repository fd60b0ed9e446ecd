"""The client: content types, errors, deletion's options."""

from __future__ import annotations

import asyncio

import pytest

from controller.sandbox.api import EmbeddedApi
from controller.sandbox.client import JSON_PATCH, STRATEGIC_PATCH, ApiError, Client, Connection

CONFIG = "/api/v1/namespaces/{}/configmaps"


async def test_every_verb(client: Client, namespace: str) -> None:
    path = CONFIG.format(namespace)
    made = await client.create(path, {"metadata": {"name": "a"}, "data": {"x": "1", "y": "2"}})
    assert await client.get_or_none(f"{path}/none") is None
    made["data"] = {"x": "2"}
    assert (await client.replace(f"{path}/a", made))["data"] == {"x": "2"}
    assert (await client.patch(f"{path}/a", {"data": {"z": "3"}}))["data"] == {"x": "2", "z": "3"}
    change = [{"op": "remove", "path": "/data/z"}]
    assert (await client.patch(f"{path}/a", change, JSON_PATCH))["data"] == {"x": "2"}
    assert (await client.patch(f"{path}/a", {"data": None}, STRATEGIC_PATCH)).get("data") is None
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"w": "0"}}
    assert (await client.apply(f"{path}/a", applied, "me"))["data"] == {"w": "0"}
    items, version = await client.list(path, labels="none=such")
    assert items == []
    assert int(version) > 0
    (item,) = (await client.list(path))[0]
    assert (item["apiVersion"], item["kind"]) == ("v1", "ConfigMap")


async def test_a_refusal_has_code_reason_and_message(client: Client, namespace: str) -> None:
    with pytest.raises(ApiError) as caught:
        await client.get(CONFIG.format(namespace) + "/none")
    error = caught.value
    assert (error.code, error.reason, error.message) == (404, "NotFound", 'configmaps "none" not found')
    assert str(error) == '404 NotFound: configmaps "none" not found'
    with pytest.raises(ApiError) as caught:
        await client.get("/no/such/path")
    assert caught.value.code == 404


async def test_deletion_is_of_this_very_object(client: Client, namespace: str) -> None:
    path = CONFIG.format(namespace)
    await client.create(path, {"metadata": {"name": "a"}})
    with pytest.raises(ApiError, match="409 Conflict"):
        await client.delete(f"{path}/a", uid="11111111-1111-1111-1111-111111111111")
    made = await client.get(f"{path}/a")
    await client.delete(f"{path}/a", uid=made["metadata"]["uid"], propagation=None, grace=0)
    assert await client.get_or_none(f"{path}/a") is None


async def test_an_expired_version_is_told_also_inside_the_stream(embedded: EmbeddedApi, namespace: str) -> None:
    async with EmbeddedApi(history=2) as api, Client(api.connection, "tests") as client:
        path = CONFIG.format("default")
        for name in ("a", "b", "c", "d", "e"):
            await client.create(path, {"metadata": {"name": name}})
        with pytest.raises(ApiError) as caught:
            await anext(client.watch(path, "1"))
        assert caught.value.code == 410


async def test_requests_carry_agent_and_token(embedded: EmbeddedApi, namespace: str) -> None:
    async with Client(Connection(embedded.connection.url, "somebody"), "an-agent") as client:
        await client.list(CONFIG.format(namespace))
    assert embedded.audit.count(agent="an-agent", user="somebody", verb="list") == 1


async def test_a_closed_client_leaves_no_connection(embedded: EmbeddedApi, namespace: str) -> None:
    async with Client(embedded.connection, "leaver") as client:
        events = client.watch(CONFIG.format(namespace), "0")
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.05)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        sockets = list(client._sockets)
    assert all(one.fileno() == -1 for one in sockets)
