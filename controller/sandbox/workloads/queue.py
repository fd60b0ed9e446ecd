"""Which key next: each once however often it is added, one worker at a time per key, delays, and back-off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import aiohttp

from controller.sandbox.client import ApiError, Key

Reconcile = Callable[[Key], Awaitable[float | None]]

_FIRST_DELAY = 0.02
_LONGEST_DELAY = 5.0
_log = logging.getLogger(__name__)


class Queue:
    """Keys for ``reconcile``, which brings one key's objects nearer to what is wanted.

    What it returns is the number of seconds after which it wants to look again without a cause; None for never.
    A refusal by the API or a lost connection is tried again after a growing delay. Any other error is a bug: it is
    logged, kept in ``crashes``, and the key is tried again, so that one strange object does not stop all others.
    """

    def __init__(self, name: str, reconcile: Reconcile, workers: int = 8) -> None:
        self.name = name
        self.crashes: list[Exception] = []
        self._reconcile = reconcile
        self._workers = workers
        self._ready: asyncio.Queue[Key] = asyncio.Queue()
        self._waiting: set[Key] = set()  # in _ready
        self._running: set[Key] = set()
        self._again: set[Key] = set()  # added while running
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}

    def add(self, key: Key) -> None:
        """As soon as a worker is free."""
        if timer := self._timers.pop(key, None):
            timer.cancel()
        if key in self._running:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.put_nowait(key)

    def add_after(self, key: Key, seconds: float) -> None:
        """In ``seconds``, unless it is looked at earlier for another cause."""
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= loop.time() + seconds:
                return
            timer.cancel()
        self._timers[key] = loop.call_later(seconds, self.add, key)

    async def run(self) -> None:
        """Work for ever."""
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self._workers):
                    group.create_task(self._work(), name=f"{self.name}-{number}")
        finally:
            for timer in self._timers.values():
                timer.cancel()

    async def _work(self) -> None:
        while True:
            key = await self._ready.get()
            self._waiting.discard(key)
            self._running.add(key)
            delay = await self._attempt(key)
            self._running.discard(key)
            if key in self._again:
                self._again.discard(key)
                self.add(key)
            elif delay is not None:
                self.add_after(key, delay)

    async def _attempt(self, key: Key) -> float | None:
        try:
            delay = await self._reconcile(key)
        except (ApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.info("%s %s/%s: %s", self.name, *key, error)
            return self._backoff(key)
        except Exception as error:
            _log.exception("%s %s/%s", self.name, *key)
            self.crashes.append(error)
            return self._backoff(key)
        self._failures.pop(key, None)
        return delay

    def _backoff(self, key: Key) -> float:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        return min(_FIRST_DELAY * 2.0 ** (failures - 1), _LONGEST_DELAY)
