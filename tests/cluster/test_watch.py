from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.cluster import Cluster
from controller.cluster.transport import Call
from controller.cluster.watch import Event, watch
from controller.errors import Gone, Unreachable

CALL = Call("watch", "/w", "ConfigMap *", "ConfigMap", 10.0, {"watch": "true"})


async def events(cluster: Cluster) -> list[Event]:
    async with contextlib.aclosing(watch(cluster.transport, CALL, quiet=5)) as stream:
        return [event async for event in stream]


def line(version: int, text: str = "") -> str:
    item = {"metadata": {"name": "a", "resourceVersion": str(version)}, "data": {"text": text}}
    return json.dumps({"type": "ADDED", "object": item}) + "\n"


async def test_events_come_in_order_and_a_torn_last_line_is_left_for_the_next_watch(
    script: Any, scripted: Cluster, reply: Any
) -> None:
    script.on("/w?watch", reply(line(1) + line(2, "x" * 3_000_000) + line(3) + line(4)[:-20]))
    found = await events(scripted)
    assert [event.item["metadata"]["resourceVersion"] for event in found] == ["1", "2", "3"]
    assert len(found[1].item["data"]["text"]) == 3_000_000


async def test_a_line_without_end_is_given_up(
    script: Any, scripted: Cluster, reply: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.cluster.watch._MOST", 1000)
    script.on("/w?watch", reply("x" * 100_000))
    with pytest.raises(Unreachable, match="more than 1000 bytes"):
        await events(scripted)


async def test_errors_inside_and_instead_of_the_stream(script: Any, scripted: Cluster, reply: Any) -> None:
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old resource version"}}
    script.on("/w?watch", reply(line(1) + json.dumps(gone) + "\n"))
    with pytest.raises(Gone, match="too old resource version"):
        await events(scripted)
    script.on("/w?watch", reply("<html>login</html>", content_type="text/html"))
    with pytest.raises(Unreachable, match="login"):
        await events(scripted)
    script.on("/w?watch", reply("{}", content_type="text/plain"))
    with pytest.raises(Unreachable, match="text/plain"):
        await events(scripted)


@given(st.lists(st.integers(1, 40), max_size=30), st.data())
def test_lines_are_put_together_however_they_are_cut(sizes: list[int], data: st.DataObject) -> None:
    whole = "".join(line(n, "ü" * size) for n, size in enumerate(sizes)).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=20)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    class Body:
        async def iter_any(self) -> Any:
            for piece in pieces:
                yield piece

    class Transport:
        @contextlib.asynccontextmanager
        async def stream(self, _call: Call, *, quiet: float) -> Any:
            yield Body()

    async def main() -> list[str]:
        stream = watch(Transport(), CALL, quiet=1)  # type: ignore[arg-type]
        return [event.item["metadata"]["resourceVersion"] async for event in stream]

    assert asyncio.run(main()) == [str(n) for n in range(len(sizes))]
