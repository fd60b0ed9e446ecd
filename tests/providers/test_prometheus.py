from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from controller.errors import ProviderError, SettingsError
from controller.providers import PROVIDERS, Measurement, Prometheus, Row, by_name

AT = 1_700_000_000.25


def vector(*series: tuple[dict[str, str], str]) -> bytes:
    result = [{"metric": labels, "value": [AT, value]} for labels, value in series]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()


class Server:
    """Answers with ``body`` and ``code``; keeps the forms it got."""

    def __init__(self) -> None:
        self.body = vector(({"a": "b"}, "1"))
        self.code = 200
        self.headers: dict[str, str] = {}
        self.forms: list[dict[str, str]] = []
        self.requests: list[web.Request] = []
        self.url = ""
        self.hang = False
        self.over = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        self.forms.append({key: str(value) for key, value in (await request.post()).items()})
        if self.hang:
            await self.over.wait()
        return web.Response(body=self.body, status=self.code, headers=self.headers, content_type="application/json")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_post("/prefix/api/v1/query", server.handle)
    app.router.add_post("/prefix/api/v1/query_range", server.handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/prefix/"
    yield server
    server.over.set()
    await runner.cleanup()


async def measure(server: Server, **options: Any) -> Measurement:
    async with Prometheus(server.url, **options) as prometheus:
        return await prometheus.measure("up", AT)


async def test_rows_of_one_time(server: Server) -> None:
    server.body = vector(({"le": "0.5"}, "12"), ({"le": "+Inf"}, "1e3"))
    found = await measure(server, limit=10)
    assert found.error == ""
    assert found.rows == (Row({"le": "0.5"}, 12.0), Row({"le": "+Inf"}, 1000.0))
    assert found.at == AT
    assert server.forms == [{"query": "up", "time": "1700000000.250", "timeout": "9000ms"}]


async def test_lines_over_a_range(server: Server) -> None:
    series = [{"metric": {"le": "5"}, "values": [[100, "1"], [115, "NaN"]]}, {"metric": {}, "values": []}]
    server.body = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": series}}).encode()
    async with Prometheus(server.url) as prometheus:
        found = await prometheus.past("m", 100.0, 1900.0, 15.0)
    assert found.error == ""
    (first, nan), labels = found.lines[0].points, found.lines[0].labels
    assert (labels, first, nan[0], math.isnan(nan[1])) == ({"le": "5"}, (100.0, 1.0), 115.0, True)
    assert found.lines[1].points == ()
    assert server.requests[0].path == "/prefix/api/v1/query_range"
    assert server.forms == [
        {"query": "m", "start": "100.000", "end": "1900.000", "step": "15.000", "timeout": "9000ms"}
    ]


async def test_a_server_without_ranges_and_one_that_is_not_there_give_an_error(
    server: Server, unused_tcp_port: int
) -> None:
    server.code, server.body = 422, b'{"status": "error", "errorType": "execution", "error": "too many samples"}'
    async with Prometheus(server.url) as prometheus:
        assert "too many samples" in (await prometheus.past("m", 0.0, 1800.0, 15.0)).error
        server.code, server.body = 200, b'{"status": "success", "data": {"resultType": "matrix"}}'
        assert "cannot be read" in (await prometheus.past("m", 0.0, 1800.0, 15.0)).error
    async with Prometheus(f"http://127.0.0.1:{unused_tcp_port}") as prometheus:
        assert "cannot be reached" in (await prometheus.past("m", 0.0, 1800.0, 15.0)).error


async def test_looks_do_not_wait_for_ranges(server: Server) -> None:
    """Of the eight connections ranges take two at most."""
    server.hang = True
    async with asyncio.timeout(10), Prometheus(server.url) as prometheus:
        ranges = [asyncio.create_task(prometheus.past("m", 0.0, 1800.0, 15.0)) for _ in range(20)]
        while len(server.requests) < 2:
            await asyncio.sleep(0)
        look = asyncio.create_task(prometheus.measure("up", AT))
        while not any(request.path.endswith("/query") for request in server.requests):
            await asyncio.sleep(0)
        assert sum(request.path.endswith("/query_range") for request in server.requests) == 2
        for task in (look, *ranges):
            task.cancel()
        await asyncio.gather(look, *ranges, return_exceptions=True)


async def test_a_query_longer_than_an_address(server: Server) -> None:
    query = "sum(" + " or ".join(f'm{{workload="w{n}"}}' for n in range(5000)) + ")"
    async with Prometheus(server.url) as prometheus:
        assert (await prometheus.measure(query, AT)).error == ""
    assert server.forms[0]["query"] == query


async def test_who_we_are(server: Server, tmp_path: Path) -> None:
    await measure(server, authorization="Bearer t", agent="sluice/1")
    assert server.requests[0].headers["Authorization"] == "Bearer t"
    assert server.requests[0].headers["User-Agent"] == "sluice/1"
    header = tmp_path / "header"
    header.write_text("Bearer file\n")
    await measure(server, authorization=header)
    assert server.requests[1].headers["Authorization"] == "Bearer file"
    found = await measure(server, authorization=tmp_path / "none")
    assert "the authorization file" in found.error


async def test_a_clock_that_differs_is_seen(server: Server) -> None:
    server.headers = {"Date": "Tue, 14 Nov 2023 22:13:20 GMT"}
    assert (await measure(server, wall=lambda: 1_700_000_000.9)).skew == 0
    assert (await measure(server, wall=lambda: 1_699_999_990.0)).skew == 10
    server.headers = {"Date": "yesterday"}
    assert (await measure(server)).skew is None


@pytest.mark.parametrize(
    ("code", "body", "text"),
    [
        (400, {"status": "error", "errorType": "bad_data", "error": "parse error"}, "(bad_data): parse error"),
        (422, {"status": "error", "errorType": "execution", "error": "too many samples"}, "too many samples"),
        (503, {"status": "error", "errorType": "timeout", "error": "query timed out"}, "query timed out"),
        (200, {"status": "success", "data": {"resultType": "matrix", "result": []}}, "gives a matrix"),
        (200, {"status": "success", "data": {"resultType": "string", "result": [1, "x"]}}, "gives a string"),
        (
            200,
            {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "histogram": []}]}},
            "native histograms",
        ),
        (
            200,
            {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "x"]}]}},
            "cannot be read",
        ),
        (200, {"status": "success"}, "cannot be read"),
        (200, {"kind": "Status"}, "is not Prometheus"),
        (200, "<html>sign in</html>", "<html>sign in</html>; check the address"),
        (502, "", "(502) is not Prometheus: nothing"),
        (401, "no", "give an Authorization header"),
        (403, "no", "give an Authorization header"),
        (302, "", "sends us to"),
        (404, "404 page", "path prefix"),
    ],
)
async def test_an_error_is_an_answer_that_names_it(server: Server, code: int, body: Any, text: str) -> None:
    server.code = code
    server.body = (body if isinstance(body, str) else json.dumps(body)).encode()
    found = await measure(server)
    assert text in found.error
    assert found.rows == ()


async def test_no_series_is_no_error(server: Server) -> None:
    server.body = vector()
    assert await measure(server) == Measurement(AT, skew=0.0)


async def test_a_server_that_hangs_and_one_that_is_not_there(server: Server, unused_tcp_port: int) -> None:
    server.hang = True
    async with asyncio.timeout(5):
        assert (await measure(server, limit=0.2)).error == "Prometheus gave no answer within 0.2 s"
    async with Prometheus(f"http://127.0.0.1:{unused_tcp_port}") as prometheus:
        found = await prometheus.measure("up", AT)
        assert found.error.startswith("Prometheus cannot be reached: ")
        read = prometheus._telemetry.registry.get_sample_value
        labels = {"provider": "prometheus", "outcome": "unreachable"}
        assert read("sluice_provider_requests_total", labels) == 1


async def test_an_answer_that_is_too_large(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.providers.prometheus._MOST", 10)
    assert "aggregate in the query" in (await measure(server)).error


def test_the_table() -> None:
    assert by_name("prometheus") is Prometheus
    assert set(PROVIDERS) == {"prometheus"}
    with pytest.raises(ProviderError, match="choose one of prometheus"):
        by_name("graphite")


def test_an_authority_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("nothing")
    with pytest.raises(SettingsError, match="--prometheus-ca"):
        Prometheus("https://p", ca=str(tmp_path / "ca"))
