"""One keep-alive connection, on a plain non-blocking socket.

Sockets are used directly, not asyncio's transports, because we must know how many bytes of a request the system took.

A request counts as **certainly not sent** when the system took none of its bytes: the connection was found closed
before the first byte, or the first write failed as a whole. Only then, and only on a connection that had served before,
is it sent once more, on a new connection (and counted as retried).

Once a byte has been handed over, a proxy may have passed the request on, whatever happens to the connection: such an
end is a failure. Where no byte of an answer had come on a connection used before, its reason is ``closed-reused`` or
``reset-reused``, so that a reader can tell it from others. To make that rare, an idle connection is looked at (a peek
for its end) just before it is used, and given up after some seconds without use.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Protocol

from controller.sandbox.load.answer import Answer, Malformed

_CHUNK = 64 * 1024  # bytes read at once


class Request(Protocol):
    """What a connection knows of a request."""

    payload: bytes
    to_head: bool


class Owner(Protocol):
    """Who is told how it ended. Every call comes after the connection has let go of the request."""

    def answered(self, connection: Connection, answer: Answer) -> None:
        """The whole answer has come; the connection is closed unless it can be reused."""

    def lost(self, connection: Connection, reason: str, *, unsent: bool) -> None:
        """No (whole) answer will come: the connection is closed. ``unsent``: certainly not sent, see the module."""

    def idle_end(self, connection: Connection) -> None:
        """An idle connection has ended."""


class Connection:
    """One connection to ``address``, for one request at a time. Not usable any more when ``closed``."""

    __slots__ = ("_answer", "_connecting", "_fd", "_loop", "_owner", "_payload", "_sent", "_socket", "closed", "served")

    def __init__(self, loop: asyncio.AbstractEventLoop, address: tuple[str, int], owner: Owner) -> None:
        """Begins to connect. Raises OSError when the system gives no socket."""
        self.served = 0  # whole answers so far
        self.closed = False
        self._loop = loop
        self._owner = owner
        self._answer: Answer | None = None
        self._payload = b""
        self._sent = 0
        self._socket = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._fd = self._socket.fileno()
        self._connecting = True
        error = self._socket.connect_ex(address)
        if error in (0, errno.EINPROGRESS):
            loop.add_writer(self._fd, self._connected)
        else:
            loop.call_soon(self._fail, _reason(error))

    def send(self, request: Request) -> None:
        """Sends the request now, or when connected. The owner is told of its end, never from inside this call."""
        self._payload = request.payload
        self._sent = 0
        self._answer = Answer(to_head=request.to_head)
        if not self._connecting:
            self._write(self._fail_soon)

    def is_alive(self) -> bool:
        """Whether an idle connection still looks usable: not ended, and nothing came that nobody asked for."""
        if self.closed:
            return False
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Ends it; a request on it is forgotten."""
        if not self.closed:
            self.closed = True
            self._answer = None
            self._loop.remove_writer(self._fd)
            self._loop.remove_reader(self._fd)
            self._socket.close()

    def _connected(self) -> None:
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self._fail(_reason(error))
            return
        self._connecting = False
        self._loop.remove_writer(self._fd)
        self._loop.add_reader(self._fd, self._readable)
        if self._answer is not None:
            self._write(self._fail)

    def _write(self, fail: Callable[[str], None]) -> None:
        try:
            self._sent += self._socket.send(self._payload[self._sent :] if self._sent else self._payload)
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            fail(_reason(error.errno or 0))
            return
        if self._sent < len(self._payload):
            self._loop.add_writer(self._fd, self._write_on)

    def _write_on(self) -> None:
        self._loop.remove_writer(self._fd)
        self._write(self._fail)

    def _readable(self) -> None:
        try:
            data = self._socket.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(_reason(error.errno or 0))
            return
        answer = self._answer
        if answer is None:
            self._fail("closed")
            return
        if not data:
            if answer.at_end():
                self._finish(answer)
            else:
                self._fail("closed")
            return
        try:
            complete = answer.feed(data)
        except Malformed:
            self._fail("malformed")
            return
        if complete:
            self._finish(answer)

    def _finish(self, answer: Answer) -> None:
        self.served += 1
        self._answer = None
        if not answer.reusable or self._sent < len(self._payload):
            self.close()
        self._owner.answered(self, answer)

    def _fail_soon(self, reason: str) -> None:
        self._loop.call_soon(self._fail, reason)

    def _fail(self, reason: str) -> None:
        if self.closed:  # closed by its owner, say for a time limit, before this came
            return
        answer = self._answer
        self.close()
        if answer is None:
            self._owner.idle_end(self)
            return
        if answer.begun and reason != "malformed":
            reason = "cut"
        elif not answer.begun and self.served and reason in ("closed", "reset"):
            reason += "-reused"
        self._owner.lost(self, reason, unsent=self._sent == 0)


def _reason(error: int) -> str:
    """``refused``, ``reset`` or ``unreachable``."""
    if error == errno.ECONNREFUSED:
        return "refused"
    return "reset" if error in (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED) else "unreachable"
