"""Kubernetes events about an object, for `kubectl describe` and `kubectl get events`. Never in the caller's way.

Written as core/v1 Events: every server, dashboard and exporter reads those (the newer events.k8s.io form leaves
``lastTimestamp`` and ``count`` empty, which many show as nothing). A repeat costs little: it raises the count of the
first one, at most every half minute; more than ten different messages for one reason become one event; an object
that floods is cut to one new event every half minute.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

import structlog

from controller.cluster.client import MANAGER, Cluster
from controller.cluster.kinds import Kind
from controller.cluster.objects import Object
from controller.errors import ClusterError, Conflict, NotFound, Unreachable

_EVENT = Kind("", "Event", "v1")
_KEPT = 2048  # events that a repeat can still be counted into
_WINDOW = 600.0  # seconds after which a repeat is a new event
_SIMILAR = 10  # messages for one object and reason within the window
_HOLD = 30.0  # seconds between two updates of one event
_BURST, _REFILL = 25, 30.0  # new events of one object at once, and seconds for one more
_TRIES = 4
_MESSAGE = 1024  # bytes; longer is refused by the API server

_Identity = tuple[str, str, str, str]


@dataclass
class _Entry:
    """One event, as written or still to be written."""

    involved: Object
    type: str
    reason: str
    message: str
    first: float  # Unix seconds
    last: float = 0.0  # Unix seconds
    heard: float = 0.0  # monotonic, of the last repeat
    count: int = 0
    name: str = ""  # "" until it was created
    written: float = 0.0  # monotonic; when it was last sent
    due: float | None = None  # monotonic; when to write it, None while there is nothing new to write
    failures: int = 0


@dataclass
class _Subject:
    """What was said about one object: tokens for new events, and the recent messages of each reason."""

    tokens: float = _BURST
    at: float = 0.0
    messages: dict[str, OrderedDict[str, float]] = field(default_factory=dict)


class EventRecorder:
    """Records events in the background; an async context manager whose end writes what is left (at most ``flush`` s).

    ``clock`` counts seconds like the event loop does, ``wall`` gives Unix seconds.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        instance: str = "",
        flush: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        source: random.Random | None = None,
    ) -> None:
        self._cluster = cluster
        self._instance = instance
        self._flush = flush
        self._clock = clock
        self._wall = wall
        self._random = source or random.Random()
        self._entries: OrderedDict[_Identity, _Entry] = OrderedDict()
        self._subjects: OrderedDict[str, _Subject] = OrderedDict()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def record(self, involved: Object, reason: str, message: str, *, warning: bool = False) -> None:
        """An event about ``involved`` (apiVersion, kind and metadata are read). Returns at once and never raises.

        ``reason`` is one CamelCase word, ``message`` a sentence for people, cut to 1 KiB.
        """
        now = self._clock()
        subject_id = involved["metadata"].get("uid") or f"{involved['kind']} {involved['metadata']['name']}"
        subject = self._subject(subject_id, now)
        message = self._combined(subject, reason, _cut(message), now)
        identity = (subject_id, "Warning" if warning else "Normal", reason, message)
        entry = self._entries.get(identity)
        if entry is None or now - entry.heard > _WINDOW:
            if subject.tokens < 1:
                self._count("dropped")
                return
            subject.tokens -= 1
            entry = _Entry(_reference(involved), identity[1], reason, message, first=self._wall(), due=now)
            self._entries[identity] = entry
        else:
            entry.due = max(now, entry.written + _HOLD) if entry.due is None else entry.due
            self._count("held")
        entry.count += 1
        entry.last, entry.heard = self._wall(), now
        self._entries.move_to_end(identity)
        while len(self._entries) > _KEPT:
            self._entries.popitem(last=False)
        self._wake.set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="events")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        try:
            async with asyncio.timeout(self._flush):
                for entry in [entry for entry in self._entries.values() if entry.due is not None]:
                    await self._write(entry)
        except TimeoutError:
            pass

    # ---- inside

    def _subject(self, subject_id: str, now: float) -> _Subject:
        subject = self._subjects.setdefault(subject_id, _Subject(at=now))
        subject.tokens = min(float(_BURST), subject.tokens + (now - subject.at) / _REFILL)
        subject.at = now
        self._subjects.move_to_end(subject_id)
        while len(self._subjects) > _KEPT:
            self._subjects.popitem(last=False)
        return subject

    def _combined(self, subject: _Subject, reason: str, message: str, now: float) -> str:
        """The message, or what stands for all of them once there are too many different ones."""
        recent = subject.messages.setdefault(reason, OrderedDict())
        while recent and now - next(iter(recent.values())) > _WINDOW:
            recent.popitem(last=False)
        if message in recent or len(recent) < _SIMILAR:
            recent[message] = now
            recent.move_to_end(message)
            return message
        return _cut(f"(more events like this one: {next(reversed(recent))})")

    async def _run(self) -> None:
        while True:
            now = self._clock()
            due = [entry for entry in self._entries.values() if entry.due is not None]
            for entry in [entry for entry in due if entry.due is not None and entry.due <= now]:
                await self._write(entry)
            self._wake.clear()
            dates = [entry.due for entry in self._entries.values() if entry.due is not None]
            try:
                async with asyncio.timeout(None if not dates else max(0.0, min(dates) - self._clock())):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _write(self, entry: _Entry) -> None:
        entry.due = None  # what is counted from here on is a new reason to write
        entry.written = self._clock()
        outcome = "updated" if entry.name else "created"
        try:
            await (self._update(entry) if entry.name else self._create(entry))
            entry.failures = 0
        except asyncio.CancelledError:
            entry.due = self._clock()  # cut off by the end of the block, which writes what is left
            raise
        except Unreachable as error:
            entry.failures += 1
            outcome = "failed"
            if entry.failures < _TRIES:
                entry.due = self._clock() + 2.0**entry.failures * self._random.uniform(0.5, 1.5)
            else:
                self._complain(entry, error)
        except ClusterError as error:
            outcome = "failed"
            self._complain(entry, error)
        self._count(outcome)

    async def _create(self, entry: _Entry) -> None:
        name = _name(entry)
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": _namespace(entry)},
            "involvedObject": entry.involved,
            "type": entry.type,
            "reason": entry.reason,
            "message": entry.message,
            "source": {"component": MANAGER},
            "reportingComponent": MANAGER,
            "reportingInstance": self._instance,
        }
        try:
            await self._cluster.create(body | self._counts(entry))
        except Conflict:
            pass  # an earlier try did arrive
        entry.name = name

    async def _update(self, entry: _Entry) -> None:
        try:
            await self._cluster.merge_patch(_EVENT, _namespace(entry), entry.name, self._counts(entry))
        except NotFound:  # the API server forgets events after an hour
            entry.first = self._wall()
            await self._create(entry)

    def _counts(self, entry: _Entry) -> Object:
        return {"count": entry.count, "firstTimestamp": _time(entry.first), "lastTimestamp": _time(entry.last)}

    def _complain(self, entry: _Entry, error: ClusterError) -> None:
        structlog.get_logger(__name__).debug("event lost", reason=entry.reason, error=str(error))

    def _count(self, outcome: str) -> None:
        self._cluster.telemetry.events.labels(outcome).inc()


def _reference(involved: Object) -> Object:
    metadata = involved["metadata"]
    fields = {"apiVersion": involved["apiVersion"], "kind": involved["kind"]} | {
        key: metadata.get(key) for key in ("namespace", "name", "uid", "resourceVersion")
    }
    return {key: value for key, value in fields.items() if value}


def _namespace(entry: _Entry) -> str:
    """Events about cluster-scoped objects live in ``default``."""
    namespace: str = entry.involved.get("namespace", "default")
    return namespace


def _name(entry: _Entry) -> str:
    """The same for every try to write the same event, so that a lost answer makes no second one."""
    said = f"{entry.involved}{entry.type}{entry.reason}{entry.message}{entry.first}"
    return f"{entry.involved['name'][:200]}.{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def _cut(message: str) -> str:
    data = message.encode()
    return message if len(data) <= _MESSAGE else data[: _MESSAGE - 3].decode(errors="ignore") + "…"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
