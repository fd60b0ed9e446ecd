"""The account against a real Envoy's own counters, on connections that it closes all the time."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from controller.sandbox import process
from controller.sandbox.load import Group
from controller.sandbox.load.ledger import Ledger
from controller.sandbox.load.users import Users
from controller.sandbox.mesh.envoy import find_envoy

pytestmark = pytest.mark.envoy
LIMIT = 30.0
TYPES = "type.googleapis.com/envoy.extensions.filters"


def address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def bootstrap(upstream: int, idle: str) -> dict[str, Any]:
    """One listener, whose connections end after ``idle`` without a request."""
    route = {"match": {"prefix": "/"}, "route": {"cluster": "site"}}
    manager = {
        "@type": f"{TYPES}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "common_http_protocol_options": {"idle_timeout": idle},
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{TYPES}.http.router.v3.Router"}}],
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    endpoint = {"endpoint": {"address": address(upstream)}}
    cluster = {
        "name": "site",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "site", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    listener = {"name": "in", "address": address(0), "filter_chains": [chain]}
    return {"admin": {"address": address(0)}, "static_resources": {"listeners": [listener], "clusters": [cluster]}}


@pytest.fixture
async def admin(tmp_path: Path, site: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """A session to the admin port of an Envoy before ``site``."""
    config, place = tmp_path / "envoy.json", tmp_path / "admin"
    config.write_text(json.dumps(bootstrap(int(site.target.rpartition(":")[2]), "0.005s")))
    argv = [
        find_envoy(),
        "-c",
        str(config),
        "--concurrency",
        "1",
        "--disable-hot-restart",
        "--admin-address-path",
        str(place),
    ]
    child = await process.start("envoy", argv, tmp_path / "envoy.log")
    try:
        async with asyncio.timeout(LIMIT):
            while not place.exists() or not place.read_text():
                child.check()
                await asyncio.sleep(0.01)
            async with aiohttp.ClientSession(f"http://{place.read_text()}") as session:
                while (await session.get("/ready")).status != 200:
                    await asyncio.sleep(0.01)
                yield session
    finally:
        await child.stop()


async def test_the_account_is_envoys(admin: aiohttp.ClientSession, site: Any) -> None:
    ledger = Ledger(time.time)
    users = Users(ledger)
    listeners = await (await admin.get("/listeners", params={"format": "json"})).json(content_type=None)
    port = listeners["listener_statuses"][0]["local_address"]["socket_address"]["port_value"]
    users.set_group(Group("a", f"127.0.0.1:{port}", 150.0, timeout=60.0))
    async with asyncio.timeout(LIMIT):
        while ledger.account().count() < 200:
            await asyncio.sleep(0.01)
        await users.drain()
    account = ledger.account()
    users.close()
    wanted = {"format": "json", "filter": r"^http\.in\.downstream_(rq_2xx|cx_idle_timeout)$"}
    counters = await (await admin.get("/stats", params=wanted)).json(content_type=None)
    envoy = {one["name"].removeprefix("http.in.downstream_"): one["value"] for one in counters["stats"]}
    assert envoy["cx_idle_timeout"] > 10, "the connections did end at wrong moments"
    assert account.count(code=200) == envoy["rq_2xx"] == site.requests["/"]
    # What crossed the end of a connection cannot be told from a lost request, and is said to be that. On a busy machine
    # a connection's first request may come too late as well.
    ends = {"closed-reused", "reset-reused", "closed", "reset"}
    assert {tally.reason for tally in account.select(code=0)} <= ends
    assert account.count() == account.traffic["a"].sent
