from __future__ import annotations

import aiohttp
import pytest

from controller.server import Heartbeat, Server
from controller.telemetry import Telemetry


async def fetch(port: int, path: str, **headers: str) -> tuple[int, str, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}", headers=headers) as answer,
    ):
        return answer.status, await answer.text(), answer.headers["Content-Type"]


async def test_metrics_are_those_of_our_own_registry() -> None:
    telemetry = Telemetry("1.2.3")
    telemetry.queue_retries.labels("releases").inc()
    async with Server("127.0.0.1", 0, telemetry=telemetry) as server:
        code, text, content_type = await fetch(server.port, "/metrics")
        assert code == 200
        assert content_type.startswith("text/plain; version=")
        assert 'sluice_build_info{version="1.2.3"} 1.0' in text
        assert 'sluice_queue_retries_total{queue="releases"} 1.0' in text
        _, text, content_type = await fetch(server.port, "/metrics", Accept="application/openmetrics-text")
        assert content_type.startswith("application/openmetrics-text")
        assert text.endswith("# EOF\n")


async def test_two_registries_do_not_meet() -> None:
    one, two = Telemetry("1"), Telemetry("2")
    one.queue_retries.labels("a").inc()
    assert two.registry.get_sample_value("sluice_queue_retries_total", {"queue": "a"}) is None


async def test_health_follows_the_loop_and_readiness_the_caches() -> None:
    now = 0.0
    heartbeat = Heartbeat(limit=60, clock=lambda: now)
    missing = ["releases", "deployments"]
    async with Server(
        "127.0.0.1", 0, telemetry=Telemetry(), alive=heartbeat.problem, unready=lambda: missing
    ) as server:
        assert (await fetch(server.port, "/healthz"))[:2] == (200, "ok\n")
        assert (await fetch(server.port, "/readyz"))[:2] == (503, "waiting for releases\nwaiting for deployments\n")
        now = 60.0
        missing.clear()
        assert (await fetch(server.port, "/healthz"))[0] == 200
        assert (await fetch(server.port, "/readyz"))[:2] == (200, "ok\n")
        now = 61.0
        assert (await fetch(server.port, "/healthz"))[:2] == (503, "the loop has not turned for 61 s\n")
        heartbeat.beat()
        assert (await fetch(server.port, "/healthz"))[0] == 200
        assert (await fetch(server.port, "/elsewhere"))[0] == 404


async def test_a_port_in_use_is_an_error_and_leaves_nothing_behind() -> None:
    async with Server("127.0.0.1", 0, telemetry=Telemetry()) as server:
        with pytest.raises(OSError, match="address already in use"):
            async with Server("127.0.0.1", server.port, telemetry=Telemetry()):
                pass
    with pytest.raises(aiohttp.ClientConnectorError):
        await fetch(server.port, "/healthz")
