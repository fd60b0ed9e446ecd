"""Faults on demand, and the audit log that shows what they did. Only the embedded API has them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import aiohttp
import pytest

from controller.sandbox.api import EmbeddedApi
from controller.sandbox.client import ApiError, Client

Object = dict[str, Any]
MAPS = "/api/v1/namespaces/default/configmaps"
SECONDS = 10


@pytest.fixture
async def api() -> AsyncIterator[EmbeddedApi]:
    async with EmbeddedApi(bookmark_seconds=60) as api:
        yield api


@pytest.fixture
async def client(api: EmbeddedApi) -> AsyncIterator[Client]:
    async with Client(api.connection, "tests") as opened:
        yield opened


def item(name: str = "a", **data: str) -> Object:
    return {"metadata": {"name": name}, "data": data}


async def code_of(call: Awaitable[Any]) -> int:
    """The code of a refused call; 0 where the connection broke."""
    try:
        await call
    except ApiError as error:
        return error.code
    except aiohttp.ClientError:
        return 0
    return 200


async def test_a_code_instead_of_the_write(api: EmbeddedApi, client: Client) -> None:
    fault = api.faults.add(verb="create", resource="configmaps", status=409, times=2)
    assert await code_of(client.create(MAPS, item())) == 409
    assert await client.get_or_none(f"{MAPS}/a") is None
    assert await code_of(client.create(MAPS, item())) == 409
    assert await code_of(client.create(MAPS, item())) == 200
    assert fault.hits == 2
    assert api.audit.count(agent="tests", verb="create", resource="configmaps", code=409) == 2


async def test_an_error_after_the_write_took_effect(api: EmbeddedApi, client: Client) -> None:
    api.faults.add(verb="create", status=500, after=True)
    assert await code_of(client.create(MAPS, item())) == 500
    assert await client.get_or_none(f"{MAPS}/a") is not None


async def test_too_many_requests_says_when_to_come_back(api: EmbeddedApi) -> None:
    api.faults.add(verb="list", status=429, retry_after=3)
    async with aiohttp.ClientSession(api.connection.url) as session, session.get(MAPS) as answer:
        assert answer.status == 429
        assert answer.headers["Retry-After"] == "3"
        status = await answer.json()
    assert (status["reason"], status["details"]) == ("TooManyRequests", {"retryAfterSeconds": 3})


@pytest.mark.parametrize("after", [False, True])
async def test_a_broken_connection(api: EmbeddedApi, client: Client, after: bool) -> None:
    api.faults.add(verb="create", drop=True, after=after)
    assert await code_of(client.create(MAPS, item())) == 0
    assert (await client.get_or_none(f"{MAPS}/a") is not None) == after


async def test_only_what_matches_is_hit(api: EmbeddedApi, client: Client) -> None:
    api.faults.add(agent="controller", status=500, times=None)
    api.faults.add(resource="secrets", status=500, times=None)
    api.faults.add(name="b", verb="get,delete", status=500, times=None)
    api.faults.add(user="alice", status=500, times=None)
    api.faults.add(resource="configmaps", subresource="status", status=500, times=None)
    assert await code_of(client.create(MAPS, item("b"))) == 200
    assert await code_of(client.get(f"{MAPS}/b")) == 500
    assert await code_of(client.list("/api/v1/secrets")) == 500
    async with Client(api.connection, "controller") as other:
        assert await code_of(other.list(MAPS)) == 500
    api.faults.clear()
    assert await code_of(client.get(f"{MAPS}/b")) == 200


async def test_the_nth_is_hit_and_a_removed_fault_is_over(api: EmbeddedApi, client: Client) -> None:
    fault = api.faults.add(verb="write", status=500, skip=1, times=None)
    codes = [await code_of(client.create(MAPS, item(name))) for name in "abc"]
    assert codes == [200, 500, 500]
    fault.remove()
    assert await code_of(client.create(MAPS, item("d"))) == 200


async def test_latency_delays(api: EmbeddedApi, client: Client) -> None:
    api.faults.add(verb="get", latency=0.05)
    await client.create(MAPS, item())
    loop = asyncio.get_running_loop()
    start = loop.time()
    await client.get(f"{MAPS}/a")
    assert loop.time() - start >= 0.05


async def test_what_hangs_is_let_go(api: EmbeddedApi, client: Client) -> None:
    fault = api.faults.add(verb="patch", hang=True, times=None)
    await client.create(MAPS, item())
    hanging = asyncio.ensure_future(code_of(client.patch(f"{MAPS}/a", item("a", k="v"))))
    await asyncio.wait([hanging], timeout=0.05)
    assert not hanging.done()
    assert await code_of(client.get(f"{MAPS}/a")) == 200
    fault.remove()
    async with asyncio.timeout(SECONDS):
        assert await hanging == 0


async def test_a_watch_is_cut(api: EmbeddedApi, client: Client) -> None:
    api.faults.add(resource="configmaps", cut=2)
    _, version = await client.list(MAPS)
    for name in "abc":
        await client.create(MAPS, item(name))
    events = client.watch(MAPS, version)
    seen = [(await anext(events))[1]["metadata"]["name"] for _ in range(2)]
    with pytest.raises(aiohttp.ClientError):
        await anext(events)
    assert seen == ["a", "b"]


async def test_open_watches_are_broken(api: EmbeddedApi, client: Client) -> None:
    watching = asyncio.ensure_future(_drain(client, MAPS))
    async with asyncio.timeout(SECONDS):
        while not api.store.watchers("configmaps"):
            await asyncio.sleep(0)
        assert api.break_watches(resource="secrets") == 0
        assert api.break_watches(resource="configmaps", agent="tests") == 1
        with pytest.raises(aiohttp.ClientError):
            await watching
    assert not api.store.watchers("configmaps")


async def _drain(client: Client, path: str) -> None:
    _, version = await client.list(path)
    async for _ in client.watch(path, version):
        pass


@pytest.mark.parametrize("answered", [True, False])
async def test_a_program_stops_after_its_nth_write(api: EmbeddedApi, client: Client, answered: bool) -> None:
    stop = api.faults.stop_after(2, agent="controller", answered=answered)
    async with Client(api.connection, "controller") as other:
        watching = asyncio.ensure_future(_drain(other, "/api/v1/secrets"))
        assert await code_of(other.create(MAPS, item("a"))) == 200
        assert await code_of(other.create(MAPS, item("a"))) == 409, "a refused write does not count"
        assert await code_of(other.create(MAPS, item("b"))) == (200 if answered else 0)
        assert stop.reached.is_set()
        assert await code_of(other.create(MAPS, item("c"))) == 0
        assert await code_of(other.list(MAPS)) == 0
        async with asyncio.timeout(SECONDS):
            with pytest.raises(aiohttp.ClientError):
                await watching
        found, _ = await client.list(MAPS)
        assert [entry["metadata"]["name"] for entry in found] == ["a", "b"]
        stop.remove()
        assert await code_of(other.list(MAPS)) == 200


async def test_faults_over_http(api: EmbeddedApi, client: Client) -> None:
    made = await client.request("POST", "/sandbox/faults", {"verb": "list", "status": 503, "times": 3})
    assert made["id"] == 1
    assert await code_of(client.list(MAPS)) == 503
    assert (await client.get("/sandbox/faults"))["faults"][0]["hits"] == 1
    assert await code_of(client.request("POST", "/sandbox/faults", {"verbs": "list"})) == 400
    assert (await client.request("DELETE", "/sandbox/faults/1"))["faults"] == []
    assert await code_of(client.request("DELETE", "/sandbox/faults/1")) == 404
    assert await code_of(client.list(MAPS)) == 200
    assert (await client.get("/sandbox/audit?verb=list&agent=tests"))["count"] == 2
    assert await code_of(client.get("/sandbox/audit?colour=red")) == 400
    before = api.store.revision
    assert (await client.request("POST", "/sandbox/compact"))["compacted"] == before
    assert (await client.request("DELETE", "/sandbox/watches?resource=pods"))["broken"] == 0


async def test_the_audit_log(api: EmbeddedApi, client: Client) -> None:
    await client.create(MAPS, item())
    await client.get_or_none(f"{MAPS}/nope")
    watching = asyncio.ensure_future(_drain(client, MAPS))
    async with asyncio.timeout(SECONDS):
        while not api.store.watchers("configmaps"):
            await asyncio.sleep(0)
        watching.cancel()
        await asyncio.wait([watching])
        while not any(api.audit.entries(stage="ended")):
            await asyncio.sleep(0)
    found = [(entry.verb, entry.name, entry.code, entry.stage) for entry in api.audit.entries(agent="tests")]
    assert found == [
        ("create", "", 201, "answered"),
        ("get", "nope", 404, "answered"),
        ("list", "", 200, "answered"),
        ("watch", "", 200, "opened"),
        ("watch", "", 200, "ended"),
    ]
    assert api.audit.count(verb="watch") == 1
    assert api.audit.count(resource="configmaps", code=404) == 1
    api.audit.clear()
    assert api.audit.count() == 0


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{", "no JSON"),
        ("[]", "not a list"),
        ('{"delay": 1}', "no field 'delay'; the fields are verb, group, resource,"),
        ('{"hits": 1}', "no field 'hits'"),
        ('{"status": "500"}', 'status: "500" cannot be used; it is a whole number'),
        ('{"latency": true}', "latency: true cannot be used; it is a number of seconds"),
        ('{"times": -1}', "times: -1 cannot be used; it is a whole number, 0 or more, or null"),
        ('{"hang": 1}', "hang: 1 cannot be used; it is true or false"),
        ('{"verb": null}', "verb: null cannot be used; it is a text"),
    ],
)
async def test_what_is_no_fault_is_told_by_its_field(body: str, why: str) -> None:
    async with EmbeddedApi() as api, aiohttp.ClientSession(api.connection.url) as session:
        async with session.post("/sandbox/faults", data=body) as answer:
            assert (answer.status, why in (await answer.json())["message"]) == (400, True), await answer.text()
        assert api.faults.listed() == []


async def test_a_refusal_tells_which_fault_it_was() -> None:
    async with EmbeddedApi() as api, Client(api.connection, "tests") as client:
        api.faults.add(verb="create", resource="configmaps", status=409)
        with pytest.raises(ApiError, match="a fault was asked for: 409 on verb 'create', resource 'configmaps'"):
            await client.create("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "a"}})
        api.faults.add(status=500, subresource=None)
        with pytest.raises(ApiError, match="500 on every request"):
            await client.get("/api/v1/namespaces")
