"""The node as a child process, and the switch as methods."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from pathlib import Path
from typing import Any, Self

import aiohttp

from controller.errors import SandboxError
from controller.sandbox import process
from controller.sandbox.client import Connection
from controller.sandbox.directory import temporary
from controller.sandbox.pods.node import DEFAULT_BACKOFF, DEFAULT_NOTICE_AFTER

_START_LIMIT = 20.0
_LOOK_EVERY = 0.02


class Pods:
    """Runs every pod of the cluster behind ``connection`` in one child process, for the length of the block.

    ``folder`` takes its log and small files (a temporary one without it). ``backoff`` and ``notice_after`` are in
    seconds, see :class:`controller.sandbox.pods.kubelet.Kubelet`. ``control`` is the URL of the switch. Leaving the
    block ends the process and with it every app; the objects in the API stay. Raises SandboxError when the child
    does not start.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        folder: Path | None = None,
        backoff: float = DEFAULT_BACKOFF,
        notice_after: float = DEFAULT_NOTICE_AFTER,
    ) -> None:
        self.control = ""
        self._connection = connection
        self._folder = folder
        self._options = ["--backoff", str(backoff), "--notice-after", str(notice_after)]
        self._stack = contextlib.AsyncExitStack()
        self._child: process.Child | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            folder = self._folder if self._folder is not None else await stack.enter_async_context(temporary())
            await self._start(folder)
            assert self._child is not None
            stack.push_async_callback(self._child.stop)
            await self._announced(folder / "pods.json")
            self._session = await stack.enter_async_context(aiohttp.ClientSession(self.control))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _start(self, folder: Path) -> None:
        announce = folder / "pods.json"
        announce.unlink(missing_ok=True)
        argv = [sys.executable, "-m", "controller.sandbox.pods", "--leash", "--announce", str(announce), *self._options]
        argv += ["--api", self._connection.url]
        argv += ["--token", self._connection.token] if self._connection.token else []
        argv += ["--ca", self._connection.ca] if self._connection.ca else []
        self._child = await process.start("pods", argv, folder / "pods.log", stdin=True)

    async def _announced(self, announce: Path) -> None:
        end = time.monotonic() + _START_LIMIT
        while not (text := _read(announce)):
            self.check()
            if time.monotonic() > end:
                raise SandboxError(
                    f"pods: not ready after {_START_LIMIT:g} s; the API at {self._connection.url} "
                    f"may not answer\n{self.last_words()}"
                )
            await asyncio.sleep(_LOOK_EVERY)
        self.control = f"http://127.0.0.1:{json.loads(text)['control']}"

    @property
    def pid(self) -> int:
        assert self._child is not None, "use `async with`"
        return self._child.pid

    def check(self) -> None:
        """Raises SandboxError when the process has ended."""
        assert self._child is not None, "use `async with`"
        self._child.check()

    def last_words(self) -> str:
        """The end of what the process logged."""
        return self._child.last_words() if self._child else ""

    async def behave(self, namespace: str, target: str, **behaviour: Any) -> list[str]:
        """Set the behaviour of a version or pod, in the switch's words (``errorEvery=20``); the pods it reaches.

        Each call replaces the one before; ``die=True`` alone changes nothing that is set. Raises SandboxError
        naming the word that is wrong.
        """
        return list((await self._call("PUT", f"/behaviour/{namespace}/{target}", behaviour))["pods"])

    async def behaviour(self, namespace: str, target: str) -> dict[str, Any]:
        """What is set for a version or pod."""
        answer = await self._call("GET", f"/behaviour/{namespace}/{target}")
        return dict(answer["behaviour"])

    async def reset(self, namespace: str, target: str) -> None:
        """Behave again as image and environment say."""
        await self._call("DELETE", f"/behaviour/{namespace}/{target}")

    async def served(self) -> list[dict[str, Any]]:
        """Each container on the node: namespace, pod, container, image, running, requests, failures, behaviour."""
        return list(await self._call("GET", "/pods"))

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        assert self._session is not None, "use `async with`"
        async with self._session.request(method, path, json=body) as answer:
            found = await answer.json()
            if answer.status >= 300:
                raise SandboxError(f"the switch of the pods refuses: {found['error']}")
            return found


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
