"""What starts before the sandbox is imported, and goes away with it at any moment."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import aiohttp
import pytest

from controller.errors import SandboxError
from controller.sandbox.api import EmbeddedApi
from controller.sandbox.early import begin

HEAVY = ("aiohttp", "pydantic", "yaml", "controller.sandbox.api", "controller.sandbox.client")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the sandbox makes its folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_imports_nothing_that_takes_long() -> None:
    code = f"import sys, controller.sandbox.early; print(*[name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "\n"


async def test_the_pods_are_answered_once_there_is_an_api(folder: Path) -> None:
    async with begin() as begun:
        assert begun.directory.parent == folder
        port = begun.listener.getsockname()[1]
        _, early = await asyncio.open_connection("127.0.0.1", port)
        async with EmbeddedApi(listener=begun.listener) as api, aiohttp.ClientSession() as session:
            assert api.connection.url == f"http://127.0.0.1:{port}"
            url = await begun.pods.url("the API answers")
            async with session.get(f"{url}/pods") as answer:
                assert await answer.json() == []
            early.close()
            await early.wait_closed()
    assert begun.pods.child.returncode == 0
    assert list(folder.iterdir()) == []


async def test_who_waits_for_an_api_that_never_comes_ends_when_told_to() -> None:
    async with begin() as begun:
        begun.listener.setblocking(False)
        async with asyncio.timeout(30):
            taken, _ = await asyncio.get_running_loop().sock_accept(begun.listener)
        with taken:  # the pods' process asks, and nobody answers
            await begun.pods.child.stop(grace=30)
    assert begun.pods.child.returncode == 0


async def test_a_port_that_is_taken_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SandboxError, match=f"port {port} cannot be used: .*; choose another or 0"):
            async with begin(port):
                raise AssertionError("it cannot have begun")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("turns", range(12))
async def test_nothing_is_left_when_it_is_broken_off(folder: Path, turns: int) -> None:
    """After so many turns of the event loop: before the folder, between folder and child, after both."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    block = begin(port)
    task = asyncio.create_task(block.__aenter__())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    try:
        begun = await task
    except asyncio.CancelledError:
        pass
    else:
        await block.__aexit__(None, None, None)
        assert begun.pods.child.returncode in (0, -signal.SIGTERM)
    with socket.create_server(("127.0.0.1", port)):
        pass
    async with asyncio.timeout(10):
        while list(folder.iterdir()) or children():
            await asyncio.sleep(0.01)


def children() -> list[str]:
    """Command lines of this process's children that are ours."""
    found = []
    for path in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        for pid in path.read_text().split():
            try:
                command = Path(f"/proc/{pid}/cmdline").read_text()
            except OSError:
                continue
            if "controller.sandbox" in command or "sluice-janitor" in command:
                found.append(command)
    return found
