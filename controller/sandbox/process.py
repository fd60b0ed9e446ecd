"""Children of the sandbox: started with an owner, stopped by pid, gone when the owner is gone.

A child is asked to die with its parent by prctl(PR_SET_PDEATHSIG) where the system has it (Linux), so that even
SIGKILL of the sandbox leaves no process behind. Elsewhere a clean stop is what stops them.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from controller.errors import SandboxError

_PR_SET_PDEATHSIG = 1


def _die_with(parent: int) -> Callable[[], None] | None:
    """A hook for the child between fork and exec; None where the system has no such thing."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def hook() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent died between fork and prctl
            os._exit(1)

    return hook


@contextlib.contextmanager
def free_port() -> Iterator[int]:
    """A TCP port on 127.0.0.1 that is free now; held until the block ends, so that two calls never give the same.

    The holder listens on nothing and has SO_REUSEADDR set: the block's child can bind the port after it ends.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


class Child:
    """One child process whose output goes to a file; use :func:`start`.

    ``name`` is for people; ``log`` is the file with what it printed.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        return await self._process.wait()

    def last_words(self, lines: int = 15) -> str:
        """The end of what it printed."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def check(self) -> None:
        """Raises SandboxError, with the end of its output, when the child is no longer running."""
        if self.returncode is not None:
            words = self.last_words()
            raise SandboxError(f"{self.name} ended with status {self.returncode}" + (f":\n{words}" if words else ""))

    async def stop(self, grace: float = 3.0) -> None:
        """SIGTERM, then SIGKILL after ``grace`` seconds. Does nothing when it has ended already."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), grace)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
                await self._process.wait()


async def spawn(*argv: str, **options: Any) -> asyncio.subprocess.Process:
    """As asyncio's create_subprocess_exec, in a session of its own; a cancellation ends what it has started.

    asyncio kills the process then too, but leaves its pipes open. A session, because a Ctrl-C in the terminal goes to
    the whole group: the owner decides in which order things stop.
    """
    making = asyncio.ensure_future(asyncio.create_subprocess_exec(*argv, start_new_session=True, **options))
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        process = await making
        process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()
        raise


async def start(
    name: str, argv: Sequence[str], log: Path, *, env: dict[str, str] | None = None, stdin: bool = False
) -> Child:
    """Start ``argv`` with both outputs to ``log``. ``env`` is added to the present environment.

    Raises SandboxError when the program is not there.
    """
    with log.open("ab") as out:
        try:
            process = await spawn(
                *argv,
                stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **(env or {})},
                preexec_fn=_die_with(os.getpid()),
            )
        except FileNotFoundError as error:
            raise SandboxError(f"{name}: the program {argv[0]} was not found") from error
    return Child(name, process, log)
