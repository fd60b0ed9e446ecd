"""Which key is next: deduplicated, one pass at a time per key, delays, backoff with jitter, bounded workers.

A key has at most one date: the earliest that anybody asked for. A pass takes the date with it, so whoever wants a
later look asks for it during the pass (or returns it). A key added while its pass is in hand gets another pass after
that one, since the pass may have read before the change.

Knows no Kubernetes. All calls are made from the event loop's thread.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from controller.errors import SluiceError
from controller.telemetry import Telemetry

Key = TypeVar("Key", bound=Hashable)

Handler = Callable[[Key], Awaitable[float | None]]
"""One pass for one key; returns the seconds until the next look, or None when only a change calls for one."""

# A turn happens at least this often, in seconds, so that a watchdog can tell an idle queue from a dead one.
_TURN = 10.0
_MAX_DOUBLINGS = 32  # keeps 2**n a small number; the cap is reached long before


@dataclass(frozen=True)
class Backoff:
    """Exponential backoff with full jitter: the n-th delay is uniform in [0, min(cap, base * 2**(n-1))] seconds.

    Source: Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
    """

    base: float = 0.5
    cap: float = 60.0

    def delay(self, failures: int, source: random.Random) -> float:
        """The delay in seconds after ``failures`` (1 or more) failures in a row."""
        return source.uniform(0.0, min(self.cap, self.base * 2.0 ** min(failures - 1, _MAX_DOUBLINGS)))


class WorkQueue(Generic[Key]):
    """Keys with dates, and the workers that take them.

    ``clock`` counts seconds and must be the event loop's own (``loop.time``; time.monotonic is that for the standard
    loop). ``on_turn`` is called at least every ten seconds while :meth:`run` is alive. ``on_failure(key, error,
    delay)`` hears of a pass that raised; the default logs it.
    """

    def __init__(
        self,
        name: str = "releases",
        *,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
        source: random.Random | None = None,
        telemetry: Telemetry | None = None,
        on_turn: Callable[[], None] = lambda: None,
        on_failure: Callable[[Key, Exception, float], None] | None = None,
    ) -> None:
        self._name = name
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._random = source or random.Random()
        self._on_turn = on_turn
        self._on_failure = on_failure or self._log_failure
        self._due: dict[Key, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._sequence = itertools.count()  # equal dates are served in the order they came
        self._failures: dict[Key, int] = {}
        self._active: dict[Key, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self._running = False
        self._error: BaseException | None = None
        telemetry = telemetry or Telemetry()
        telemetry.queue_depth.labels(name).set_function(self.depth)
        telemetry.queue_oldest.labels(name).set_function(self.oldest)
        self._retries = telemetry.queue_retries.labels(name)
        self._seconds = {r: telemetry.queue_seconds.labels(name, r) for r in ("done", "failed", "interrupted")}

    # ---- what callers ask for

    def add(self, key: Key) -> None:
        """A pass for this key as soon as a worker is free."""
        self.add_after(key, 0.0)

    def add_after(self, key: Key, delay: float) -> None:
        """A pass in ``delay`` seconds; an earlier date that is already set stays. Ignored after :meth:`close`."""
        if self._closed:
            return
        due = self._clock() + max(0.0, delay)
        known = self._due.get(key)
        if known is None or due < known[0]:
            self._schedule(key, due)

    def retry(self, key: Key) -> float:
        """Counts a failure and puts the key back with backoff; returns the delay in seconds."""
        failures = self._failures.get(key, 0) + 1
        self._failures[key] = failures
        self._retries.inc()
        delay = self._backoff.delay(failures, self._random)
        self.add_after(key, delay)
        return delay

    def forget(self, key: Key) -> None:
        """The next failure of this key is its first again. Its date, if any, stays."""
        self._failures.pop(key, None)

    def failures(self, key: Key) -> int:
        """Failures in a row of this key."""
        return self._failures.get(key, 0)

    def depth(self) -> int:
        """Keys that are due now and wait for a worker."""
        now = self._clock()
        return sum(1 for due, _ in self._due.values() if due <= now)

    def oldest(self) -> float:
        """For how many seconds the oldest due key has waited; 0 when none waits."""
        first = min((due for due, _ in self._due.values()), default=None)
        return 0.0 if first is None else max(0.0, self._clock() - first)

    # ---- life

    async def run(self, handler: Handler[Key], workers: int) -> None:
        """Serves keys with at most ``workers`` passes at once, until :meth:`close` and the passes in hand are done.

        A handler that returns is forgotten by the backoff; one that raises an Exception is retried with it. When
        this call is cancelled, the passes in hand are cancelled and awaited and their keys stay queued, so it can be
        run again. Anything worse than an Exception from a handler is raised from here.
        """
        if workers < 1:
            raise ValueError("a queue needs at least one worker")
        if self._running:
            raise RuntimeError(f"the queue {self._name} is already served")
        self._running = True
        try:
            while self._active or not self._closed:
                self._on_turn()
                self._start(handler, workers)
                await self._rest(full=len(self._active) >= workers)
                if self._error is not None:
                    raise self._error
        finally:
            self._running = False
            self._error = None
            await self._interrupt()

    def close(self) -> None:
        """No new keys and no new passes from now on; what is in hand goes on."""
        self._closed = True
        self._wake.set()

    async def stop(self, grace: float) -> bool:
        """Closes, lets the passes in hand finish within ``grace`` seconds, then cancels them.

        True when every pass finished by itself.
        """
        self.close()
        try:
            async with asyncio.timeout(grace):
                await self._idle.wait()
        except TimeoutError:
            await self._interrupt()
            return False
        return True

    # ---- inside

    def _schedule(self, key: Key, due: float) -> None:
        entry = (due, next(self._sequence))
        self._due[key] = entry
        heapq.heappush(self._heap, (*entry, key))
        if len(self._heap) > 2 * len(self._due) + 64:  # dates moved forward leave dead entries behind
            self._heap = [(*entry, key) for key, entry in self._due.items()]
            heapq.heapify(self._heap)
        self._wake.set()

    def _peek(self) -> float | None:
        """The date at the top, or None; drops entries that are dead or whose key has a pass in hand."""
        while self._heap:
            due, number, key = self._heap[0]
            if self._due.get(key) == (due, number) and key not in self._active:
                return due
            heapq.heappop(self._heap)  # a key in hand is pushed again when its pass ends
        return None

    def _start(self, handler: Handler[Key], workers: int) -> None:
        while not self._closed and len(self._active) < workers:
            due = self._peek()
            if due is None or due > self._clock():
                return
            key = heapq.heappop(self._heap)[2]
            del self._due[key]
            self._idle.clear()
            task = asyncio.create_task(self._pass(handler, key), name=f"{self._name} {key}")
            self._active[key] = task
            task.add_done_callback(lambda done, key=key: self._ended(key, done))  # type: ignore[misc]

    async def _pass(self, handler: Handler[Key], key: Key) -> None:
        begun = self._clock()
        result = "interrupted"
        try:
            again = await handler(key)
            result = "done"
            self.forget(key)
            if again is not None:
                self.add_after(key, again)
        except Exception as error:
            result = "failed"
            self._on_failure(key, error, self.retry(key))
        finally:
            self._seconds[result].observe(max(0.0, self._clock() - begun))

    def _ended(self, key: Key, task: asyncio.Task[None]) -> None:
        del self._active[key]
        if task.cancelled():
            # Whatever it had begun is unknown: the key needs a pass from whoever serves next.
            if key not in self._due:
                self._due[key] = (self._clock(), next(self._sequence))
        elif (error := task.exception()) is not None:
            self._error = error
        if key in self._due:
            heapq.heappush(self._heap, (*self._due[key], key))
        if not self._active:
            self._idle.set()
        self._wake.set()

    async def _rest(self, *, full: bool) -> None:
        """Until something changes, the next date has come, or it is time for a turn."""
        due = None if full or self._closed else self._peek()
        delay = _TURN if due is None else min(_TURN, due - self._clock())
        try:
            async with asyncio.timeout(delay):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _interrupt(self) -> None:
        tasks = list(self._active.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _log_failure(self, key: Key, error: Exception, delay: float) -> None:
        log = structlog.get_logger(__name__)
        expected = isinstance(error, SluiceError)  # anything else is a mistake of ours: with its traceback
        log.warning(
            "pass failed", queue=self._name, key=str(key), error=str(error) or repr(error),
            again_in=round(delay, 2), exc_info=None if expected else error,
        )  # fmt: skip
