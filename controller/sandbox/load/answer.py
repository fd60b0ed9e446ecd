"""Reads one HTTP/1.1 answer from a byte stream (RFC 9112), keeping only what the account needs."""

from __future__ import annotations

import re

_LONGEST_HEAD = 64 * 1024  # bytes
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: |\r|$)")
_ENVOY = re.compile(rb"\r\nx-envoy-([a-z-]+):")
_PLAIN = {b"upstream-service-time", b"decorator-operation", b"attempt-count"}  # said of answers in good order too
_VERSION = b"\r\nx-demo-version:"


class Malformed(ValueError):
    """What came is not an HTTP/1.1 answer."""


class Answer:
    """One answer as it comes in.

    ``status``, ``version`` (header x-demo-version) and ``flags`` (names of further ``x-envoy-`` headers, joined by
    commas) are set when the head has come; ``begun`` when any byte has. After the end ``reusable`` says whether the
    connection can take another request.
    """

    __slots__ = ("_body", "_buffer", "_chunked", "_no_body", "begun", "flags", "reusable", "status", "version")

    def __init__(self, *, to_head: bool) -> None:
        self.status = 0
        self.version = ""
        self.flags = ""
        self.begun = False
        self.reusable = False
        self._no_body = to_head
        self._buffer = b""
        self._chunked = False
        self._body = -1  # bytes of it still to come; -1: until the connection ends, or not known yet

    def feed(self, data: bytes) -> bool:
        """Takes what came; True when the answer is complete. Raises Malformed, also for bytes beyond its end."""
        self.begun = True
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        while not self.status:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                if len(data) > _LONGEST_HEAD:
                    raise Malformed("the head is too long")
                self._buffer = data
                return False
            self._read_head(data[: end + 2])
            data = data[end + 4 :]
        return self._take_body(data)

    def at_end(self) -> bool:
        """The connection has ended: whether the answer is complete by that."""
        return bool(self.status) and not self._chunked and self._body < 0

    def _read_head(self, head: bytes) -> None:
        matched = _STATUS_LINE.match(head)
        if matched is None:
            raise Malformed("no status line")
        status = int(matched[2])
        if 100 <= status < 200 and status != 101:
            return  # an interim answer; the real one follows
        lowered = head.lower()
        self.status = status
        at = lowered.find(_VERSION)
        if at >= 0:
            start = at + len(_VERSION)
            self.version = head[start : head.index(b"\r\n", start)].strip().decode("latin-1")
        if b"x-envoy-" in lowered:
            self.flags = ",".join(sorted({name.decode() for name in _ENVOY.findall(lowered) if name not in _PLAIN}))
        connection = _header(lowered, b"connection") or b""
        self.reusable = b"close" not in connection and (matched[1] == b"1" or b"keep-alive" in connection)
        self._expect_body(lowered)

    def _expect_body(self, lowered: bytes) -> None:
        length = _header(lowered, b"content-length")
        if self._no_body or self.status in (204, 304):
            self._body = 0
        elif b"chunked" in (_header(lowered, b"transfer-encoding") or b""):
            self._chunked = True
        elif length is not None:
            if not length.isdigit():
                raise Malformed("content-length is no number")
            self._body = int(length)
        else:
            self.reusable = False

    def _take_body(self, data: bytes) -> bool:
        if self._chunked:
            return self._take_chunks(data)
        if self._body < 0:
            return False
        if len(data) > self._body:
            raise Malformed("more bytes than the answer has")
        self._body -= len(data)
        return self._body == 0

    def _take_chunks(self, data: bytes) -> bool:
        """``_body`` is what is left of the present chunk with its line end; -1 before a chunk's first line."""
        while True:
            if self._body > 0:
                taken = min(self._body, len(data))
                self._body -= taken
                data = data[taken:]
                if self._body:
                    return False
                self._body = -1
            if self._body == 0:
                return self._take_trailer(data)
            end = data.find(b"\r\n")
            if end < 0:
                if len(data) > _LONGEST_HEAD:
                    raise Malformed("a chunk's first line is too long")
                self._buffer = data
                return False
            try:
                size = int(data[:end].split(b";")[0].strip(), 16)
            except ValueError:
                raise Malformed("a chunk's size is no number") from None
            if size < 0:
                raise Malformed("a chunk's size is negative")
            data = data[end + 2 :]
            self._body = size + 2 if size else 0

    def _take_trailer(self, data: bytes) -> bool:
        end = 0 if data.startswith(b"\r\n") else data.find(b"\r\n\r\n") + 2
        if end < 2 and not data.startswith(b"\r\n"):
            if len(data) > _LONGEST_HEAD:
                raise Malformed("the trailer is too long")
            self._buffer = data
            return False
        if len(data) > end + 2:
            raise Malformed("more bytes than the answer has")
        return True


def _header(lowered: bytes, name: bytes) -> bytes | None:
    start = lowered.find(b"\r\n" + name + b":")
    if start < 0:
        return None
    start += len(name) + 3
    return lowered[start : lowered.index(b"\r\n", start)].strip()
