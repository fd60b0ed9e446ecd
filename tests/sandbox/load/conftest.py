"""A server whose every misbehaviour is asked for by path, and which counts what it got."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator

import pytest

OK = b"HTTP/1.1 200 OK\r\nX-Demo-Version: v1\r\ncontent-length: 2\r\n\r\nhi"
ANSWERS = {
    "/v2": OK.replace(b"v1", b"v2"),
    "/bare": b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
    "/broken": b"HTTP/1.1 500 Internal Server Error\r\nx-demo-version: v2\r\ncontent-length: 0\r\n\r\n",
    "/overloaded": b"HTTP/1.1 503 X\r\nx-envoy-overloaded: 1\r\nx-envoy-attempt-count: 2\r\ncontent-length: 0\r\n\r\n",
    "/chunked": b"HTTP/1.1 200 OK\r\nx-demo-version: v1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "/polite": OK.replace(b"content-length", b"connection: close\r\ncontent-length"),
    "/until-end": b"HTTP/1.0 200 OK\r\nx-demo-version: v1\r\n\r\nuntil the end",
    "/cut": b"HTTP/1.1 200 OK\r\nx-demo-version: v1\r\ncontent-length: 100\r\n\r\nonly this",
    "/nonsense": b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n",
    "/close": OK,
}
CLOSING = {"/polite", "/until-end", "/cut", "/close", "/drop"}


class Site:
    """``requests`` counts by path; ``connections`` how many were opened; ``release`` lets ``/hold`` answer."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.heads: list[bytes] = []
        self.connections = 0
        self.release = asyncio.Event()
        self.writers: set[asyncio.StreamWriter] = set()
        self.target = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.add(writer)
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        self.heads.append(head)
        self.requests[path] += 1
        if path == "/hold":
            await self.release.wait()
        if path == "/never":
            await asyncio.Event().wait()
        if path != "/drop":
            writer.write(ANSWERS.get(path, OK))
            await writer.drain()
        return path not in CLOSING

    def reset_idle(self) -> None:
        """Ends all connections at once with a reset, as a proxy does that is killed."""
        for writer in list(self.writers):
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    found = Site()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.target = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield found
    server.close()
    for writer in list(found.writers):
        writer.transport.abort()
    await server.wait_closed()
