"""One watch: a stream of JSON lines -> events.

Protocol: one JSON document a line, ``{"type": ADDED | MODIFIED | DELETED | BOOKMARK | ERROR, "object": ...}``
(kubernetes.io, "API Concepts", efficient detection of changes). An object may be larger than any line buffer of the
HTTP library (etcd takes 1.5 MiB, JSON is larger than what etcd stores), so lines are put together here.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import NamedTuple

from controller.cluster import answers
from controller.cluster.objects import Object
from controller.cluster.transport import Call, Transport
from controller.errors import Unreachable

_MOST = 64 * 2**20  # bytes of one line; beyond that it is no event


class Event(NamedTuple):
    """``item`` of a BOOKMARK has nothing but its resourceVersion."""

    type: str
    item: Object


async def watch(transport: Transport, call: Call, *, quiet: float) -> AsyncGenerator[Event, None]:
    """Events until the server ends the watch. ``quiet``: the longest time in seconds without a byte.

    Raises Gone when the version asked for is compacted, also when that is said inside the stream; another ClusterError
    for an answer that is no watch; aiohttp.ClientError for a connection that breaks; TimeoutError for one that went
    silent. Use it under ``contextlib.aclosing``, else the connection outlives an early end.
    """
    rest = bytearray()
    async with transport.stream(call, quiet=quiet) as body:
        async for chunk in body.iter_any():
            start = 0
            while (end := chunk.find(b"\n", start)) >= 0:
                line = bytes(rest) + chunk[start:end]
                rest.clear()
                start = end + 1
                if line.strip():
                    yield _event(line, call.where)
            rest += chunk[start:]
            if len(rest) > _MOST:
                raise Unreachable(f"a watch sent a line of more than {_MOST} bytes", where=call.where)
    # What is left without a line's end was cut off in the middle, and comes again with the next watch.


def _event(line: bytes, where: str) -> Event:
    try:
        raw = json.loads(line)
        event = Event(raw["type"], raw["object"])
        if event.type == "ERROR":
            raise answers.of_status(event.item, where)
        if not isinstance(event.item["metadata"]["resourceVersion"], str):
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError):
        shown = line[:80].decode(errors="replace")
        raise Unreachable(f"a watch sent something that is no event: {shown}", where=where) from None
    return event
