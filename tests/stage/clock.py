"""Time that only moves when told, and the controller's queue by it."""

from __future__ import annotations

import asyncio
import time

from controller.errors import ClusterError
from controller.loop import Key
from controller.workqueue import Handler, WorkQueue


class Clock:
    """Epoch seconds that only move when told."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self._real = False

    def __call__(self) -> float:
        return time.time() if self._real else self.now

    def follow(self) -> None:
        """Go with the real time from now on, for a controller in a process of its own."""
        self._real = True


class Dates(WorkQueue[Key]):
    """A queue by the stage's clock; :class:`Stage` runs what is due, one pass after the other."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.now = clock
        self.dates: dict[Key, float] = {}
        self.passes: dict[Key, int] = {}
        self.failed: list[Exception] = []
        self.handler: Handler[Key] | None = None

    def add_after(self, key: Key, delay: float) -> None:
        due = self.now() + max(0.0, delay)
        self.dates[key] = min(due, self.dates.get(key, due))

    async def run(self, handler: Handler[Key], workers: int) -> None:
        self.handler = handler
        try:
            await asyncio.Event().wait()
        finally:
            self.handler = None

    async def stop(self, grace: float) -> bool:
        return True

    def due(self) -> list[Key]:
        return [key for key, date in self.dates.items() if date <= self.now()] if self.handler else []

    async def one(self, key: Key) -> None:
        """One pass; what it raises is put back, as the real queue does, a second later."""
        assert self.handler is not None
        del self.dates[key]
        self.passes[key] = self.passes.get(key, 0) + 1
        try:
            await self.handler(key)
        except ClusterError as error:
            self.failed.append(error)
            self.add_after(key, 1.0)
