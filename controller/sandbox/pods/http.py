"""HTTP/1.1 for the demo app: keep-alive, pipelining, chunked and counted bodies, HEAD, Expect.

Of our own because many pods share one process with a demo's other programs on a laptop: an answer that needs no
waiting is written in the same turn of the loop, without a task, which costs a third of a general server's time.
RFC 9112. Not spoken: upgrades, trailers (they are read and dropped), HTTP/2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

_LONGEST_HEAD = 64 * 1024
_LONGEST_BODY = 8 * 2**20  # a demo's; chunks are looked through again with each read
_REASONS = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True)
class Request:
    """One request. ``path`` and ``query`` are as sent; header names are in lower case, repeated ones joined."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """One answer; ``close``: the connection ends with it."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    close: bool = False


Answer = Callable[[Request], Response | Awaitable[Response]]


class Malformed(Exception):
    """What came is no HTTP/1.1 request; ``status`` is the answer to it."""

    def __init__(self, status: int = 400) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class Head:
    """A request's head. ``length`` is the body's, -1 for a chunked one; ``keep``: the connection goes on."""

    method: str
    target: str
    headers: dict[str, str]
    length: int
    keep: bool


def parse_head(raw: bytes) -> Head:
    """A head without its last empty line. Raises Malformed."""
    first, *lines = raw.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[0].isalpha():
        raise Malformed
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Malformed
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    target = words[1]
    if "://" in target.partition("?")[0]:  # the absolute form, as sent to proxies
        target = "/" + target.partition("://")[2].partition("/")[2]
    asked = headers.get("connection", "").lower()
    keep = "close" not in asked and (words[2] == "HTTP/1.1" or "keep-alive" in asked)
    return Head(words[0].upper(), target, headers, _length(headers), keep)


def _length(headers: dict[str, str]) -> int:
    coding = headers.get("transfer-encoding", "").lower()
    if coding:
        if coding != "chunked" or "content-length" in headers:
            raise Malformed
        return -1
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise Malformed
    if int(text) > _LONGEST_BODY:
        raise Malformed(413)
    return int(text)


def take_chunks(data: bytes) -> tuple[bytes, int] | None:
    """The body of chunks at the start of ``data``, and how long they are there; None while some is missing.

    Raises Malformed.
    """
    parts: list[bytes] = []
    at, size = 0, 1
    while size:
        end = data.find(b"\r\n", at)
        if end < 0:
            if len(data) - at > _LONGEST_HEAD:
                raise Malformed
            return None
        try:
            size = int(data[at:end].partition(b";")[0], 16)
        except ValueError:
            raise Malformed from None
        if not 0 <= size <= _LONGEST_BODY or sum(map(len, parts)) + size > _LONGEST_BODY:
            raise Malformed(413)
        at = end + 2
        if size:
            if len(data) < at + size + 2:
                return None
            if data[at + size : at + size + 2] != b"\r\n":
                raise Malformed
            parts.append(data[at : at + size])
            at += size + 2
    while True:  # trailers, up to an empty line
        end = data.find(b"\r\n", at)
        if end < 0:
            return None
        at, empty = end + 2, end == at
        if empty:
            return b"".join(parts), at


class Connection(asyncio.Protocol):
    """One client's connection; ``extra`` are header lines that every answer carries, each with its line's end."""

    def __init__(self, answer: Answer, extra: Callable[[], bytes], connections: set[asyncio.Transport]) -> None:
        self._answer = answer
        self._extra = extra
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._head: Head | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._connections.discard(self._transport)
            self._transport = None
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._data += data
        if self._task is None:
            self._work()
        elif len(self._data) > _LONGEST_HEAD and self._transport is not None:
            self._transport.pause_reading()  # pipelined behind an answer that is not there yet

    def _work(self) -> None:
        """Answer what is complete, one request after the other."""
        try:
            while self._transport is not None and not self._transport.is_closing():
                found = self._next()
                if found is None:
                    return
                head, request = found
                answer = self._answer(request)
                if not isinstance(answer, Response):
                    self._task = asyncio.ensure_future(self._wait(head, answer))
                    return
                self._write(head, answer)
        except Malformed as error:
            self._write(Head("GET", "", {}, 0, False), Response(error.status, b"{}"))

    async def _wait(self, head: Head, answer: Awaitable[Response]) -> None:
        response = await answer
        self._task = None
        self._write(head, response)
        if self._transport is not None:
            self._transport.resume_reading()
        self._work()

    def _next(self) -> tuple[Head, Request] | None:
        if self._head is None:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                if len(self._data) > _LONGEST_HEAD:
                    raise Malformed(431)
                return None
            self._head = parse_head(self._data[:end])
            self._data = self._data[end + 4 :]
            if self._head.headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        head, body = self._head, b""
        if head.length < 0:
            taken = take_chunks(self._data)
            if taken is None:
                return None
            body, self._data = taken[0], self._data[taken[1] :]
        elif head.length:
            if len(self._data) < head.length:
                return None
            body, self._data = self._data[: head.length], self._data[head.length :]
        self._head = None
        path, _, query = head.target.partition("?")
        return head, Request(head.method, path, query, head.headers, body)

    def _write(self, head: Head, response: Response) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        keep = head.keep and not response.close
        bodiless = response.status in (204, 304)
        length = b"" if bodiless else b"content-length: %d\r\n" % len(response.body)
        reason = _REASONS.get(response.status, "").encode()
        text = b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\n%s%s%s\r\n" % (
            response.status,
            reason,
            response.content_type.encode("latin-1"),
            length,
            self._extra(),
            b"" if keep else b"connection: close\r\n",
        )
        self._transport.write(text if bodiless or head.method == "HEAD" else text + response.body)
        if not keep:
            self._transport.close()
