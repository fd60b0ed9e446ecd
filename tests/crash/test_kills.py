"""A real process is killed at moments that a seed chooses: the same end and the same sequence of weights."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from controller.sandbox import process
from tests.stage import AGENT, Stage, release, staged

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]
WEIGHTS = [{"x:1": 100}, {"x:1": 90, "x:2": 10}, {"x:1": 50, "x:2": 50}, {"x:2": 100}, {"x:2": 90, "x:bad": 10}]


def quick() -> dict[str, Any]:
    """The stage's Release with times that a real clock can wait for."""
    body = release(
        strategy={"canary": {"steps": [{"weight": "10%", "for": "300ms"}, {"weight": "50%", "for": "300ms"}]}}
    )
    body["spec"]["traffic"] |= {"propagation": "100ms", "drain": "200ms"}
    body["spec"]["gates"] |= {"interval": "1s", "minimumStep": "300ms"}
    return body


class Controller:
    """``python -m controller run``, which is killed and begun again."""

    def __init__(self, stage: Stage, prometheus: int, folder: Path) -> None:
        self._stage = stage
        self._log = folder / "controller.log"
        connection = stage.api.connection
        self._argv = [
            sys.executable,
            "-m",
            "controller",
            "run",
            "--server",
            connection.url,
            "--token",
            connection.token,
        ]
        self._argv += ["--prometheus-url", f"http://127.0.0.1:{prometheus}", "--scrape-interval", "100ms"]
        self._argv += ["--min-interval", "1s", "--leader-election", "off", "--listen", "127.0.0.1:0"]
        self._child: process.Child | None = None

    async def start(self) -> None:
        self._child = await process.start("controller", self._argv, self._log)

    async def kill(self) -> None:
        if self._child is not None:
            self._child._process.kill()
            assert await self._child.wait() == -9
            self._child = None

    async def killed_again(self, source: random.Random, times: int) -> None:
        """Kill it after a number of its requests, a little later, and begin a new one; so many times."""
        for _ in range(times):
            asked = self._stage.api.audit.count(agent=AGENT) + source.randint(5, 45)
            while self._stage.api.audit.count(agent=AGENT) < asked:
                await asyncio.sleep(0.002)
            await asyncio.sleep(source.uniform(0, 0.02))
            await self.kill()
            await self.start()


@contextlib.asynccontextmanager
async def prometheus(stage: Stage) -> AsyncIterator[int]:
    """The stage's answers in Prometheus' own form; its port."""

    async def answer(request: web.Request) -> web.Response:
        form = await request.post()
        measured = await stage.provider.measure(str(form["query"]), float(str(form["time"])))
        result = [{"metric": dict(row.labels), "value": [measured.at, str(row.value)]} for row in measured.rows]
        return web.json_response({"status": "success", "data": {"resultType": "vector", "result": result}})

    app = web.Application()
    app.router.add_post("/api/v1/query", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def until(stage: Stage, true: Callable[[], Any]) -> None:
    async with asyncio.timeout(90):
        while not true():
            await stage.play()
            await asyncio.sleep(0.01)


async def story(stage: Stage) -> tuple[list[dict[str, int]], list[str]]:
    """Adoption, a good release, a bad one; each to its end."""

    def drained(revisions: int) -> bool:
        status = stage.status()
        return "retiring" not in status and len(status.get("revisions", ())) == revisions and not stage.owning()

    await stage.create(quick())
    await until(stage, lambda: stage.serves("x:1") and drained(1))
    await stage.push("x:2")
    await until(stage, lambda: stage.serves("x:2") and drained(1))
    await stage.push("x:bad")
    await until(stage, lambda: stage.phase() == "Failed" and stage.emptied("x:bad"))
    return stage.weights, stage.end()


@pytest.mark.parametrize("seed", range(5))
async def test_a_process_that_is_killed_four_times(seed: int, tmp_path: Path) -> None:
    """Twenty kills in all."""
    ends = []
    for kills in (0, 4):
        async with staged(start=False) as stage, prometheus(stage) as port:
            stage.clock.follow()
            controller = Controller(stage, port, tmp_path)
            await controller.start()
            killing = asyncio.create_task(controller.killed_again(random.Random(seed), kills))
            try:
                ends.append(await story(stage))
                assert killing.done(), "the story ended before its last kill"
            finally:
                killing.cancel()
                await asyncio.wait({killing})
                await controller.kill()
    assert ends[0][0] == [*WEIGHTS, {"x:2": 100}]
    assert ends[0] == ends[1]
