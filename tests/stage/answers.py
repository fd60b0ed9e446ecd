"""A provider of measurements that answers by the name of the revision."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from controller.providers.measurement import Measurement, Past, Row


class Answers:
    """A provider: queries that name a ``bad`` revision are answered 1, others 0; ``error`` is what it says instead."""

    def __init__(self, bad: Callable[[str], bool]) -> None:
        self.bad = bad
        self.error = ""
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None  # while set to an event: no answer before it

    async def measure(self, query: str, at: float) -> Measurement:
        self.asked.append(query)
        if self.gate is not None:
            await self.gate.wait()
        if self.error:
            return Measurement(at, error=self.error)
        named = re.fullmatch(r'failures{revision="(\w+)"}', query)
        return Measurement(at, (Row({}, float(self.bad(named[1]))),) if named else ())

    async def past(self, query: str, start: float, end: float, step: float) -> Past:
        self.asked.append(query)
        if self.gate is not None:
            await self.gate.wait()
        return Past(error=self.error)
