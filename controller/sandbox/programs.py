"""Our own programs as children of the sandbox: the pods' and the users'.

Each takes half a second to import what it needs, so this module imports nothing heavy: the children can be started
before the sandbox itself is imported (:mod:`early`).
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from controller.errors import SandboxError
from controller.sandbox import process

START_LIMIT = 20.0
"""Seconds that a program may take until it serves."""
_LOOK_EVERY = 0.02


class Program:
    """A program that was started; it serves, somewhat later, at :meth:`url`. ``announce`` is the file that tells."""

    def __init__(self, child: process.Child, announce: Path) -> None:
        self.child = child
        self._announce = announce

    async def url(self, hint: str) -> str:
        """Where it is steered, once it serves.

        Raises SandboxError, with the end of what it printed, when it ends first, and with ``hint`` after 20 s.
        """
        try:
            async with asyncio.timeout(START_LIMIT):
                while (port := _port(self._announce)) is None:
                    self.child.check()
                    await asyncio.sleep(_LOOK_EVERY)
        except TimeoutError:
            raise SandboxError(
                f"{self.child.name}: not ready after {START_LIMIT:g} s; {hint}\n{self.child.last_words()}"
            ) from None
        return f"http://127.0.0.1:{port}"


async def start_pods(folder: Path, url: str, *, token: str = "", ca: str = "", more: tuple[str, ...] = ()) -> Program:
    """The pods' process for the API at ``url``, which need not answer yet as long as it takes connections.

    ``token`` and ``ca`` are those of :class:`controller.sandbox.client.Connection`; ``more`` are options of
    :mod:`controller.sandbox.pods.__main__`.
    """
    argv = ["--api", url, *(("--token", token) if token else ()), *(("--ca", ca) if ca else ()), *more]
    return await _start("pods", folder, argv)


async def start_users(folder: Path, *, record: Path | None = None, max_seconds: float = 3600.0) -> Program:
    """The users' process; for the parameters see :class:`controller.sandbox.load.Load`."""
    argv = ["--max-seconds", str(max_seconds), *(("--record", str(record)) if record else ())]
    return await _start("load", folder, argv, name="users")


async def _start(package: str, folder: Path, more: list[str], *, name: str = "") -> Program:
    announce = folder / f"{package}.json"
    announce.unlink(missing_ok=True)
    argv = [sys.executable, "-m", f"controller.sandbox.{package}", "--leash", "--announce", str(announce), *more]
    child = await process.start(name or package, argv, folder / f"{package}.log", stdin=True)
    return Program(child, announce)


def _port(file: Path) -> int | None:
    """The announced port; None before there is one (the file appears by a rename, so it is whole)."""
    try:
        port: int = json.loads(file.read_text())["control"]
    except FileNotFoundError:
        return None
    return port
