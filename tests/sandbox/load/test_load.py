"""The users' process, from outside."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from controller.errors import SandboxError
from controller.sandbox import process
from controller.sandbox.load import Group, Load
from controller.sandbox.load.__main__ import arguments, serve

LIMIT = 30.0


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LIMIT):
        while not await condition():
            await asyncio.sleep(0.01)


async def test_a_life(tmp_path: Path, site: Any) -> None:
    record = tmp_path / "record.jsonl"
    async with Load(tmp_path, record=record) as load:
        group = Group("main", site.target, 400.0, share=0.5, timeout=60.0, max_outstanding=10_000)
        await load.set_group(group)

        async def enough() -> bool:
            return (await load.account()).count() >= 20

        await until(enough)
        await load.drain()
        mark = await load.mark()
        await load.set_group(replace(group, rate=800.0, path="/v2"))
        await load.set_group(Group("few", site.target, 100.0, path="/bare", timeout=60.0))
        assert [one.name for one in await load.groups()] == ["few", "main"]
        await load.resume()
        await until(lambda: _answers(load, "few", 3))
        await until(lambda: _answers(load, "main", site.requests["/"] + 3))
        await load.drain()
        whole, part = await load.account(), await load.account(mark)
        assert whole.versions(group="main").keys() == {"v1", "v2"}
        assert whole.count(version="v1") == site.requests["/"]
        assert whole.count(version="v2") == part.count(version="v2") == site.requests["/v2"]
        assert whole.count(group="few") == site.requests["/bare"] == len(part.failures)
        assert part.count(version="v1") == 0, "the drain was exact"
        assert all(traffic.outstanding == 0 and traffic.skipped == 0 for traffic in whole.traffic.values())
        assert (await load.account()).tallies == whole.tallies, "after a drain the account stands still"
        lines = [json.loads(line) for line in record.read_text().splitlines()]
        assert len(lines) == whole.count()
        await load.remove_group("few")
        await load.resume(["main"])
        await until(lambda: _answers(load, "main", whole.count(group="main") + 5))
        assert (await load.account()).count(group="few") == whole.count(group="few")
        await load.pause()


async def _answers(load: Load, group: str, count: int) -> bool:
    return (await load.account()).count(group=group) >= count


async def test_errors_say_what_to_do(tmp_path: Path) -> None:
    async with Load(tmp_path) as load:
        with pytest.raises(SandboxError, match="there is no group 'x'; PUT /groups/NAME starts one"):
            await load.remove_group("x")
        with pytest.raises(SandboxError, match="there is no mark '7'; POST /mark makes one"):
            await load.account(7)
        async with aiohttp.ClientSession(control_of(tmp_path)) as session:
            for method, path, body, words in (
                ("PUT", "/groups/a", "{", "the body is not JSON"),
                ("PUT", "/groups/a", '{"target": "10.0.0.1:80", "rate": 1}', "an address of this machine"),
                ("POST", "/pause", '{"groups": "a"}', "groups is a list of names"),
                ("GET", "/account?since=x", "", "there is no mark 'x'"),
            ):
                async with session.request(method, path, data=body) as answer:
                    assert answer.status == 400
                    assert words in (await answer.json())["error"]
        assert await load.groups() == []
        os.kill(load.pid, signal.SIGKILL)
        with pytest.raises(SandboxError, match="users"):
            await until(lambda: _answers(load, "none", 1))  # asks until the death has come through


def control_of(folder: Path) -> str:
    return f"http://127.0.0.1:{json.loads((folder / 'load.json').read_text())['control']}"


async def test_a_program_that_does_not_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SandboxError, match="users ended with status 1"):
        async with Load(tmp_path):
            pass


async def _started(tmp_path: Path, *options: str, stdin: bool = False) -> process.Child:
    announce = tmp_path / "load.json"
    argv = [sys.executable, "-m", "controller.sandbox.load", "--announce", str(announce), *options]
    child = await process.start("users", argv, tmp_path / "load.log", stdin=stdin)

    async def announced() -> bool:
        child.check()
        return announce.exists()

    await until(announced)
    return child


async def test_it_ends_by_sigterm_with_its_record_written(tmp_path: Path, site: Any) -> None:
    record = tmp_path / "record.jsonl"
    child = await _started(tmp_path, "--record", str(record))
    async with aiohttp.ClientSession(control_of(tmp_path)) as session:
        await session.put("/groups/a", json={"target": site.target, "rate": 500})

        async def enough() -> bool:
            async with session.get("/account") as answer:
                return bool((await answer.json())["tallies"])

        await until(enough)
    os.kill(child.pid, signal.SIGTERM)
    assert await asyncio.wait_for(child.wait(), LIMIT) == 0
    assert record.read_text().endswith("}\n")


async def test_it_ends_with_its_owner(tmp_path: Path) -> None:
    """The owner's end of the pipe closes when the owner dies; here it is closed by hand."""
    child = await _started(tmp_path, "--leash", stdin=True)
    stdin = child._process.stdin
    assert stdin is not None
    stdin.close()
    assert await asyncio.wait_for(child.wait(), LIMIT) == 0


async def test_it_ends_when_told(tmp_path: Path, site: Any) -> None:
    serving = asyncio.ensure_future(serve(arguments(["--announce", str(tmp_path / "load.json")])))

    async def announced() -> bool:
        return serving.done() or (tmp_path / "load.json").exists()

    await until(announced)
    async with aiohttp.ClientSession(control_of(tmp_path)) as session:
        await session.put("/groups/a", json={"target": site.target, "rate": 50})
        await session.post("/stop")
    await asyncio.wait_for(serving, LIMIT)


async def test_it_ends_after_its_time() -> None:
    await asyncio.wait_for(serve(arguments(["--max-seconds", "0.05"])), LIMIT)
