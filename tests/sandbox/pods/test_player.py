"""The node as a child process."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from controller.errors import SandboxError
from controller.sandbox.client import Client, Connection
from controller.sandbox.pods import Pods
from controller.sandbox.workloads.kinds import POD
from tests.sandbox.lab import Lab, container, is_ready
from tests.sandbox.pods.conftest import url_of


async def test_pods_run_in_a_process_of_their_own(
    connection: Connection, client: Client, namespace: str, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    lab = Lab(client, namespace)
    async with Pods(connection, folder=tmp_path, backoff=0.1) as pods:
        await lab.pod("one", "podinfo:v1")
        pod = await lab.until_one(POD, "one", is_ready)
        async with http.get(url_of(pod)) as answer:
            assert answer.headers["x-demo-version"] == "v1"
        assert await pods.behave(namespace, "v1", errorEvery=1, status=503) == ["one"]
        async with http.get(url_of(pod)) as answer:
            assert answer.status == 503
        assert await pods.behaviour(namespace, "v1") == {"errorEvery": 1, "status": 503}
        await pods.reset(namespace, "v1")
        async with http.get(url_of(pod)) as answer:
            assert answer.status == 200
        with pytest.raises(SandboxError, match="errorRate: unknown"):
            await pods.behave(namespace, "v1", errorRate=1)
        assert [one["requests"] for one in await pods.served() if one["namespace"] == namespace] == [3]
        pods.check()
        assert (await lab.get(POD, "one"))["metadata"]["uid"] == pod["metadata"]["uid"]
    with pytest.raises(ProcessLookupError):
        os.kill(pods.pid, 0)
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(url_of(pod))


async def test_it_can_be_killed_and_started_again(
    connection: Connection, client: Client, namespace: str, tmp_path: Path
) -> None:
    lab = Lab(client, namespace)
    async with Pods(connection, folder=tmp_path) as pods:
        await lab.pod("one")
        before = await lab.until_one(POD, "one", is_ready)
        os.kill(pods.pid, signal.SIGKILL)
        async with asyncio.timeout(5):
            await pods.program.child.wait()
        with pytest.raises(SandboxError, match="pods ended with status -9"):
            pods.check()
    async with Pods(connection, folder=tmp_path):
        after = await lab.until_one(POD, "one", lambda item: is_ready(item) and container(item)["restartCount"] == 1)
    assert after["status"]["podIP"] == before["status"]["podIP"]


async def test_it_ends_when_its_input_ends(connection: Connection, tmp_path: Path) -> None:
    """The leash, for systems without a parent-death signal."""
    async with Pods(connection, folder=tmp_path) as pods:
        child = pods.program.child
        stdin = child._process.stdin
        assert stdin is not None
        stdin.close()
        async with asyncio.timeout(10):
            assert await child.wait() == 0


async def test_an_api_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.sandbox.programs.START_LIMIT", 0.3)
    with pytest.raises(SandboxError, match=r"the API at http://127.0.0.1:9 may not answer"):
        async with Pods(Connection("http://127.0.0.1:9"), folder=tmp_path):
            raise AssertionError("it cannot have started")
