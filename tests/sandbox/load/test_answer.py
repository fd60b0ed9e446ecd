"""Reading one HTTP answer, however it is cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.sandbox.load.answer import Answer, Malformed

FEW = settings(max_examples=40)  # keeps each run short

CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nx-demo-version: v3\r\n\r\n"
    b"4;a=b\r\nwiki\r\nA\r\n0123456789\r\n0\r\n"
)
WHOLE = [
    (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nX-Demo-Version:  v1 \r\n\r\nabc", 200, "v1", True),
    (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", 503, "", True),
    (b"HTTP/1.1 204 No Content\r\nx-demo-version: V-2\r\n\r\n", 204, "V-2", True),
    (b"HTTP/1.1 304\r\ncontent-length: 9\r\n\r\n", 304, "", True),
    (b"HTTP/1.1 200 OK\r\nconnection: Close\r\ncontent-length: 1\r\n\r\nx", 200, "", False),
    (b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx", 200, "", False),
    (b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\nx", 200, "", True),
    (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\na: b\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        200,
        "",
        True,
    ),
    (CHUNKED + b"\r\n", 200, "v3", True),
    (CHUNKED + b"a: b\r\nc: d\r\n\r\n", 200, "v3", True),
]


@FEW
@given(st.sampled_from(WHOLE), st.data())
def test_whole_answers_in_any_pieces(case: tuple[bytes, int, str, bool], data: st.DataObject) -> None:
    stream, status, version, reusable = case
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1))))
    answer = Answer(to_head=False)
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [answer.feed(piece) for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert (answer.status, answer.version, answer.reusable, answer.flags) == (status, version, reusable, "")
    assert answer.begun


@FEW
@given(st.sampled_from(WHOLE), st.data())
def test_a_part_of_an_answer_is_none(case: tuple[bytes, int, str, bool], data: st.DataObject) -> None:
    stream = case[0]
    answer = Answer(to_head=False)
    assert not answer.feed(stream[: data.draw(st.integers(1, len(stream) - 1))])
    assert not answer.at_end()


@FEW
@given(st.sampled_from(WHOLE))
def test_bytes_beyond_the_end_are_refused(case: tuple[bytes, int, str, bool]) -> None:
    with pytest.raises(Malformed):
        Answer(to_head=False).feed(case[0] + b"HTTP")


def test_without_a_length_the_end_of_the_connection_ends_it() -> None:
    answer = Answer(to_head=False)
    assert not answer.at_end()
    assert not answer.feed(b"HTTP/1.1 200 OK\r\n\r\nsome")
    assert not answer.feed(b" more")
    assert answer.at_end()
    assert not answer.reusable


def test_an_answer_to_head_has_no_body() -> None:
    assert Answer(to_head=True).feed(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")


def test_flags_are_what_envoy_says_beside_the_ordinary() -> None:
    answer = Answer(to_head=False)
    answer.feed(
        b"HTTP/1.1 503 X\r\nX-Envoy-Overloaded: true\r\nx-envoy-upstream-service-time: 3\r\n"
        b"x-envoy-ratelimited: true\r\ncontent-length: 0\r\n\r\n"
    )
    assert answer.flags == "overloaded,ratelimited"


@pytest.mark.parametrize(
    "stream",
    [
        b"HTTP/2 200 OK\r\n\r\n",
        b"200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-3\r\n",
        b"x" * 70_000,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"0" * 70_000,
    ],
)
def test_nonsense_is_refused(stream: bytes) -> None:
    with pytest.raises(Malformed):
        Answer(to_head=False).feed(stream)
