"""The demo app on a real port."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from controller.sandbox.pods.app import App, Counter
from controller.sandbox.pods.behaviour import Behaviour
from controller.sandbox.pods.ports import Port, reserve


class Running:
    """An app on one port."""

    def __init__(self, app: App, port: Port, http: aiohttp.ClientSession) -> None:
        self.app = app
        self.port = port
        self.http = http

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port.number}"

    async def status(self, path: str = "/") -> int:
        async with self.http.get(self.url + path) as answer:
            await answer.read()
            return answer.status


@pytest.fixture
async def running(http: aiohttp.ClientSession) -> AsyncIterator[Running]:
    app, port = App("shop", "web-1", Counter()), Port(reserve())
    app.version = "v1"
    await app.start([(port, False)])
    yield Running(app, port, http)
    await app.kill()
    port.release()


async def test_it_says_who_it_is(running: Running) -> None:
    async with running.http.get(f"{running.url}/api/orders?page=2", headers={"X-Color": "red"}) as answer:
        body = json.loads(await answer.text())
        assert answer.headers["x-demo-version"] == "v1"
        assert answer.headers["x-demo-pod"] == "web-1"
    assert (body["version"], body["pod"], body["namespace"]) == ("v1", "web-1", "shop")
    assert (body["path"], body["query"], body["headers"]["x-color"]) == ("/api/orders", "page=2", "red")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/healthz", 200), ("/status/418", 418), ("/status/503", 503), ("/status/99", 200), ("/delay/5", 200)],
)
async def test_paths(running: Running, path: str, status: int) -> None:
    assert await running.status(path) == status


async def test_an_answer_without_a_body_is_well_formed(running: Running) -> None:
    assert [await running.status("/status/204"), await running.status()] == [204, 200]
    async with running.http.head(f"{running.url}/") as answer:
        assert answer.status == 200


async def test_echo_sends_back_the_body(running: Running) -> None:
    sent = b"a body" * 10_000
    async with running.http.post(f"{running.url}/echo", data=sent) as answer:
        assert await answer.read() == sent


async def test_faults_follow_the_number_of_the_request(running: Running) -> None:
    await running.app.follow(Behaviour(error_every=3, status=503))
    assert [await running.status() for _ in range(7)] == [200, 200, 503, 200, 200, 503, 200]
    assert [await running.status("/healthz") for _ in range(3)] == [200, 200, 200]
    assert await running.status("/api") == 200
    assert await running.status("/status/201") == 503
    assert (running.app.requests, running.app.failures) == (9, 3)


async def test_two_pods_of_a_version_count_together(running: Running, http: aiohttp.ClientSession) -> None:
    other, port = App("shop", "web-2", running.app.counter), Port(reserve())
    other.behaviour = Behaviour(error_every=2)
    await running.app.follow(Behaviour(error_every=2))
    await other.start([(port, False)])
    twin = Running(other, port, http)
    found = [await running.status(), await twin.status(), await running.status(), await running.status()]
    assert found == [200, 500, 200, 500]
    await other.kill()
    port.release()


async def test_health_tells_an_unready_app(running: Running) -> None:
    await running.app.follow(Behaviour(unready=True))
    assert [await running.status("/healthz"), await running.status()] == [503, 200]


async def test_refused_connections_and_the_same_port_again(running: Running) -> None:
    number = running.port.number
    await running.app.follow(Behaviour(refuse=True))
    with pytest.raises(aiohttp.ClientConnectionError):
        await running.status()
    await running.app.follow(Behaviour())
    assert running.port.number == number
    assert await running.status() == 200


async def test_a_slow_answer_is_slow(running: Running) -> None:
    await running.app.follow(Behaviour(latency=0.05, slow_every=2))
    loop = asyncio.get_running_loop()
    await running.status()
    began = loop.time()
    await running.status()
    assert loop.time() - began >= 0.05


async def test_draining_finishes_what_is_in_hand_and_asks_clients_to_leave(running: Running) -> None:
    slow = asyncio.create_task(running.status("/delay/300"))
    while not running.app.requests:
        await asyncio.sleep(0)
    drain = asyncio.create_task(running.app.drain(0.1, lambda: 10.0))
    await asyncio.sleep(0)
    async with running.http.get(f"{running.url}/") as answer:  # it serves on at first
        assert answer.status == 200
        assert answer.headers["connection"] == "close"
    assert await slow == 200
    assert await drain is True
    with pytest.raises(aiohttp.ClientConnectionError):
        await running.status()


async def test_what_hangs_is_cut_when_the_time_is_over(running: Running) -> None:
    await running.app.follow(Behaviour(hang=True))
    stuck = asyncio.create_task(running.status())
    while not running.app.requests:
        await asyncio.sleep(0)
    left = iter([0.1, 0.1, 0.05])
    assert await running.app.drain(0.0, lambda: next(left, 0.0)) is False
    with pytest.raises(aiohttp.ClientError):
        await stuck


async def test_a_plain_tcp_port_echoes() -> None:
    app, port = App("shop", "web-1", Counter()), Port(reserve())
    await app.start([(port, True)])
    reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
    writer.write(b"\x00any bytes\xff")
    assert await reader.readexactly(11) == b"\x00any bytes\xff"
    await app.kill()
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    port.release()


async def test_what_the_configuration_is(running: Running) -> None:
    running.app.config = lambda: {"environment": {"DEMO_X": "1"}, "files": {}}
    async with running.http.get(f"{running.url}/config") as answer:
        assert (await answer.json())["environment"] == {"DEMO_X": "1"}
