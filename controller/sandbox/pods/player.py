"""The node as a child process, and the switch as methods."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Self

import aiohttp

from controller.errors import SandboxError
from controller.sandbox.client import Connection
from controller.sandbox.directory import temporary
from controller.sandbox.programs import Program, start_pods


class Pods:
    """Runs every pod of the cluster behind ``connection`` in one child process, for the length of the block.

    ``folder`` takes its log and small files (a temporary one without it). ``backoff`` and ``notice_after`` are in
    seconds, see :class:`controller.sandbox.pods.kubelet.Kubelet`. With ``program`` that one, started before, is used
    instead of a new one. ``control`` is the URL of the switch. Leaving the block ends the process and with it every
    app; the objects in the API stay. Raises SandboxError when the child does not start.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        folder: Path | None = None,
        backoff: float | None = None,
        notice_after: float | None = None,
        program: Program | None = None,
    ) -> None:
        self.control = ""
        self._connection = connection
        self._folder = folder
        options = {"--backoff": backoff, "--notice-after": notice_after}
        self._options = [f"{name}={value}" for name, value in options.items() if value is not None]
        self._stack = contextlib.AsyncExitStack()
        self._program = program
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            if self._program is None:
                folder = self._folder if self._folder is not None else await stack.enter_async_context(temporary())
                there = self._connection
                more = tuple(self._options)
                self._program = await start_pods(folder, there.url, token=there.token, ca=there.ca, more=more)
            stack.push_async_callback(self._program.child.stop)
            self.control = await self._program.url(f"the API at {self._connection.url} may not answer")
            self._session = await stack.enter_async_context(aiohttp.ClientSession(self.control))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def program(self) -> Program:
        """The process."""
        assert self._program is not None, "use `async with`"
        return self._program

    @property
    def pid(self) -> int:
        return self.program.child.pid

    def check(self) -> None:
        """Raises SandboxError when the process has ended."""
        self.program.child.check()

    def last_words(self) -> str:
        """The end of what the process logged."""
        return self._program.child.last_words() if self._program else ""

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
