from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.cluster import (
    Cache,
    Caches,
    Cluster,
    Kind,
    Object,
    Selection,
    by_label,
    by_namespace,
    by_owner,
    copied,
    explicit,
    key_of,
    version_of,
)  # fmt: skip
from controller.sandbox.api import EmbeddedApi

KIND = Kind("", "ConfigMap", "v1")
Make = Callable[..., Object]


def make(name: str, version: int, namespace: str = "shop", app: str = "", owners: tuple[str, ...] = ()) -> Object:
    metadata: Object = {"name": name, "namespace": namespace, "resourceVersion": str(version)}
    if app:
        metadata["labels"] = {"app": app}
    if owners:
        metadata["ownerReferences"] = [{"uid": uid} for uid in owners]
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


@pytest.fixture
async def offline() -> Cluster:
    """Never entered: these caches are fed by hand."""
    return Cluster(explicit("http://127.0.0.1:1"))


async def test_reading(offline: Cluster) -> None:
    cache = Cache(offline, Selection(KIND))
    cache.replace("", [make("a", 1, "one", "x"), make("b", 2, "one", "y"), make("a", 3, "two", "x")])
    assert version_of(cache.get("two", "a") or {}) == "3"
    assert cache.get("three", "a") is None
    assert len(cache.list()) == len(cache) == 3
    assert [key_of(item) for item in cache.list("one")] == [("one", "a"), ("one", "b")]
    assert [key_of(item) for item in cache.list(labels={"app": "x"})] == [("one", "a"), ("two", "a")]
    assert [key_of(item) for item in cache.list("one", {"app": "x"})] == [("one", "a")]


async def test_a_copy_may_be_changed(offline: Cluster) -> None:
    cache = Cache(offline, Selection(KIND))
    cache.replace("", [make("a", 1, app="x")])
    item = copied(cache.list()[0])
    item["metadata"]["labels"]["app"] = "z"
    assert cache.list(labels={"app": "x"})


async def test_an_object_in_hand_stays_as_it_was(offline: Cluster) -> None:
    cache = Cache(offline, Selection(KIND))
    cache.put(make("a", 1, app="x"))
    held = cache.list()[0]
    cache.put(make("a", 2, app="y"))
    assert (version_of(held), held["metadata"]["labels"]) == ("1", {"app": "x"})


async def test_handlers_hear_differences_only(offline: Cluster) -> None:
    cache = Cache(offline, Selection(KIND))
    seen: list[tuple[str, str]] = []
    cache.on_change(lambda old, new: seen.append((version_of(old or {}), version_of(new or {}))))
    cache.replace("", [make("a", 1), make("b", 2)])
    cache.replace("", [make("a", 1), make("b", 3)])
    cache.put(make("b", 3))
    cache.put(make("b", 4))
    cache.remove(make("a", 5))
    cache.remove(make("a", 5))
    cache.replace("", [])
    assert seen == [("", "1"), ("", "2"), ("2", "3"), ("3", "4"), ("1", ""), ("4", "")]


async def test_lists_of_one_namespace_leave_the_others_alone(offline: Cluster) -> None:
    cache = Cache(offline, Selection(KIND), namespaces=("one", "two"))
    cache.replace("one", [make("a", 1, "one")])
    assert not cache.synced.is_set()
    cache.replace("two", [make("a", 2, "two")])
    assert cache.synced.is_set()
    cache.replace("one", [])
    assert [key_of(item) for item in cache.list()] == [("two", "a")]


async def test_age_is_the_time_since_the_last_word(offline: Cluster) -> None:
    now = 100.0
    cache = Cache(offline, Selection(KIND), clock=lambda: now)
    now = 130.0
    assert cache.age() == 30
    cache.heard()
    assert cache.age() == 0
    read = offline.telemetry.registry.get_sample_value
    now = 135.0
    assert read("sluice_cache_age_seconds", {"kind": "ConfigMap"}) == 5
    cache.put(make("a", 1))
    assert read("sluice_cache_objects", {"kind": "ConfigMap"}) == 1


async def test_an_index_that_was_never_added(offline: Cluster) -> None:
    with pytest.raises(KeyError):
        Cache(offline, Selection(KIND)).select("owner", "x")


ITEMS = st.builds(
    lambda name, namespace, app, owners: make(name, 0, namespace, app, tuple(owners)),
    st.sampled_from("abc"),
    st.sampled_from(["one", "two"]),
    st.sampled_from(["", "x", "y"]),
    st.lists(st.sampled_from(["u1", "u2"]), unique=True),
)
STEPS = st.one_of(
    st.tuples(st.just("put"), ITEMS),
    st.tuples(st.just("remove"), ITEMS),
    st.tuples(st.just("replace"), st.lists(ITEMS, max_size=4)),
)


@settings(deadline=None, max_examples=100)
@given(st.lists(STEPS, max_size=25), st.integers(0, 25))
def test_indexes_agree_with_a_walk_over_everything(steps: list[tuple[str, Any]], late: int) -> None:
    async def main() -> None:
        cache = Cache(Cluster(explicit("http://127.0.0.1:1")), Selection(KIND))
        held: dict[tuple[str, str], Object] = {}
        cache.add_index("namespace", by_namespace)
        cache.add_index("app", by_label("app"))

        def follow(old: Object | None, new: Object | None) -> None:
            item = new or old
            assert item is not None
            assert held.get(key_of(item)) is old
            held.pop(key_of(item), None)
            if new is not None:
                held[key_of(new)] = new

        cache.on_change(follow)
        version = 0
        for number, (step, value) in enumerate(steps):
            if number == late:
                cache.add_index("owner", by_owner)
            items = [copied(item) for item in (value if step == "replace" else [value])]
            for item in items:
                version += 1
                item["metadata"]["resourceVersion"] = str(version)
            if step == "replace":
                cache.replace("", items)
            else:
                getattr(cache, step)(items[0])
        if late >= len(steps):
            cache.add_index("owner", by_owner)
        everything = cache.list()
        assert {key_of(item): item for item in everything} == held
        for namespace in ("one", "two"):
            assert _keys(cache.select("namespace", namespace)) == _keys(
                [item for item in everything if key_of(item)[0] == namespace]
            )
            for app in ("x", "y"):
                assert _keys(cache.select("app", (namespace, app))) == _keys(cache.list(namespace, {"app": app}))
        for uid in ("u1", "u2"):
            owned = [
                item
                for item in everything
                if uid in [owner["uid"] for owner in item["metadata"].get("ownerReferences", ())]
            ]
            assert _keys(cache.select("owner", uid)) == _keys(owned)

    asyncio.run(main())


def _keys(items: list[Object]) -> list[tuple[str, str]]:
    return sorted(key_of(item) for item in items)


@contextlib.asynccontextmanager
async def running(caches: Caches) -> Any:
    task = asyncio.create_task(caches.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_our_own_writes_are_no_news(api: EmbeddedApi, cluster: Cluster, configmap: Make, eventually: Any) -> None:
    caches = Caches(cluster)
    cache = caches.add(KIND)
    news: list[str] = []
    everything: list[str] = []
    cache.on_change(lambda _old, new: news.append(version_of(new or {})))
    cache.on_change(lambda _old, new: everything.append(version_of(new or {})), own=True)
    foreign = explicit(api.connection.url, token=api.connection.token)
    async with Cluster(foreign) as other, running(caches):
        await caches.synced()
        item = await cluster.create(configmap("a"))
        for number in range(20):
            item = await cluster.merge_patch(
                KIND, "default", "a", {"data": {"n": str(number)}}, version=version_of(item)
            )
        theirs = await other.merge_patch(KIND, "default", "a", {"data": {"by": "them"}})
        same = await cluster.merge_patch(KIND, "default", "a", {"data": {"by": "them"}}, version=version_of(theirs))
        assert version_of(same) == version_of(theirs), "a write that changes nothing"
        await eventually(lambda: len(everything) == 22)
        assert news == [version_of(theirs)]
        free = await cluster.merge_patch(KIND, "default", "a", {"data": {"n": "free"}})
        await eventually(lambda: len(everything) == 23)
        assert news[1:] == [version_of(free)], "without a version it cannot be known for ours"
        await cluster.delete(KIND, "default", "a")
        await eventually(lambda: len(everything) == 24)
        assert len(news) == 3


async def test_caches_start_together_and_say_what_is_missing(
    api: EmbeddedApi, cluster: Cluster, configmap: Make, eventually: Any
) -> None:
    await cluster.create(configmap("a"))
    held = api.faults.add(verb="list", resource="secrets", hang=True, times=None)
    caches = Caches(cluster, source=random.Random(3))
    caches.add(KIND)
    secret, namespace = Kind("", "Secret", "v1"), Kind("", "Namespace", "v1")
    caches.add(secret, metadata_only=True)
    assert caches.unsynced() == ["ConfigMap", "Secret"]
    async with running(caches):
        await eventually(lambda: caches.unsynced() == ["Secret"])
        held.remove()
        async with asyncio.timeout(10):
            await caches.synced()
        late = caches.add(namespace, namespaced=False)
        async with asyncio.timeout(10):
            await late.synced.wait()
        assert len(caches[namespace]) >= 4
        assert secret in caches
        assert len(caches[KIND]) == 1
        with pytest.raises(ValueError, match="already"):
            caches.add(KIND)


async def test_a_handler_that_fails_ends_the_caches_with_its_error(cluster: Cluster, configmap: Make) -> None:
    caches = Caches(cluster)

    def broken(_old: Object | None, _new: Object | None) -> None:
        raise ZeroDivisionError

    caches.add(KIND).on_change(broken)
    await cluster.create(configmap("a"))
    with pytest.raises(ExceptionGroup) as caught:
        async with asyncio.timeout(10):
            await caches.run()
    assert caught.group_contains(ZeroDivisionError)


async def test_an_event_that_is_older_than_our_own_answer_is_dropped(offline: Cluster) -> None:
    """Two writes in quick succession: the first one's event comes after the second one's answer."""
    cache = Cache(offline, Selection(KIND))
    cache.put(make("a", 1))
    cache.answered(make("a", 3))
    cache.answered(make("a", 4))
    cache.put(make("a", 3))
    held = cache.get("shop", "a")
    assert held is not None
    assert held["metadata"]["resourceVersion"] == "4"


async def test_an_answer_that_the_watch_has_overtaken_is_no_news(offline: Cluster) -> None:
    cache = Cache(offline, Selection(KIND))
    cache.put(make("a", 1))
    cache.put(make("a", 5))
    cache.answered(make("a", 4))
    held = cache.get("shop", "a")
    assert held is not None
    assert held["metadata"]["resourceVersion"] == "5"
    cache.remove(make("a", 6))
    cache.answered(make("a", 5))
    assert cache.get("shop", "a") is None
