"""What a watch may do to us, and that the cache is right after it. The scripted server plays the worst ones."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from controller.cluster import Cache, Cluster, Kind, Object, Selection, Timing, explicit
from controller.sandbox.api import EmbeddedApi

MAPS = "/api/v1/configmaps"
WATCH = f"{MAPS}?watch"
FAST = Timing(life=60, quiet=0.4, pause=0.01, longest_pause=0.05, absent=0.05)
Make = Callable[..., Object]


@contextlib.asynccontextmanager
async def running(cache: Cache) -> AsyncIterator[Cache]:
    task = asyncio.create_task(cache.run())
    try:
        yield cache
        assert not task.done(), task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def names(cache: Cache) -> set[str]:
    return {item["metadata"]["name"] for item in cache.list()}


def listed(version: str, *names: str) -> str:
    items = [{"metadata": {"name": name, "namespace": "default", "resourceVersion": "1"}} for name in names]
    return json.dumps({"kind": "ConfigMapList", "metadata": {"resourceVersion": version}, "items": items})


def event(type: str, version: str, name: str = "a") -> str:
    item = {"metadata": {"name": name, "namespace": "default", "resourceVersion": version}}
    return json.dumps({"type": type, "object": item}) + "\n"


def number(cluster: Cluster, name: str, **labels: str) -> float:
    return cluster.telemetry.registry.get_sample_value(name, {"kind": "ConfigMap"} | labels) or 0.0


async def test_it_follows_every_change(cluster: Cluster, configmap: Make, kind: Kind, eventually: Any) -> None:
    await cluster.create(configmap("a"))
    async with running(Cache(cluster, Selection(kind))) as cache:
        await cache.synced.wait()
        assert names(cache) == {"a"}
        await cluster.create(configmap("b"))
        await cluster.merge_patch(kind, "default", "a", {"data": {"x": "1"}})
        await eventually(lambda: len(cache) == 2 and (cache.get("default", "a") or {}).get("data") == {"x": "1"})
        await cluster.delete(kind, "default", "b")
        await eventually(lambda: names(cache) == {"a"})
        assert number(cluster, "sluice_cache_lists_total") == 1
        item = cache.get("default", "a")
        assert item is not None
        assert (item["apiVersion"], item["kind"]) == ("v1", "ConfigMap")
        assert "managedFields" not in item["metadata"]


async def test_managed_fields_are_kept_where_asked_for(cluster: Cluster, configmap: Make, kind: Kind) -> None:
    await cluster.create(configmap("a", x="1"))
    async with running(Cache(cluster, Selection(kind, managed_fields=True))) as cache:
        await cache.synced.wait()
        assert cache.list()[0]["metadata"]["managedFields"][0]["manager"] == "sluice"


async def test_only_metadata_is_held(cluster: Cluster, configmap: Make, kind: Kind, eventually: Any) -> None:
    await cluster.create(configmap("a", secret="x"))
    async with running(Cache(cluster, Selection(kind, metadata_only=True))) as cache:
        await cache.synced.wait()
        await cluster.create(configmap("b", secret="x"))
        await eventually(lambda: len(cache) == 2)
        assert all(set(item) == {"apiVersion", "kind", "metadata"} for item in cache.list())
        assert {item["kind"] for item in cache.list()} == {"ConfigMap"}


async def test_a_cut_watch_goes_on_without_a_list(
    api: EmbeddedApi, cluster: Cluster, configmap: Make, kind: Kind, eventually: Any
) -> None:
    async with running(Cache(cluster, Selection(kind), timing=FAST)) as cache:
        await cache.synced.wait()
        for name in "abc":
            await eventually(lambda: api.break_watches(resource="configmaps") > 0)
            await cluster.create(configmap(name))
        await eventually(lambda: names(cache) == {"a", "b", "c"})
        assert number(cluster, "sluice_cache_lists_total") == 1


async def test_what_was_compacted_is_listed_anew(
    api: EmbeddedApi, cluster: Cluster, configmap: Make, kind: Kind, eventually: Any
) -> None:
    await cluster.create(configmap("a"))
    await cluster.create(configmap("b"))
    seen: list[tuple[str | None, str | None]] = []
    cache = Cache(cluster, Selection(kind), timing=FAST)

    def name(item: Object | None) -> str | None:
        return None if item is None else str(item["metadata"]["name"])

    async with running(cache):
        await cache.synced.wait()
        cache.on_change(lambda old, new: seen.append((name(old), name(new))))
        fault = api.faults.add(verb="watch", resource="configmaps", status=503, times=None)
        api.break_watches(resource="configmaps")
        await eventually(lambda: fault.hits > 0)
        await cluster.delete(kind, "default", "a")
        await cluster.create(configmap("c"))
        await cluster.merge_patch(kind, "default", "b", {"data": {"x": "1"}})
        api.store.compact()
        api.faults.clear()
        await eventually(lambda: names(cache) == {"b", "c"})
        assert sorted(seen, key=str) == [("a", None), ("b", "b"), (None, "c")]


async def test_gone_inside_the_stream_is_a_list(
    script: Any, scripted: Cluster, kind: Kind, reply: Any, eventually: Any
) -> None:
    gone = '{"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}\n'
    script.on(MAPS, reply(listed("5", "a")), reply(listed("9", "b")))
    script.on(WATCH, reply(gone), reply(event("ADDED", "10", "c"), hang=True))
    async with running(Cache(scripted, Selection(kind), timing=FAST)) as cache:
        await eventually(lambda: names(cache) == {"b", "c"})
        assert script.asked(MAPS) == 2
        assert [r.query["resourceVersion"] for r in script.requests if "watch" in r.query][:2] == ["5", "9"]
        assert number(scripted, "sluice_cache_watches_total", end="gone") == 1


async def test_a_list_whose_pages_are_compacted_is_read_in_one(
    script: Any, scripted: Cluster, kind: Kind, reply: Any
) -> None:
    first = json.loads(listed("5", "a"))
    first["metadata"]["continue"] = "token"
    script.on(MAPS, reply(json.dumps(first)), reply("{}", 410), reply(listed("7", "a", "b")))
    script.on(WATCH, reply("", hang=True))
    async with running(Cache(scripted, Selection(kind, page=1), timing=FAST)) as cache:
        await cache.synced.wait()
        assert names(cache) == {"a", "b"}
        assert [dict(r.query) for r in script.requests if r.path == MAPS and "watch" not in r.query] == [
            {"limit": "1"},
            {"limit": "1", "continue": "token"},
            {},
        ]


@pytest.mark.parametrize("silent", [True, False])
async def test_a_watch_that_hangs_is_noticed_and_resumed(
    script: Any, scripted: Cluster, kind: Kind, reply: Any, eventually: Any, silent: bool
) -> None:
    script.on(MAPS, reply(listed("5", "a")))
    script.on(WATCH, reply("", hang=True, silent=silent), reply(event("ADDED", "6", "b"), hang=True))
    async with running(Cache(scripted, Selection(kind), timing=FAST)) as cache:
        await eventually(lambda: names(cache) == {"a", "b"})
        assert number(scripted, "sluice_cache_lists_total") == 1, "nothing was lost, so nothing is listed"
        assert number(scripted, "sluice_cache_watches_total", end="silent") == 1


async def test_a_restored_etcd_is_noticed_though_its_watches_are_only_silent(
    script: Any, scripted: Cluster, kind: Kind, reply: Any, eventually: Any
) -> None:
    script.on(MAPS, reply(listed("500", "a")), reply(listed("30", "b")), reply(listed("31", "b", "c")))
    script.on(WATCH, reply("", hang=True))
    async with running(Cache(scripted, Selection(kind), timing=FAST)) as cache:
        await eventually(lambda: names(cache) == {"b", "c"})
        lists = [dict(r.query) for r in script.requests if r.path == MAPS and "watch" not in r.query]
        assert lists[:3] == [{"limit": "500"}, {"limit": "1"}, {"limit": "500"}]
        assert cache.age() < 5


async def test_bookmarks_keep_a_quiet_watch_alive_and_move_it_on(
    script: Any, scripted: Cluster, kind: Kind, reply: Any, eventually: Any
) -> None:
    script.on(MAPS, reply(listed("5", "a")))
    script.on(WATCH, reply(event("BOOKMARK", "77", "")), reply("", hang=True))
    async with running(Cache(scripted, Selection(kind), timing=FAST)) as cache:
        await eventually(lambda: script.asked(WATCH) == 2)
        assert [r.query["resourceVersion"] for r in script.requests if "watch" in r.query] == ["5", "77"]
        assert names(cache) == {"a"}
        watches = [r.query for r in script.requests if "watch" in r.query]
        assert all(q["allowWatchBookmarks"] == "true" and 48 <= int(q["timeoutSeconds"]) <= 72 for q in watches)


HTML = "<html><body>502 Bad Gateway</body></html>"


@pytest.mark.parametrize(
    ("body", "code", "content_type"),
    [
        ("", 200, "application/json"),
        (HTML, 200, "text/html"),
        (HTML, 502, "text/html"),
        (HTML, 200, "application/json"),
        ("\n\n\n", 200, "application/json"),
        ('{"type": "ADDED"}\n', 200, "application/json"),
        ('{"type": "ADDED", "object": {"metadata": null}}\n', 200, "application/json"),
        ('["ADDED"]\n', 200, "application/json"),
        ('{"type": "ERROR", "object": {"code": 500, "message": "etcd"}}\n', 200, "application/json"),
        ('{"type": "ADDED", "object": {"meta', 200, "application/json"),
        ("{}", 403, "application/json"),
        ("{}", 400, "application/json"),
    ],
)
async def test_nonsense_does_not_make_it_spin_and_is_survived(
    script: Any, kind: Kind, reply: Any, eventually: Any, body: str, code: int, content_type: str
) -> None:
    """Six useless answers, then a good one; backoff is seen in the times between the requests."""
    script.on(MAPS, reply(listed("5", "a")))
    bad = [reply(body, code, content_type) for _ in range(6)]
    script.on(WATCH, *bad, reply(event("ADDED", "6", "b"), hang=True))
    timing = Timing(life=60, quiet=0.4, pause=0.01, longest_pause=0.05, absent=0.05)
    async with (
        Cluster(explicit(script.url)) as cluster,
        running(Cache(cluster, Selection(kind), timing=timing)) as cache,
    ):
        await eventually(lambda: names(cache) >= {"b"})
        times = [t for r, t in zip(script.requests, script.times, strict=True) if "watch" in r.query]
        assert times[6] - times[0] >= 0.5 * (0.01 + 0.02 + 0.04 + 3 * 0.05) * 0.99
        assert script.asked(MAPS) <= 5


async def test_a_version_that_leads_nowhere_is_doubted(
    script: Any, scripted: Cluster, kind: Kind, reply: Any, eventually: Any
) -> None:
    """A restored etcd counts from a lower number: the API server answers 504 for a version of the future."""
    script.on(MAPS, reply(listed("500", "a")), reply(listed("3", "b")))
    future = '{"message": "Too large resource version: 500, current: 3"}'
    script.on(
        WATCH, reply(future, 504), reply(future, 504), reply(future, 504), reply(event("ADDED", "4", "c"), hang=True)
    )
    async with running(Cache(scripted, Selection(kind), timing=FAST)) as cache:
        await eventually(lambda: names(cache) == {"b", "c"})
        assert script.asked(MAPS) == 2


async def test_lists_that_fail_leave_the_last_known_state(
    api: EmbeddedApi, cluster: Cluster, configmap: Make, kind: Kind, eventually: Any
) -> None:
    await cluster.create(configmap("a"))
    async with running(Cache(cluster, Selection(kind), timing=FAST)) as cache:
        await cache.synced.wait()
        lists = api.faults.add(verb="list", resource="configmaps", status=500, times=None)
        api.faults.add(verb="watch", resource="configmaps", status=410, times=None)
        api.break_watches(resource="configmaps")
        await eventually(lambda: lists.hits >= 5)
        assert names(cache) == {"a"}
        await cluster.create(configmap("b"))
        api.faults.clear()
        await eventually(lambda: names(cache) == {"a", "b"})


async def test_a_large_object_and_many_in_one_piece_arrive_whole(
    cluster: Cluster, configmap: Make, kind: Kind, eventually: Any
) -> None:
    async with running(Cache(cluster, Selection(kind))) as cache:
        await cache.synced.wait()
        large = "x" * 900_000
        await cluster.create(configmap("large", text=large))
        await asyncio.gather(*(cluster.create(configmap(f"m{n}")) for n in range(50)))
        await eventually(lambda: len(cache) == 51)
        item = cache.get("default", "large")
        assert item is not None
        assert item["data"]["text"] == large


async def test_a_kind_that_comes_later(api: EmbeddedApi, cluster: Cluster, eventually: Any) -> None:
    widget = Kind("example.com", "Widget")
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    now = 0.0
    access = explicit(api.connection.url, token=api.connection.token)
    async with (
        Cluster(access, clock=lambda: now) as patient,
        running(Cache(patient, Selection(widget), timing=FAST)) as cache,
    ):
        await cache.synced.wait()
        assert not cache.served
        await cluster.create(definition)
        item = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a", "namespace": "default"}}
        await cluster.create(item)
        now = 60.0
        await eventually(lambda: names(cache) == {"a"})
        assert cache.served


async def test_a_kind_that_seems_gone_keeps_its_objects(
    script: Any, scripted: Cluster, kind: Kind, reply: Any, eventually: Any
) -> None:
    """An API server in trouble answers 404 for kinds it serves; a real removal deletes the objects first."""
    script.on(MAPS, reply(listed("5", "a")), reply("404 page not found", 404, "text/plain"))
    script.on(WATCH, reply("404 page not found", 404, "text/plain"))
    async with running(Cache(scripted, Selection(kind), timing=FAST)) as cache:
        await eventually(lambda: script.asked(MAPS) >= 3)
        assert names(cache) == {"a"}
        assert cache.served


async def test_namespaces_are_watched_one_by_one(
    cluster: Cluster, configmap: Make, kind: Kind, eventually: Any
) -> None:
    for name in ("one", "two", "three"):
        await cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        await cluster.create(configmap("a", name))
    cache = Cache(cluster, Selection(kind), namespaces=("one", "two"), timing=FAST)
    async with running(cache):
        await cache.synced.wait()
        assert {item["metadata"]["namespace"] for item in cache.list()} == {"one", "two"}
        await cluster.create(configmap("b", "three"))
        await cluster.create(configmap("b", "two"))
        await eventually(lambda: len(cache) == 3)
        assert cache.get("three", "b") is None


async def test_its_own_connections_leave_room_for_calls(
    api: EmbeddedApi, cluster: Cluster, configmap: Make, kind: Kind
) -> None:
    """More watches than the pool of calls has places."""
    caches = [Cache(cluster, Selection(kind, labels=f"n={n}")) for n in range(70)]
    async with contextlib.AsyncExitStack() as stack:
        for cache in caches:
            await stack.enter_async_context(running(cache))
        async with asyncio.timeout(10):
            for cache in caches:
                await cache.synced.wait()
            await cluster.create(configmap("a"))
