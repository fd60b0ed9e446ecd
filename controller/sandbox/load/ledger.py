"""Keeps the account while it grows: exact counts by sort of answer, in parts between marks."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TextIO

from controller.sandbox.load.account import BUCKETS_MS, Account, Failure, Tally, Traffic

RING = 1000  # failures listed one by one
_SECONDS = tuple(bound / 1000 for bound in BUCKETS_MS)
Sort = tuple[str, str, int, str]  # group, version, code, reason


@dataclass(slots=True)
class _Cell:
    count: int = 0
    first: float = 0.0
    last: float = 0.0
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_MS) + 1))

    def add(self, other: _Cell) -> None:
        self.first = min(self.first, other.first) if self.count else other.first
        self.last = max(self.last, other.last)
        self.count += other.count
        self.seconds += other.seconds
        self.buckets = [mine + theirs for mine, theirs in zip(self.buckets, other.buckets, strict=True)]


@dataclass(slots=True)
class _Sending:
    sent: int = 0
    skipped: int = 0
    retried: int = 0
    late: float = 0.0

    def add(self, other: _Sending) -> None:
        self.sent += other.sent
        self.skipped += other.skipped
        self.retried += other.retried
        self.late = max(self.late, other.late)


@dataclass
class _Part:
    """What happened between two marks."""

    since: float
    failures_before: int
    cells: dict[Sort, _Cell] = field(default_factory=dict)
    sending: dict[str, _Sending] = field(default_factory=dict)


class Ledger:
    """``clock`` gives Unix times; with ``record`` every answer is also written there, as a line of JSON."""

    def __init__(self, clock: Callable[[], float], record: TextIO | None = None) -> None:
        self._clock = clock
        self._record = record
        self._failures: deque[Failure] = deque(maxlen=RING)
        self._failed = 0
        self._outstanding: dict[str, int] = {}
        self._parts = [_Part(clock(), 0)]

    @property
    def outstanding(self) -> int:
        """Requests that wait for an answer now."""
        return sum(self._outstanding.values())

    def waiting(self, group: str) -> int:
        """Requests of one group that wait for an answer now."""
        return self._outstanding.get(group, 0)

    def sent(self, group: str, late: float) -> None:
        """A request goes out, ``late`` seconds after its time."""
        sending = self._sending(group)
        sending.sent += 1
        if late > sending.late:
            sending.late = late
        self._outstanding[group] = self._outstanding.get(group, 0) + 1

    def skipped(self, group: str, count: int) -> None:
        self._sending(group).skipped += count

    def retried(self, group: str) -> None:
        self._sending(group).retried += 1

    def answered(self, group: str, version: str, code: int, reason: str, seconds: float) -> None:
        """A request that was sent has ended; code 0: without a whole answer."""
        now = self._clock()
        self._outstanding[group] -= 1
        cells = self._parts[-1].cells
        sort = (group, version, code, reason)
        cell = cells.get(sort)
        if cell is None:
            cell = cells[sort] = _Cell(first=now)
        cell.count += 1
        cell.last = now
        cell.seconds += seconds
        cell.buckets[bisect_left(_SECONDS, seconds)] += 1
        if code == 0 or not version:
            self._failed += 1
            self._failures.append(Failure(self._failed, now, group, version, code, reason, seconds))
        if self._record is not None:
            line = {"time": now, "group": group, "version": version, "code": code, "reason": reason, "seconds": seconds}
            self._record.write(json.dumps(line) + "\n")

    def mark(self) -> int:
        """Begins a new part; its number is what :meth:`account` takes."""
        self._parts.append(_Part(self._clock(), self._failed))
        return len(self._parts) - 1

    def account(self, since: int = 0) -> Account:
        """All since the mark of this number. Raises IndexError when there is none."""
        if not 0 <= since < len(self._parts):
            raise IndexError(since)
        parts = self._parts[since:]
        listed = [failure for failure in self._failures if failure.number > parts[0].failures_before]
        return Account(
            since=parts[0].since,
            until=self._clock(),
            tallies=_tallies(parts),
            failures=tuple(listed),
            lost_failures=self._failed - parts[0].failures_before - len(listed),
            traffic=self._traffic(parts),
        )

    def flush(self) -> None:
        """Writes out what is still to be written of the record."""
        if self._record is not None:
            self._record.flush()

    def _sending(self, group: str) -> _Sending:
        sending = self._parts[-1].sending
        found = sending.get(group)
        if found is None:
            found = sending[group] = _Sending()
        return found

    def _traffic(self, parts: Iterable[_Part]) -> dict[str, Traffic]:
        sums: dict[str, _Sending] = {group: _Sending() for group, count in self._outstanding.items() if count}
        for part in parts:
            for group, sending in part.sending.items():
                sums.setdefault(group, _Sending()).add(sending)
        return {
            group: Traffic(found.sent, found.skipped, found.retried, self.waiting(group), found.late)
            for group, found in sorted(sums.items())
        }


def _tallies(parts: Iterable[_Part]) -> tuple[Tally, ...]:
    sums: dict[Sort, _Cell] = {}
    for part in parts:
        for sort, cell in part.cells.items():
            sums.setdefault(sort, _Cell()).add(cell)
    return tuple(
        Tally(*sort, cell.count, cell.first, cell.last, cell.seconds, tuple(cell.buckets))
        for sort, cell in sorted(sums.items())
    )
