"""The sandbox as a newcomer meets it: started as a program, used with plain HTTP, ended in every way there is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from controller.sandbox.client import Client, Connection

pytestmark = pytest.mark.envoy
HOST = "podinfo.shop.svc.cluster.local"


@contextlib.asynccontextmanager
async def program(
    *arguments: str, env: dict[str, str] | None = None
) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    """``sluice sandbox --json`` and what it printed; killed at the end if it still runs."""
    argv = [sys.executable, "-m", "controller", "sandbox", "--json", "--for", "50", *arguments]
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, **(env or {})}
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 40)
        yield process, json.loads(line) if line else {}
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def descendants(pid: int) -> list[int]:
    """Every process below this one."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                child = int(path.parent.name)
                found += [child, *descendants(child)]
    return found


def command(pid: int) -> str:
    """Its command line; "" when it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def until_gone(pids: list[int], folder: Path) -> None:
    async with asyncio.timeout(15):
        while any(alive(pid) for pid in pids) or folder.exists():
            await asyncio.sleep(0.02)


async def test_it_answers_and_a_new_image_is_rolled_out() -> None:
    async with program("--no-metrics", "--rate", "0") as (process, where), aiohttp.ClientSession() as users:
        proxy = where["sources"]["sidecar.shop.frontend"]
        async with users.get(proxy, headers={"Host": HOST}) as answer:
            assert (answer.status, answer.headers["x-demo-version"]) == (200, "v1")
        assert where["prometheus"] is None
        async with Client(Connection(where["api"]), "test") as client:
            path = "/apis/apps/v1/namespaces/shop/deployments/podinfo"
            image = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "podinfo:v2"}]
            await client.patch(path, image, "application/json-patch+json")
            async with asyncio.timeout(20):
                version = ""
                while version != "v2":
                    async with users.get(proxy, headers={"Host": HOST}) as answer:
                        version = answer.headers["x-demo-version"]
        assert json.loads(Path(where["kubeconfig"]).read_text())["clusters"][0]["cluster"]["server"] == where["api"]
        assert process.returncode is None


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc: run it on Linux")
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        signal.SIGKILL,
        *(pytest.param(one, marks=pytest.mark.scenario) for one in (signal.SIGINT, signal.SIGHUP)),
    ],
)
async def test_nothing_is_left_behind(number: signal.Signals) -> None:
    async with program("--no-metrics", "--rate", "5") as (process, where):
        folder = Path(where["kubeconfig"]).parent
        children = descendants(process.pid)
        assert len(children) >= 3, "the pods, the users, Envoy and who cleans up"
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 20) == (0 if number != signal.SIGKILL else -9)
        await until_gone(children, folder)
        ports = [where["api"], where["switch"], where["load"], *where["sources"].values()]
        for url in ports:
            with pytest.raises(OSError, match="Connect call failed"):
                await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc: run it on Linux")
@pytest.mark.parametrize(
    ("moment", "number"),
    [
        pytest.param(
            "controller.sandbox.pods", signal.SIGINT, marks=pytest.mark.scenario
        ),  # the program itself still imports
        ("controller.sandbox.pods", signal.SIGKILL),
        pytest.param(
            "controller.sandbox.load", signal.SIGTERM, marks=pytest.mark.scenario
        ),  # the parts start side by side
    ],
)
async def test_nothing_is_left_behind_by_a_start_that_is_broken_off(
    moment: str, number: signal.Signals, tmp_path: Path
) -> None:
    argv = [sys.executable, "-m", "controller", "sandbox", "--json", "--no-metrics"]
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    try:
        async with asyncio.timeout(40):
            children: list[int] = []
            while not any(moment in command(pid) for pid in children):
                children = descendants(process.pid)
                assert process.returncode is None
                await asyncio.sleep(0.01)
        (pods,) = [command(pid) for pid in children if "controller.sandbox.pods" in command(pid)]
        port = int(pods.split(" --api ")[1].split()[0].rpartition(":")[2])
        assert list(tmp_path.iterdir()), "the sandbox's folder"
        process.send_signal(number)
        output, _ = await asyncio.wait_for(process.communicate(), 20)
        assert (process.returncode, output) == ((0, b"") if number != signal.SIGKILL else (-9, b""))
        async with asyncio.timeout(15):
            while any(alive(pid) for pid in children) or list(tmp_path.iterdir()):
                await asyncio.sleep(0.02)
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection("127.0.0.1", port)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_part_that_dies_ends_it_with_its_reason() -> None:
    async with program("--no-metrics", "--rate", "0") as (process, where):
        folder = Path(where["kubeconfig"]).parent
        assert process.stderr is not None
        (pods,) = [pid for pid in descendants(process.pid) if "controller.sandbox.pods" in command(pid)]
        os.kill(pods, signal.SIGKILL)
        assert await asyncio.wait_for(process.wait(), 20) == 1
        assert b"sluice: pods ended with status -9" in await process.stderr.read()
        await until_gone([], folder)


async def test_a_missing_prometheus_is_one_sentence_and_the_command_that_gets_it(tmp_path: Path) -> None:
    (tmp_path / "sh").symlink_to(shutil.which("sh") or "/bin/sh")
    async with program("--rate", "0", env={"PATH": str(tmp_path)}) as (process, where):
        assert where == {}
        assert process.stderr is not None
        said = (await process.stderr.read()).decode()
        assert await process.wait() == 1
    assert said.startswith("sluice: Prometheus is not installed; get it with: apt-get install -y prometheus")
    assert said.count("\n") == 1


async def test_a_port_that_is_taken_is_named() -> None:
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, program("--port", str(port)) as (process, _):
        assert process.stderr is not None
        assert f"sluice: port {port} cannot be used" in (await process.stderr.read()).decode()
        assert await process.wait() == 1
