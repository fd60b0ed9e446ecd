"""Mirrors: what they hold after lists, events, lost connections, and writes of one's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sandbox.api import EmbeddedApi
from controller.sandbox.client import ApiError, Client, Object
from controller.sandbox.mirror import Mirror, following

PATH = "/api/v1/configmaps"


def item(name: str, version: int, uid: str = "u") -> Object:
    metadata = {"namespace": "shop", "name": name, "uid": uid, "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


class Scripted(Client):
    """A client whose lists and watches are given; a watch ends where its script does."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.asked: list[str] = []

    async def _next(self) -> Any:
        if not self.script:
            await asyncio.Event().wait()
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    async def list(self, path: str, *, labels: str = "", metadata_only: bool = False) -> tuple[list[Object], str]:
        self.asked.append("list")
        items, version = await self._next()
        return items, str(version)

    async def watch(self, path: str, version: str, *, metadata_only: bool = False) -> AsyncIterator[tuple[str, Object]]:
        self.asked.append(f"watch {version}")
        for event in await self._next():
            if isinstance(event, Exception):
                raise event
            yield event


async def played(client: Scripted) -> tuple[Mirror, list[str]]:
    """The mirror at the end of the script, and what it told."""
    told: list[str] = []

    def tell(old: Object | None, new: Object | None) -> None:
        names = [one and f"{one['metadata']['name']}@{one['metadata']['resourceVersion']}" for one in (old, new)]
        told.append(f"{names[0]} -> {names[1]}")

    mirror = Mirror(client, PATH, tell)
    task = asyncio.create_task(mirror.run())
    async with asyncio.timeout(10):
        while client.script or not client.asked[-1].startswith("watch"):
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return mirror, told


async def test_events_change_the_copy() -> None:
    events = [
        ("ADDED", item("b", 12)),
        ("MODIFIED", item("a", 13)),
        ("BOOKMARK", item("", 20)),
        ("DELETED", item("a", 21)),
    ]
    mirror, told = await played(Scripted(([item("a", 10)], 11), events))
    assert list(mirror.objects) == [("shop", "b")]
    assert told == ["None -> a@10", "None -> b@12", "a@10 -> a@13", "a@13 -> None"]


async def test_a_lost_connection_goes_on_where_it_stopped() -> None:
    client = Scripted(
        ([], 11), [("ADDED", item("a", 12)), OSError("lost")], OSError("refused"), [("ADDED", item("b", 13))]
    )
    mirror, _ = await played(client)
    assert client.asked[:4] == ["list", "watch 11", "watch 12", "watch 12"]
    assert sorted(name for _, name in mirror.objects) == ["a", "b"]


async def test_a_compacted_version_lists_again_and_tells_the_difference() -> None:
    client = Scripted(
        ([item("a", 10), item("b", 11)], 11),
        [ApiError(410, "Expired", "too old")],
        ([item("b", 31), item("c", 30)], 40),
    )
    mirror, told = await played(client)
    assert sorted(name for _, name in mirror.objects) == ["b", "c"]
    assert told[2:] == ["a@10 -> None", "b@11 -> b@31", "None -> c@30"]
    assert client.asked[-1] == "watch 40"


async def test_another_server_with_smaller_versions_is_believed() -> None:
    client = Scripted(([item("a", 900)], 900), [ApiError(410, "Expired", "")], ([item("b", 3)], 4))
    mirror, _ = await played(client)
    assert list(mirror.objects) == [("shop", "b")]


async def test_an_object_made_anew_under_its_name_is_two_differences() -> None:
    client = Scripted(([item("a", 1)], 1), [ApiError(410, "Expired", "")], ([item("a", 9, "other")], 9))
    _, told = await played(client)
    assert told[1:] == ["a@1 -> None", "None -> a@9"]


def mirror_with(*items: Object) -> Mirror:
    mirror = Mirror(Scripted(), PATH)
    for one in items:
        mirror.learn(one)
    return mirror


def test_what_was_written_is_seen_at_once_and_old_news_are_ignored() -> None:
    mirror = mirror_with(item("a", 5))
    mirror.learn(item("a", 4))
    assert mirror.objects["shop", "a"]["metadata"]["resourceVersion"] == "5"
    mirror.learn(item("a", 6))
    assert mirror.objects["shop", "a"]["metadata"]["resourceVersion"] == "6"
    assert [one["metadata"]["name"] for one in mirror.in_namespace("shop")] == ["a"]
    assert mirror.in_namespace("other") == []


async def test_the_answer_to_a_write_does_not_raise_the_dead() -> None:
    mirror, _ = await played(Scripted(([item("a", 1)], 1), [("DELETED", item("a", 7))]))
    mirror.learn(item("a", 6))
    assert mirror.objects == {}
    mirror.learn(item("a", 8, "new"))
    assert mirror.objects


async def test_a_list_made_before_a_write_does_not_undo_it() -> None:
    mirror = Mirror(Scripted(([], 60), ([], 80)), PATH)
    mirror.learn(item("a", 70))
    await mirror._relist()
    assert mirror.objects
    await mirror._relist()
    assert mirror.objects == {}


def test_forgetting_is_of_this_very_object() -> None:
    mirror = mirror_with(item("a", 5))
    mirror.forget(item("a", 5, "another"))
    assert mirror.objects
    mirror.forget(item("a", 5))
    assert mirror.objects == {}
    mirror.learn(item("a", 5))
    assert mirror.objects == {}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12), st.data())
def test_news_in_any_order_end_at_the_latest(writes: list[tuple[str, bool]], data: st.DataObject) -> None:
    """Answers to writes may be learnt before or after their events; each event comes in order."""
    mirror, expected = Mirror(Scripted(), PATH), {}
    late: list[Object] = []
    for version, (name, gone) in enumerate(writes, 1):
        one = item(name, version)
        expected[name] = None if gone else version
        if not gone and data.draw(st.booleans()):
            mirror.learn(one)  # the answer came first
        elif not gone:
            late.append(one)
        mirror._event("DELETED" if gone else "MODIFIED", one)
    for one in late:
        mirror.learn(one)
    found = {name: int(one["metadata"]["resourceVersion"]) for (_, name), one in mirror.objects.items()}
    assert found == {name: version for name, version in expected.items() if version}


async def test_waiting_for_a_state(embedded: EmbeddedApi, client: Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    async with following(client, path) as mirror:
        waiting = asyncio.create_task(mirror.until(lambda items: [one["metadata"]["name"] for one in items] or None))
        await client.create(path, {"metadata": {"name": "here"}})
        assert await waiting == ["here"]
        with pytest.raises(TimeoutError, match=r"not seen in 0\.05 s; last seen:\n[\s\S]*here") as caught:
            await mirror.until(lambda items: len(items) > 1, 0.05)
        assert path in str(caught.value)


async def test_a_cut_watch_and_a_compacted_history(embedded: EmbeddedApi, client: Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    embedded.faults.add(verb="watch", resource="configmaps", cut=1, times=2)
    async with following(client, path) as mirror:
        for name in ("a", "b", "c", "d"):
            await client.create(path, {"metadata": {"name": name}})
        await mirror.until(lambda items: len(items) == 4)
    assert embedded.audit.count(agent="tests", verb="list", resource="configmaps") == 1


async def test_metadata_only(client: Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    await client.create(path, {"metadata": {"name": "a"}, "data": {"large": "x" * 100}})
    mirror = Mirror(client, path, metadata_only=True)
    task = asyncio.create_task(mirror.run())
    await mirror.until(lambda items: items)
    await client.create(path, {"metadata": {"name": "b"}, "data": {"large": "x" * 100}})
    found = await mirror.until(lambda items: items if len(items) == 2 else None)
    assert all("data" not in one for one in found)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
