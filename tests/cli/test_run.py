"""``sluice run`` as a process: probes, a clean stop, and one sentence for what is wrong."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from controller.cli import main
from controller.sandbox import process
from controller.sandbox.api import EmbeddedApi
from tests.stage import CRDS


class Run:
    """A controller in a process, and the address of its probes."""

    def __init__(self, child: process.Child, port: int) -> None:
        self.child = child
        self.url = f"http://127.0.0.1:{port}"

    async def probe(self, path: str, code: int) -> str:
        """What it says once it answers with this code."""
        async with asyncio.timeout(30), aiohttp.ClientSession() as session:
            while True:
                self.child.check()
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(self.url + path) as answer:
                        if answer.status == code:
                            return await answer.text()
                await asyncio.sleep(0.02)

    async def stopped(self) -> int:
        """Its exit status after SIGTERM."""
        self.child._process.terminate()
        async with asyncio.timeout(15):
            return await self.child.wait()


@contextlib.asynccontextmanager
async def running(folder: Path, name: str, *arguments: str) -> AsyncIterator[Run]:
    with process.free_port() as port:
        argv = [sys.executable, "-m", "controller", "run", "--listen", f"127.0.0.1:{port}", "--grace", "5s", *arguments]
    child = await process.start(name, argv, folder / f"{name}.log")
    try:
        yield Run(child, port)
    finally:
        await child.stop()


async def test_it_gets_ready_leads_and_gives_the_lease_up(tmp_path: Path) -> None:
    """A second replica is ready too, does nothing, and takes over as soon as the first one stops."""
    async with EmbeddedApi(CRDS) as api, contextlib.AsyncExitStack() as stack:
        server = ["--server", api.connection.url, "--token", api.connection.token]
        state = api.store
        state.put("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "sluice-system"}})

        def holder() -> str:
            row = state.get("leases.coordination.k8s.io", "sluice-system", "sluice")
            return str(row.object["spec"].get("holderIdentity", "")) if row else ""

        first = await stack.enter_async_context(running(tmp_path, "first", *server))
        assert await first.probe("/readyz", 200) == "ok\n"
        assert await first.probe("/healthz", 200) == "ok\n"
        async with asyncio.timeout(10):
            while not holder():
                await asyncio.sleep(0.01)
        leader = holder()
        assert 'sluice_leader{lease="sluice"} 1.0' in await first.probe("/metrics", 200)

        second = await stack.enter_async_context(running(tmp_path, "second", *server))
        await second.probe("/readyz", 200)
        assert 'sluice_leader{lease="sluice"} 0.0' in await second.probe("/metrics", 200)
        assert holder() == leader

        assert await first.stopped() == 0, first.child.last_words()
        async with asyncio.timeout(10):
            while holder() in ("", leader):
                await asyncio.sleep(0.01)
        assert await second.stopped() == 0
        assert holder() == ""


async def test_without_an_api_it_says_what_it_waits_for_and_can_be_stopped(tmp_path: Path) -> None:
    with socket.socket() as nobody:  # bound, and never listened on: connections are refused
        nobody.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        async with running(tmp_path, "lonely", "--server", server, "--token", "x") as lonely:
            assert "waiting for the cache of Release.sluice.dev\n" in await lonely.probe("/readyz", 503)
            assert await lonely.probe("/healthz", 200) == "ok\n"
            assert await lonely.stopped() == 0, lonely.child.last_words()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--leese-name=x"], "unrecognized arguments: --leese-name=x; did you mean --lease-name?"),
        (["--grace=20"], "--grace: '20' has no unit; write 20s for seconds or 20m for minutes"),
        (
            ["--lease-renew=10s"],
            "--lease-renew: is more than a third of --lease-duration; use at most 5s, or a longer lease",
        ),
        (["--kubeconfig=/nowhere/config"], "--kubeconfig: there is no file /nowhere/config; check the path"),
    ],
)
def test_a_wrong_flag_is_one_sentence(
    arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(["--listen=127.0.0.1:0", *arguments], monkeypatch, capsys) == f"sluice: {sentence}\n"


def test_an_address_that_is_in_use_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        said = refused([f"--listen={address}", "--server=http://127.0.0.1:1"], monkeypatch, capsys)
    assert said.startswith(f"sluice: --listen: {address} cannot be used: ")
    assert said.count("\n") == 1


def refused(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What it says on standard error when it ends with status 2."""
    for name in ("KUBECONFIG", "SLUICE_SERVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "argv", ["sluice", "run", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    return capsys.readouterr().err
