"""What of the sandbox can start before the sandbox is imported: its folder, its API's port, and the pods' process.

Each of the two programs needs more than half a second for its imports; begun first, the pods' imports beside the
other's. This module therefore imports nothing heavy. (The users' process starts later on purpose: a third one would
only take the other two's time on a machine with two cores.)
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from controller.errors import SandboxError
from controller.sandbox.directory import temporary
from controller.sandbox.programs import Program, start_pods

_BACKLOG = 128


@dataclass(frozen=True)
class Begun:
    """``listener`` is the API's: who connects already is answered as soon as the API serves it."""

    directory: Path
    listener: socket.socket
    pods: Program


@contextlib.asynccontextmanager
async def begin(port: int = 0) -> AsyncIterator[Begun]:
    """Start them for the length of the block, the API on ``port`` (0: any free one).

    Nothing of it is left after the block, however it ends, nor after a SIGKILL of this process. Raises SandboxError
    when the port is taken.
    """
    async with contextlib.AsyncExitStack() as stack:
        listener = stack.enter_context(_listen(port))
        directory = await stack.enter_async_context(temporary())
        pods = await start_pods(directory, f"http://127.0.0.1:{listener.getsockname()[1]}")
        stack.push_async_callback(pods.child.stop)
        yield Begun(directory, listener, pods)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
    except OSError as error:
        raise SandboxError(f"port {port} cannot be used: {error.strerror or error}; choose another or 0") from error
