"""Time limits, retries and errors of one call; the scripted server plays what an API server should not do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from controller.cluster import Cluster, Kind, Object, explicit
from controller.errors import ClusterError, Conflict, Forbidden, NotFound, Rejected, Unreachable
from controller.sandbox.api import EmbeddedApi

MAPS = "/api/v1/namespaces/default/configmaps"
ONE = f"{MAPS}/a"
HTML = "<html><body>sign in</body></html>"


async def test_what_is_sent_is_named_and_typed(
    script: Any, scripted: Cluster, kind: Kind, configmap: Any, reply: Any
) -> None:
    script.on(ONE, reply('{"metadata": {"name": "a"}}'))
    script.on(MAPS, reply('{"metadata": {"name": "a"}}'))
    await scripted.get(kind, "default", "a")
    await scripted.merge_patch(kind, "default", "a", {"data": {}}, version="3")
    await scripted.json_patch(kind, "default", "a", [])
    await scripted.apply(configmap("a"), force=True)
    await scripted.create(configmap("a"))
    seen = [
        (r.method, r.headers.get("Content-Type"), dict(r.query)) for r in script.requests if r.path.startswith(MAPS)
    ]
    assert seen == [
        ("GET", None, {}),
        ("PATCH", "application/merge-patch+json", {"fieldManager": "sluice"}),
        ("PATCH", "application/json-patch+json", {"fieldManager": "sluice"}),
        ("PATCH", "application/apply-patch+yaml", {"fieldManager": "sluice", "force": "true"}),
        ("POST", "application/json", {"fieldManager": "sluice"}),
    ]
    assert json.loads(script.bodies[2]) == {"data": {}, "metadata": {"resourceVersion": "3"}}
    for request in script.requests:
        assert request.headers["User-Agent"] == "sluice/test"
        assert request.headers["Authorization"] == "Bearer t"


@pytest.mark.parametrize("code", [500, 502, 503, 429])
async def test_a_read_is_repeated(script: Any, scripted: Cluster, kind: Kind, reply: Any, code: int) -> None:
    script.on(ONE, reply("{}", code), reply("{}", code), reply('{"metadata": {}}'))
    await scripted.get(kind, "default", "a")
    assert script.asked(ONE) == 3


@pytest.mark.parametrize(("code", "tries"), [(500, 4), (404, 1), (403, 1), (410, 1)])
async def test_a_read_is_not_repeated_for_ever(
    script: Any, scripted: Cluster, kind: Kind, reply: Any, code: int, tries: int
) -> None:
    script.on(ONE, reply('{"details": {"name": "a"}}', code))
    with pytest.raises(ClusterError, match="ConfigMap default/a: the API server answered"):
        await scripted.get(kind, "default", "a")
    assert script.asked(ONE) == tries


@pytest.mark.parametrize("code", [500, 503, 504, 409, 422])
async def test_a_write_that_may_have_happened_is_not_repeated(
    script: Any, scripted: Cluster, kind: Kind, reply: Any, code: int
) -> None:
    script.on(ONE, reply("{}", code), reply("{}"))
    with pytest.raises(ClusterError) as caught:
        await scripted.merge_patch(kind, "default", "a", {})
    assert caught.value.status == code
    assert script.asked(ONE) == 1


async def test_a_write_that_was_turned_away_is_repeated_when_asked_to(
    script: Any, scripted: Cluster, kind: Kind, reply: Any
) -> None:
    script.on(ONE, reply("{}", 429, headers={"Retry-After": "1"}), reply("{}"))
    await scripted.merge_patch(kind, "default", "a", {})
    first, second = [t for r, t in zip(script.requests, script.times, strict=True) if r.path == ONE]
    assert second - first >= 0.99


async def test_a_wait_longer_than_the_limit_is_not_begun(
    script: Any, scripted: Cluster, kind: Kind, reply: Any
) -> None:
    script.on(ONE, reply('{"message": "busy"}', 429, headers={"Retry-After": "60"}))
    async with asyncio.timeout(1.5):
        with pytest.raises(Unreachable, match="asks to slow down"):
            await scripted.get(kind, "default", "a")


async def test_a_connection_never_made_is_tried_again_for_writes_too(kind: Kind, unused_tcp_port: int) -> None:
    async with Cluster(explicit(f"http://127.0.0.1:{unused_tcp_port}"), limit=2) as cluster:
        with pytest.raises(Unreachable, match="no answer from the API server"):
            await cluster.merge_patch(kind, "default", "a", {})
        read = cluster.telemetry.registry.get_sample_value
        labels = {"verb": "get", "kind": "discovery", "code": "unreachable"}
        assert read("sluice_kubernetes_requests_total", labels) == 4


@pytest.mark.parametrize("silent", [True, False])
async def test_a_server_that_hangs_meets_the_time_limit(script: Any, kind: Kind, reply: Any, silent: bool) -> None:
    script.on(ONE, reply('{"metadata"', hang=True, silent=silent))
    async with Cluster(explicit(script.url), limit=0.2) as cluster:
        async with asyncio.timeout(5):
            with pytest.raises(Unreachable, match=r"no answer within 0\.\d+ s$"):
                await cluster.get(kind, "default", "a")
            with pytest.raises(Unreachable, match="whether it took effect is unknown"):
                await cluster.merge_patch(kind, "default", "a", {})
        read = cluster.telemetry.registry.get_sample_value
        labels = {"verb": "patch", "kind": "ConfigMap", "code": "timeout"}
        assert read("sluice_kubernetes_requests_total", labels) == 1


async def test_a_lookup_of_the_kind_counts_into_the_limit_of_a_write(script: Any, kind: Kind, reply: Any) -> None:
    script.on("/api/v1", reply("", hang=True, silent=True))
    async with Cluster(explicit(script.url), limit=0.2) as cluster, asyncio.timeout(5):
        with pytest.raises(Unreachable, match="discovery of ConfigMap"):
            await cluster.merge_patch(kind, "default", "a", {})


async def test_a_page_of_somebody_else_is_no_object(script: Any, scripted: Cluster, kind: Kind, reply: Any) -> None:
    script.on(ONE, reply(HTML, content_type="text/html"))
    with pytest.raises(Unreachable, match="sign in"):
        await scripted.get(kind, "default", "a")
    script.on(ONE, reply("", 302, headers={"Location": "/login"}))
    with pytest.raises(Unreachable, match="302"):
        await scripted.get(kind, "default", "a")


async def test_credentials_are_renewed_once_on_401(script: Any, kind: Kind, reply: Any) -> None:
    tokens = iter(["old", "new", "newer", "newest"])
    current = next(tokens)

    async def authorization() -> str:
        return current

    async def renew() -> None:
        nonlocal current
        current = next(tokens)

    access = explicit(script.url)
    access = type(access)(access.url, authorization=authorization, renew=renew)
    script.on(ONE, reply("{}", 401), reply('{"metadata": {}}'))
    async with Cluster(access) as cluster:
        await cluster.get(kind, "default", "a")
        assert [r.headers["Authorization"] for r in script.requests if r.path == ONE] == ["old", "new"]
        script.on(ONE, reply('{"message": "Unauthorized"}', 401))
        with pytest.raises(Forbidden, match="renew the token"):
            await cluster.get(kind, "default", "a")
        assert current == "newer"


async def test_numbers_by_verb_kind_and_code(api: EmbeddedApi, cluster: Cluster, configmap: Any, kind: Kind) -> None:
    await cluster.create(configmap("a"))
    await cluster.get(kind, "default", "a")
    with pytest.raises(NotFound):
        await cluster.get(kind, "default", "b")
    read = cluster.telemetry.registry.get_sample_value
    for verb, code, number in (("create", "201", 1), ("get", "200", 1), ("get", "404", 1)):
        labels = {"verb": verb, "kind": "ConfigMap", "code": code}
        assert read("sluice_kubernetes_requests_total", labels) == number
    assert read("sluice_kubernetes_request_seconds_count", {"verb": "get", "kind": "ConfigMap"}) == 2
    assert api.audit.count(agent="sluice") == 4


async def test_faults_of_an_api_server(
    api: EmbeddedApi, cluster: Cluster, configmap: Callable[..., Object], kind: Kind
) -> None:
    await cluster.create(configmap("a"))
    api.faults.add(verb="get", resource="configmaps", status=500, times=2)
    assert (await cluster.get(kind, "default", "a"))["metadata"]["name"] == "a"
    api.faults.add(verb="patch", drop=True, after=True)
    with pytest.raises(Unreachable):
        await cluster.merge_patch(kind, "default", "a", {"data": {"x": "1"}})
    assert (await cluster.get(kind, "default", "a"))["data"] == {"x": "1"}, "it did happen"
    assert api.audit.count(agent="sluice", verb="patch") == 1
    api.faults.add(verb="patch", status=429, retry_after=1)
    await cluster.merge_patch(kind, "default", "a", {"data": {"x": "2"}})
    api.faults.add(verb="patch", status=409)
    with pytest.raises(Conflict):
        await cluster.merge_patch(kind, "default", "a", {"data": {"x": "3"}})
    with pytest.raises(Rejected):
        await cluster.merge_patch(kind, "default", "a", {"data": {"x": 3}})


async def test_used_outside_of_its_block(kind: Kind) -> None:
    cluster = Cluster(explicit("http://127.0.0.1:1"))
    with pytest.raises(RuntimeError, match="async with"):
        await cluster.get(kind, "default", "a")


async def test_a_certificate_that_is_not_trusted_is_said_and_not_repeated(kind: Kind, tls_server: str) -> None:
    async with Cluster(explicit(tls_server)) as cluster:
        with pytest.raises(Unreachable, match="check its certificate authority"):
            await cluster.get(kind, "default", "a")
        read = cluster.telemetry.registry.get_sample_value
        labels = {"verb": "get", "kind": "discovery", "code": "unreachable"}
        assert read("sluice_kubernetes_requests_total", labels) == 1


async def test_sessions_are_closed(api: EmbeddedApi, kind: Kind) -> None:
    """An unclosed session is a warning, and warnings are errors; a failing block must close it too."""
    with pytest.raises(NotFound):
        async with Cluster(explicit(api.connection.url, token=api.connection.token)) as cluster:
            await cluster.get(kind, "default", "none")
    assert issubclass(aiohttp.ClientSSLError, aiohttp.ClientError)
