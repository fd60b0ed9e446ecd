"""Watches: what is seen, when, and from where."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest

from controller.sandbox.api import EmbeddedApi
from controller.sandbox.client import ApiError, Client, Connection

Object = dict[str, Any]
SECONDS = 20
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"


class Events:
    """The lines of one watch."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def next(self) -> tuple[str, Object]:
        """(type, object) of the next event."""
        async with asyncio.timeout(SECONDS):
            line = await self._answer.content.readline()
        if not line:
            raise EOFError
        event = json.loads(line)
        return event["type"], event["object"]

    async def names(self, count: int) -> list[tuple[str, str]]:
        """(type, name) of the next events."""
        found = [await self.next() for _ in range(count)]
        return [(kind, item["metadata"]["name"]) for kind, item in found]

    async def ended(self) -> bool:
        async with asyncio.timeout(SECONDS):
            return await self._answer.content.read() == b""


@pytest.fixture
async def session(connection: Connection) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"User-Agent": "watcher/1.0", "Authorization": f"Bearer {connection.token}"}
    connector = aiohttp.TCPConnector(ssl=_tls(connection))
    async with aiohttp.ClientSession(connection.url, headers=headers, connector=connector) as opened:
        yield opened


def _tls(connection: Connection) -> Any:
    return ssl.create_default_context(cafile=connection.ca) if connection.ca else True


@pytest.fixture
def watch(session: aiohttp.ClientSession) -> Callable[..., Any]:
    """Open a watch: ``async with watch(path, resourceVersion="5") as events``."""

    @asynccontextmanager
    async def opened(path: str, accept: str = "application/json", **params: str) -> AsyncIterator[Events]:
        query = {"watch": "true", **params}
        async with session.get(path, params=query, headers={"Accept": accept}) as answer:
            assert answer.status == 200, await answer.text()
            yield Events(answer)

    return opened


@pytest.fixture
def maps(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


async def version_of(client: Client, path: str) -> str:
    _, version = await client.list(path)
    return version


async def test_every_change_is_seen_in_order(client: Client, watch: Any, maps: str) -> None:
    start = await version_of(client, maps)
    await client.create(maps, {"metadata": {"name": "a"}})
    async with watch(maps, resourceVersion=start) as events:
        await client.patch(f"{maps}/a", {"data": {"k": "1"}})
        await client.create(maps, {"metadata": {"name": "b"}})
        last = await client.get(f"{maps}/a")
        await client.delete(f"{maps}/a")
        assert await events.names(3) == [("ADDED", "a"), ("MODIFIED", "a"), ("ADDED", "b")]
        kind, gone = await events.next()
        assert (kind, gone["data"]) == ("DELETED", {"k": "1"})
        assert gone["kind"] == "ConfigMap"
        assert int(gone["metadata"]["resourceVersion"]) > int(last["metadata"]["resourceVersion"])


async def test_only_the_namespace_is_seen(client: Client, watch: Any, maps: str) -> None:
    start = await version_of(client, maps)
    async with watch(maps, resourceVersion=start) as events:
        other = await client.create("/api/v1/namespaces", {"metadata": {"generateName": "other-"}})
        await client.create(f"/api/v1/namespaces/{other['metadata']['name']}/configmaps", {"metadata": {"name": "x"}})
        await client.create(maps, {"metadata": {"name": "mine"}})
        assert await events.names(1) == [("ADDED", "mine")]


async def test_an_object_comes_and_goes_with_its_labels(client: Client, watch: Any, maps: str) -> None:
    await client.create(maps, {"metadata": {"name": "a", "labels": {"on": "no"}}})
    start = await version_of(client, maps)
    async with watch(maps, resourceVersion=start, labelSelector="on=yes") as events:
        await client.patch(f"{maps}/a", {"metadata": {"labels": {"on": "yes"}}})
        await client.patch(f"{maps}/a", {"data": {"k": "1"}})
        away = await client.patch(f"{maps}/a", {"metadata": {"labels": {"on": "no"}}, "data": {"k": "2"}})
        await client.patch(f"{maps}/a", {"data": {"k": "3"}})
        await client.create(maps, {"metadata": {"name": "b", "labels": {"on": "yes"}}})
        assert await events.names(2) == [("ADDED", "a"), ("MODIFIED", "a")]
        kind, last = await events.next()
        assert kind == "DELETED"
        assert last["data"] == {"k": "1"}, "the object as it was when it still matched"
        assert last["metadata"]["resourceVersion"] == away["metadata"]["resourceVersion"]
        assert await events.names(1) == [("ADDED", "b")]


async def test_one_object_by_its_name(client: Client, watch: Any, maps: str) -> None:
    start = await version_of(client, maps)
    async with watch(maps, resourceVersion=start, fieldSelector="metadata.name=b") as events:
        for name in ("a", "b", "c"):
            await client.create(maps, {"metadata": {"name": name}})
        await client.delete(f"{maps}/b")
        assert await events.names(2) == [("ADDED", "b"), ("DELETED", "b")]


async def test_pods_by_their_node_and_phase(client: Client, watch: Any, namespace: str) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    start = await version_of(client, pods)
    spec = {"containers": [{"name": "a", "image": "a"}]}
    async with watch(pods, resourceVersion=start, fieldSelector="spec.nodeName=n1,status.phase=Running") as events:
        await client.create(pods, {"metadata": {"name": "a"}, "spec": {**spec, "nodeName": "n1"}})
        await client.create(pods, {"metadata": {"name": "b"}, "spec": {**spec, "nodeName": "n2"}})
        for name in ("a", "b"):
            await client.patch(f"{pods}/{name}/status", {"status": {"phase": "Running"}})
        await client.patch(f"{pods}/a/status", {"status": {"phase": "Failed"}})
        assert await events.names(2) == [("ADDED", "a"), ("DELETED", "a")]


async def test_a_watch_ends_when_its_time_is_up(client: Client, watch: Any, maps: str) -> None:
    start = await version_of(client, maps)
    async with watch(maps, resourceVersion=start, timeoutSeconds="1") as events:
        assert await events.ended()


async def test_events_as_a_table(client: Client, watch: Any, maps: str) -> None:
    start = await version_of(client, maps)
    async with watch(maps, TABLE, resourceVersion=start) as events:
        await client.create(maps, {"metadata": {"name": "a"}, "data": {"k": "v"}})
        await client.create(maps, {"metadata": {"name": "b"}})
        _, first = await events.next()
        assert first["kind"] == "Table"
        assert [column["name"] for column in first["columnDefinitions"]] == ["Name", "Data", "Age"]
        assert first["rows"][0]["cells"][:2] == ["a", 1]
        _, second = await events.next()
        assert second["columnDefinitions"] is None
        assert second["rows"][0]["object"]["metadata"]["name"] == "b"


async def test_events_as_metadata(client: Client, watch: Any, maps: str) -> None:
    start = await version_of(client, maps)
    async with watch(maps, PARTIAL, resourceVersion=start) as events:
        made = await client.create(maps, {"metadata": {"name": "a"}, "data": {"k": "v"}})
        _, seen = await events.next()
        expected = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": made["metadata"]}
        assert seen == expected


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({"resourceVersionMatch": "NotOlderThan"}, 422, "forbidden for watch unless sendInitialEvents"),
        ({"sendInitialEvents": "true"}, 422, "sendInitialEvents requires setting resourceVersionMatch"),
        ({"labelSelector": "a in (b"}, 400, "unable to parse requirement: found '', expected: ',' or ')'"),
        ({"fieldSelector": "spec.x=1"}, 400, '"spec.x" is not a known field selector: only "metadata.name"'),
    ],
)
async def test_what_cannot_be_watched(client: Client, maps: str, params: Object, code: int, text: str) -> None:
    with pytest.raises(ApiError) as caught:
        await client.request("GET", maps, params={"watch": "true", **params})
    assert caught.value.code == code
    assert text in str(caught.value)


async def test_without_a_version_what_is_there_comes_first(
    client: Client, watch: Any, maps: str, embedded: EmbeddedApi
) -> None:
    # A real server says it too, but with an etcd before 3.4.31 only after its next bookmark.
    for name in ("b", "a"):
        await client.create(maps, {"metadata": {"name": name}})
    for start in ({}, {"resourceVersion": "0"}):
        async with watch(maps, **start) as events:
            assert await events.names(2) == [("ADDED", "a"), ("ADDED", "b")]
            await client.patch(f"{maps}/a", {"metadata": {"annotations": {"n": str(len(start))}}})
            assert await events.names(1) == [("MODIFIED", "a")]


async def test_a_watch_may_be_a_list_first(client: Client, watch: Any, maps: str, embedded: EmbeddedApi) -> None:
    await client.create(maps, {"metadata": {"name": "a"}})
    wanted = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    async with watch(maps, **wanted) as events:
        assert await events.names(1) == [("ADDED", "a")]
        kind, mark = await events.next()
        assert kind == "BOOKMARK"
        assert mark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert mark["metadata"]["resourceVersion"] == await version_of(client, maps)
        await client.create(maps, {"metadata": {"name": "b"}})
        assert await events.names(1) == [("ADDED", "b")]


async def test_a_compacted_version_is_gone(client: Client, watch: Any, maps: str, embedded: EmbeddedApi) -> None:
    start = await version_of(client, maps)
    await client.create(maps, {"metadata": {"name": "a"}})
    now = await version_of(client, maps)
    embedded.store.compact()
    async with watch(maps, resourceVersion=start) as events:
        kind, status = await events.next()
        assert (kind, status["code"], status["reason"]) == ("ERROR", 410, "Expired")
        assert status["message"] == f"too old resource version: {start} ({now})"
        assert await events.ended()
    async with watch(maps, resourceVersion=now) as events:
        await client.create(maps, {"metadata": {"name": "b"}})
        assert await events.names(1) == [("ADDED", "b")]


async def test_history_is_bounded() -> None:
    async with EmbeddedApi(history=10) as api, Client(api.connection, "tests") as client:
        maps = "/api/v1/namespaces/default/configmaps"
        start = await version_of(client, maps)
        for number in range(11):
            await client.create(maps, {"metadata": {"name": f"m{number}"}})
        with pytest.raises(ApiError) as caught:
            async for _ in client.watch(maps, start):
                pass
        assert caught.value.code == 410


async def test_bookmarks_tell_the_version_of_quiet_kinds() -> None:
    async with EmbeddedApi(bookmark_seconds=0.05) as api, Client(api.connection, "tests") as client:
        start = await version_of(client, "/api/v1/secrets")
        made = await client.create("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "a"}})
        async with asyncio.timeout(SECONDS):
            async for kind, item in client.watch("/api/v1/secrets", start):
                assert kind == "BOOKMARK"
                assert item["kind"] == "Secret"
                if item["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]:
                    break


async def test_a_watcher_that_does_not_read_is_cut_off(
    client: Client, watch: Any, maps: str, embedded: EmbeddedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.sandbox.api.watching.QUEUE_LIMIT", 3)
    big = "x" * 300_000  # more than a socket's buffers hold
    start = await version_of(client, maps)
    async with watch(maps, resourceVersion=start):
        for number in range(60):
            await client.create(maps, {"metadata": {"name": f"m{number}"}, "data": {"k": big}})
            if not embedded.store.watchers("configmaps"):
                break
        async with asyncio.timeout(SECONDS):
            while embedded.store.watchers("configmaps"):
                await asyncio.sleep(0)


async def test_watches_end_with_the_server() -> None:
    async with AsyncExitStack() as stack:
        async with EmbeddedApi() as api:
            other = await stack.enter_async_context(Client(api.connection, "other"))
            watching = asyncio.ensure_future(_drain(other, "/api/v1/configmaps"))
            async with asyncio.timeout(SECONDS):
                while not api.store.watchers("configmaps"):
                    await asyncio.sleep(0)
        async with asyncio.timeout(SECONDS):
            await watching


async def _drain(client: Client, path: str) -> None:
    async for _ in client.watch(path, "1"):
        pass
