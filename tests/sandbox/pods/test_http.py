"""The server's HTTP/1.1, byte by byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sandbox.pods.http import Connection, Malformed, Request, Response, parse_head, take_chunks

END = b"\r\n\r\n"


class Served:
    """A server that answers with what it was asked, and one connection to it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: list[Request]) -> None:
        self.reader = reader
        self.writer = writer
        self.asked = asked

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        first, *lines = (await self.reader.readuntil(END)).decode().rstrip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return int(first.split()[1]), headers, await self.reader.readexactly(int(headers.get("content-length", 0)))


def answer(request: Request) -> Response | Awaitable[Response]:
    body = f"{request.method} {request.path} {request.query}|".encode() + request.body

    async def late() -> Response:
        await asyncio.sleep(0.01)
        return Response(200, body)

    return late() if request.path == "/late" else Response(204 if request.path == "/none" else 200, body, "text/plain")


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    asked: list[Request] = []
    connections: set[asyncio.Transport] = set()

    def note(request: Request) -> Response | Awaitable[Response]:
        asked.append(request)
        return answer(request)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(note, lambda: b"x-extra: 1\r\n", connections), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    yield Served(reader, writer, asked)
    writer.close()
    await asyncio.gather(writer.wait_closed(), return_exceptions=True)
    for transport in list(connections):
        transport.abort()
    server.close()
    await server.wait_closed()


async def test_requests_one_after_the_other_and_pipelined(served: Served) -> None:
    served.writer.write(b"GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n")
    status, headers, body = await served.answer()
    assert (status, body, headers["x-extra"]) == (200, b"GET /a x=1|", "1")
    served.writer.write(
        b"GET /late HTTP/1.1\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 4\r\n\r\nbodyGET /c HTTP/1.1\r\n\r\n"
    )
    assert [(await served.answer())[2] for _ in range(3)] == [b"GET /late |", b"POST /b |body", b"GET /c |"]


async def test_a_request_may_come_in_any_pieces(served: Served) -> None:
    for byte in b"POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n":
        served.writer.write(bytes([byte]))
        await served.writer.drain()
    assert (await served.answer())[2] == b"POST /p |abcde"


async def test_headers_are_lower_case_trimmed_and_joined(served: Served) -> None:
    served.writer.write(b"GET / HTTP/1.1\r\nX-One:  a \r\nx-one: b\r\n\r\n")
    await served.answer()
    assert served.asked[0].headers == {"x-one": "a, b"}


async def test_answers_without_a_body(served: Served) -> None:
    served.writer.write(b"HEAD / HTTP/1.1\r\n\r\n")
    head = await served.reader.readuntil(END)
    assert b"content-length: 8\r\n" in head
    served.writer.write(b"GET /none HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\n\r\n")
    assert b"content-length" not in await served.reader.readuntil(END)
    assert (await served.answer())[2] == b"GET /x |"


async def test_a_client_that_waits_to_send_its_body_is_told_to(served: Served) -> None:
    served.writer.write(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert await served.reader.readuntil(END) == b"HTTP/1.1 100 Continue\r\n\r\n"
    served.writer.write(b"ok")
    assert (await served.answer())[2] == b"POST / |ok"


@pytest.mark.parametrize("first", [b"GET / HTTP/1.0\r\n", b"GET / HTTP/1.1\r\nConnection: close\r\n"])
async def test_the_connection_ends_where_the_client_asks_for_it(served: Served, first: bytes) -> None:
    served.writer.write(first + b"\r\n")
    assert (await served.answer())[1]["connection"] == "close"
    assert await served.reader.read() == b""


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"hello" + END, 400),
        (b"GET / HTTP/2" + END, 400),
        (b"GET / HTTP/1.1\r\nno colon" + END, 400),
        (b"GET / HTTP/1.1\r\nName : x" + END, 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1" + END, 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 99999999999" + END, 413),
        (b"GET / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked" + END, 400),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked" + END + b"zz\r\n", 400),
        (b"GET /" + b"x" * 70_000, 431),
    ],
)
async def test_what_is_no_request_is_refused_and_cut(served: Served, raw: bytes, status: int) -> None:
    served.writer.write(raw)
    assert (await served.answer())[0] == status
    assert served.asked == []


def test_the_absolute_form_is_a_path() -> None:
    assert parse_head(b"GET http://shop.example/a?u=x://y HTTP/1.1").target == "/a?u=x://y"
    assert parse_head(b"GET /a?u=x://y HTTP/1.1").target == "/a?u=x://y"


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5), st.binary(max_size=10))
def test_chunks_are_put_together_once_all_are_there(parts: list[bytes], rest: bytes) -> None:
    raw = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    assert take_chunks(raw + rest) == (b"".join(parts), len(raw))
    assert all(take_chunks(raw[:cut]) is None for cut in range(len(raw)))


def test_a_chunk_that_does_not_end_is_malformed() -> None:
    with pytest.raises(Malformed):
        take_chunks(b"2\r\nabcd\r\n")
