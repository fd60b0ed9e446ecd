"""The embedded API as a whole: its clock, its start, and that no body, however wrong, goes without a proper answer."""

from __future__ import annotations

import asyncio
import copy
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest

from controller.sandbox.api import EmbeddedApi
from controller.sandbox.client import Client

Object = dict[str, Any]
START_SECONDS = 5  # it takes some 20 ms; the limit only tells a hang from a slow machine


async def test_the_clock_names_the_times() -> None:
    now = 1_000_000_000.0
    maps = "/api/v1/namespaces/default/configmaps"
    async with EmbeddedApi(clock=lambda: now) as api, Client(api.connection, "tests") as client:
        made = await client.create(maps, {"metadata": {"name": "a", "finalizers": ["x.io/y"]}})
        assert made["metadata"]["creationTimestamp"] == "2001-09-09T01:46:40Z"
        assert made["metadata"]["managedFields"][0]["time"] == "2001-09-09T01:46:40Z"
        now += 90
        await client.delete(f"{maps}/a")
        assert (await client.get(f"{maps}/a"))["metadata"]["deletionTimestamp"] == "2001-09-09T01:48:10Z"
        accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
        table = await client.request("GET", maps, accept=accept)
        assert table["rows"][0]["cells"] == ["a", 0, "90s"]


async def test_it_serves_at_once_and_ends_at_once() -> None:
    begin = time.monotonic()
    async with EmbeddedApi() as api, Client(api.connection, "tests") as client:
        namespaces, _ = await client.list("/api/v1/namespaces")
        watching = asyncio.ensure_future(anext(client.watch("/api/v1/pods", "1")))
        await asyncio.sleep(0)
    assert time.monotonic() - begin < START_SECONDS
    watching.cancel()
    await asyncio.wait([watching])
    names = [item["metadata"]["name"] for item in namespaces]
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]
    with pytest.raises(RuntimeError, match="async with EmbeddedApi"):
        _ = api.connection


async def test_crds_may_be_given_at_the_start(crd: Callable[..., Object]) -> None:
    definition = crd()
    async with EmbeddedApi([definition]) as api, Client(api.connection, "tests") as client:
        items, _ = await client.list(f"/apis/{definition['spec']['group']}/v1/widgets")
        assert items == []


@pytest.fixture
def unique() -> Callable[[str], str]:
    return lambda word: word


JUNK: list[Any] = [None, "", 0, -1, 1.5, True, [], {}, "a b/c", [None], {"a": None}, 10**20, [[]]]
POD = {
    "containers": [
        {
            "name": "c",
            "image": "i",
            "ports": [{"containerPort": 80}],
            "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
            "resources": {"limits": {"cpu": "1"}},
            "livenessProbe": {"httpGet": {"port": 80}},
        }
    ],
    "volumes": [{"name": "v", "configMap": {"name": "x"}}],
}
SELECTOR = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "q", "operator": "DoesNotExist"}]}
BODIES: dict[str, Object] = {
    "/api/v1/namespaces/default/pods": {"spec": POD},
    "/api/v1/namespaces/default/services": {
        "spec": {"type": "NodePort", "ports": [{"port": 80}], "selector": {"a": "b"}}
    },
    "/api/v1/namespaces/default/secrets": {"stringData": {"a": "b"}},
    "/apis/apps/v1/namespaces/default/deployments": {
        "spec": {"selector": SELECTOR, "template": {"metadata": {"labels": {"a": "b"}}, "spec": POD}}
    },
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices": {
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}],
        "ports": [{"port": 80}],
    },
    "/apis/coordination.k8s.io/v1/namespaces/default/leases": {"spec": {"renewTime": "2026-01-01T00:00:00.000000Z"}},
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def spoiled(body: Object, chance: random.Random) -> Object:
    """A copy in which one value is junk, gone, or has junk beside it."""
    result = copy.deepcopy(body)
    *above, key = chance.choice(list(places(result)))
    place: Any = result
    for step in above:
        place = place[step]
    match chance.choice(("junk", "junk", "gone", "more")):
        case "junk":
            place[key] = copy.deepcopy(chance.choice(JUNK))
        case "gone":
            del place[key]
        case "more" if isinstance(place, dict):
            place["unknown"] = copy.deepcopy(chance.choice(JUNK))
        case _:
            place.append(copy.deepcopy(chance.choice(JUNK)))
    return result


@pytest.mark.parametrize("path", BODIES)
async def test_malformed_bodies_are_answered(path: str) -> None:
    chance = random.Random(path)
    body = {"metadata": {"name": "base", "labels": {"a": "b"}}, **BODIES[path]}
    kinds = ["application/merge-patch+json", "application/strategic-merge-patch+json"]
    async with EmbeddedApi() as api, aiohttp.ClientSession(api.connection.url) as session:
        async with session.post(path, json=body) as answer:
            assert answer.status == 201, await answer.text()
        for _ in range(60):
            wrong = spoiled(body, chance)
            for method, where, kind in (
                ("POST", path, "application/json"),
                ("PUT", f"{path}/base", "application/json"),
                ("PATCH", f"{path}/base", chance.choice(kinds)),
            ):
                headers, query = {"Content-Type": kind}, {"dryRun": "All"}
                async with session.request(method, where, json=wrong, headers=headers, params=query) as answer:
                    status = await answer.json()
                    reason = status.get("reason", "")
                    assert reason != "InternalError", f"{method} {where} {wrong}: {status['message']}"
