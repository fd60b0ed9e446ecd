"""Faults on demand: what an API server does on a bad day, on the requests that a test names.

A fault matches requests and does one thing to them: delays, refuses with a code, hangs, or breaks the connection,
before the request takes effect or after. A Stop lets a program write a number of times and is then as good as gone,
which is how a crash after each single write is tested.

A broken connection may go unseen: HTTP clients (aiohttp, Go) send a GET, PUT or DELETE again on their own when a kept
connection breaks. Use ``times=None`` and remove the fault, or break a POST or PATCH.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from controller.sandbox.api.audit import Entry
from controller.sandbox.api.failure import Failure
from controller.sandbox.client import Object

WRITES = frozenset(("create", "update", "patch", "delete", "deletecollection"))
_REASONS = {
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class Dropped(Exception):
    """The connection is to be broken off without an answer."""


@dataclass(frozen=True)
class Match:
    """Which requests. "" matches everything; ``verb`` may be ``write``, or several with commas.

    ``resource`` is the plural; ``subresource`` None means any, "" the main resource alone.
    """

    verb: str = ""
    group: str = ""
    resource: str = ""
    subresource: str | None = None
    namespace: str = ""
    name: str = ""
    agent: str = ""
    user: str = ""

    def told(self) -> str:
        """What is named, for people."""
        named = [f"{name} {value!r}" for name, value in asdict(self).items() if value not in ("", None)]
        return ", ".join(named) or "every request"

    def matches(self, entry: Entry) -> bool:
        if self.verb:
            verbs: Collection[str] = WRITES if self.verb == "write" else self.verb.split(",")
            if entry.verb not in verbs:
                return False
        if self.subresource not in (None, entry.subresource):
            return False
        names = ("group", "resource", "namespace", "name", "agent", "user")
        return all(getattr(self, name) in ("", getattr(entry, name)) for name in names)


@dataclass(eq=False)
class Fault:
    """One fault: ``latency`` (seconds), ``status`` (a code), ``hang``, ``drop`` or ``cut``; latency goes with any.

    ``skip`` matching requests pass first, then ``times`` are hit (None: all). ``after``: the request takes effect and
    only its answer is lost or replaced. ``cut``: a matching watch is broken off after so many lines (0: at once).
    ``hits`` counts what was hit.
    """

    match: Match
    latency: float = 0
    status: int = 0
    retry_after: int = 0
    hang: bool = False
    drop: bool = False
    cut: int | None = None
    after: bool = False
    skip: int = 0
    times: int | None = 1
    id: int = 0
    hits: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, entry: Entry) -> bool:
        """Whether this request is hit; counts it."""
        if self.over.is_set() or not self.match.matches(entry) or (self.cut is not None and entry.verb != "watch"):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        self.hits += 1
        return True

    def remove(self) -> None:
        """Hit nothing any more; what hangs is let go (its connection breaks)."""
        self.over.set()

    async def strike(self) -> None:
        """Do it. Raises Failure or Dropped, or returns after the delay."""
        if self.latency:
            await asyncio.sleep(self.latency)
        if self.hang:
            await self.over.wait()
            raise Dropped
        if self.drop:
            raise Dropped
        if self.status:
            details = {"retryAfterSeconds": self.retry_after} if self.retry_after else None
            text = f"a fault was asked for: {self.status} on {self.match.told()}"
            raise Failure(self.status, _REASONS.get(self.status, ""), text, details)

    def shown(self) -> Object:
        """As JSON, for a process outside."""
        values = {
            entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name not in ("match", "over")
        }
        return {**asdict(self.match), **values}


@dataclass(eq=False)
class Stop:
    """After ``writes`` successful writes of the matching program, its connections break and no request is answered.

    ``answered``: whether the last of those writes still gets its answer. ``reached`` is set at that moment;
    :meth:`remove` lets the program in again.
    """

    match: Match
    writes: int
    answered: bool = True
    done: int = 0
    removed: bool = False
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        if self.writes == 0:
            self.reached.set()

    def refuses(self, entry: Entry) -> bool:
        return self.reached.is_set() and not self.removed and self.match.matches(entry)

    def count(self, entry: Entry) -> bool:
        """Count a write that took effect; whether it was the last one."""
        if self.removed or self.reached.is_set() or entry.verb not in WRITES or not self.match.matches(entry):
            return False
        self.done += 1
        if self.done >= self.writes:
            self.reached.set()
        return self.reached.is_set()

    def remove(self) -> None:
        self.removed = True


class Faults:
    """The faults in force. Use :meth:`add` and :meth:`stop_after`; each gives something with ``remove()``."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._faults: list[Fault] = []
        self._stops: list[Stop] = []

    def add(self, **wanted: Any) -> Fault:
        """A fault from the fields of Match and of Fault. Raises TypeError for an unknown one.

        ``faults.add(verb="update", resource="leases", status=409, times=2)``
        """
        names = {entry.name for entry in fields(Match)}
        match = Match(**{name: value for name, value in wanted.items() if name in names})
        rest = {name: value for name, value in wanted.items() if name not in names}
        fault = Fault(match, **rest, id=next(self._ids))
        self._faults.append(fault)
        return fault

    def stop_after(self, writes: int, *, answered: bool = True, **match: str) -> Stop:
        """Refuse everything after a number of writes by the programs that ``match`` names."""
        stop = Stop(Match(**match), writes, answered)
        self._stops.append(stop)
        return stop

    def clear(self) -> None:
        """No faults any more."""
        for fault in self._faults:
            fault.remove()
        for stop in self._stops:
            stop.remove()
        self._faults.clear()
        self._stops.clear()

    def remove(self, number: int) -> bool:
        """Remove the fault with an id; whether there was one."""
        found = [fault for fault in self._faults if fault.id == number]
        for fault in found:
            fault.remove()
            self._faults.remove(fault)
        return bool(found)

    def listed(self) -> list[Fault]:
        return list(self._faults)

    async def before(self, entry: Entry) -> None:
        """Raises Failure or Dropped instead of the request taking effect."""
        if any(stop.refuses(entry) for stop in self._stops):
            raise Dropped
        for fault in [fault for fault in self._faults if not fault.after and fault.cut is None and fault.take(entry)]:
            await fault.strike()
        if any(stop.refuses(entry) for stop in self._stops):  # it was reached while this request was delayed
            raise Dropped

    async def after(self, entry: Entry, code: int, *, dry_run: bool) -> bool:
        """Raises Failure or Dropped instead of the answer; True when a Stop was just reached."""
        reached = False
        if code < 300 and not dry_run:
            for stop in self._stops:
                if stop.count(entry):
                    reached = True
                    if not stop.answered:
                        raise Dropped
        for fault in [fault for fault in self._faults if fault.after and fault.cut is None and fault.take(entry)]:
            await fault.strike()
        return reached

    def cut_after(self, entry: Entry) -> int | None:
        """After how many lines this watch breaks off; None: it does not."""
        hit = [fault.cut for fault in self._faults if fault.cut is not None and fault.take(entry)]
        return min(hit, default=None)

    def refuses(self, entry: Entry) -> bool:
        """Whether a Stop holds for this program now."""
        return any(stop.refuses(entry) for stop in self._stops)
