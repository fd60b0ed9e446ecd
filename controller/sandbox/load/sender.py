"""Sends requests over kept connections and tells the ledger how each ended."""

from __future__ import annotations

import asyncio
import math
from collections import deque

from controller.sandbox.load.answer import Answer
from controller.sandbox.load.connection import Connection
from controller.sandbox.load.ledger import Ledger

_IDLE = 4.0  # seconds after which an unused connection is given up, well below what proxies allow (Envoy: an hour)

Address = tuple[str, int]


class Sending:
    """One request on its way."""

    __slots__ = ("address", "connection", "deadline", "group", "over", "payload", "retried", "started", "to_head")

    def __init__(self, group: str, address: Address, payload: bytes, *, to_head: bool) -> None:
        self.group = group
        self.address = address
        self.payload = payload
        self.to_head = to_head
        self.started = 0.0
        self.deadline = 0.0
        self.retried = False
        self.over = False
        self.connection: Connection | None = None


class Sender:
    """Owns all connections. Times are the loop's."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._loop = asyncio.get_running_loop()
        self._idle: dict[Address, deque[tuple[float, Connection]]] = {}  # the one used last at the right
        self._busy: dict[Connection, tuple[Address, Sending | None]] = {}
        self._waiting: dict[float, deque[Sending]] = {}  # by time limit, so that each queue is in order
        self._sweeping: asyncio.TimerHandle | None = None
        self._sweep_at = math.inf
        self._drained: list[asyncio.Future[None]] = []

    def send(self, sending: Sending, timeout: float, late: float) -> None:
        """Sends one request, ``late`` seconds after its time; it has ``timeout`` seconds from now."""
        self._ledger.sent(sending.group, late)
        sending.started = self._loop.time()
        sending.deadline = sending.started + timeout
        line = self._waiting.setdefault(timeout, deque())
        while line and line[0].over:
            line.popleft()
        line.append(sending)
        self._sweep_by(line[0].deadline)
        self._dispatch(sending, self._take_idle(sending.address))

    async def drained(self) -> None:
        """Returns when no request waits for an answer."""
        while self._ledger.outstanding:
            future: asyncio.Future[None] = self._loop.create_future()
            self._drained.append(future)
            await future

    def close(self) -> None:
        """Ends all connections; requests on their way are not counted as answered."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connection in [*self._busy, *(kept for line in self._idle.values() for _, kept in line)]:
            connection.close()
        self._busy.clear()
        self._idle.clear()

    def _take_idle(self, address: Address) -> Connection | None:
        line = self._idle.get(address)
        while line:
            _, connection = line.pop()
            if connection.is_alive():
                return connection
            connection.close()
        return None

    def _dispatch(self, sending: Sending, connection: Connection | None) -> None:
        if connection is None:
            try:
                connection = Connection(self._loop, sending.address, self)
            except OSError:  # no socket to be had: our own lack, not the target's
                self._end(sending, "", 0, "no-socket")
                return
        sending.connection = connection
        self._busy[connection] = (sending.address, sending)
        connection.send(sending)

    def answered(self, connection: Connection, answer: Answer) -> None:
        address, sending = self._busy.pop(connection)
        if not connection.closed:
            now = self._loop.time()
            self._idle.setdefault(address, deque()).append((now, connection))
            self._sweep_by(now + _IDLE)
        if sending is not None:
            self._end(sending, answer.version, answer.status, answer.flags)

    def lost(self, connection: Connection, reason: str, *, unsent: bool) -> None:
        _, sending = self._busy.pop(connection)
        if sending is None:
            return
        if unsent and connection.served and not sending.retried:
            sending.retried = True
            self._ledger.retried(sending.group)
            self._dispatch(sending, None)
        else:
            self._end(sending, "", 0, reason)

    def idle_end(self, connection: Connection) -> None:
        """It stays in its line, and is_alive sorts it out."""

    def _end(self, sending: Sending, version: str, code: int, reason: str) -> None:
        sending.over = True
        sending.connection = None
        self._ledger.answered(sending.group, version, code, reason, self._loop.time() - sending.started)
        if self._drained and not self._ledger.outstanding:
            for future in self._drained:
                if not future.done():
                    future.set_result(None)
            self._drained.clear()

    def _sweep_by(self, when: float) -> None:
        """Look at limits at this time at the latest."""
        if when < self._sweep_at:
            if self._sweeping is not None:
                self._sweeping.cancel()
            self._sweep_at = when
            self._sweeping = self._loop.call_at(when, self._sweep)

    def _sweep(self) -> None:
        """Ends requests that are out of time and connections that are out of use."""
        now = self._loop.time()
        self._sweeping, self._sweep_at = None, math.inf
        for timeout, line in list(self._waiting.items()):
            while line and (line[0].over or line[0].deadline <= now):
                sending = line.popleft()
                if not sending.over:
                    self._time_out(sending)
            if line:
                self._sweep_by(line[0].deadline)
            else:
                del self._waiting[timeout]
        for address, kept in list(self._idle.items()):
            while kept and (kept[0][1].closed or kept[0][0] + _IDLE <= now):
                kept.popleft()[1].close()
            if kept:
                self._sweep_by(kept[0][0] + _IDLE)
            else:
                del self._idle[address]

    def _time_out(self, sending: Sending) -> None:
        connection = sending.connection
        if connection is not None:
            self._busy.pop(connection, None)
            connection.close()
        self._end(sending, "", 0, "timeout")
