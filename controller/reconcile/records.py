"""Keeps the ReleaseRecord of each release: what a pass came to is noted, and written after the pass has acted.

A record is for people, so nothing waits for one: a write that fails, or takes longer than two seconds, is left to a
later pass, and after it nobody's record is tried for half a minute, longer if it fails again. What was noted meanwhile
is kept in memory; what dies with the process is found in the status by the next one (controller.core.record).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from controller.cluster import Cluster, Kind, Object, version_of
from controller.core.decide import Event
from controller.core.objects import difference
from controller.core.record import Outcome, Record, follow, relevant
from controller.core.status import Status
from controller.crd import record_from_wire, record_to_wire
from controller.crd.record import (
    OUTCOME_LABEL,
    RELEASE_LABEL,
    content,
    labels_of,
    owner_of,
    record_name,
    release_label,
)
from controller.errors import ClusterError, Conflict, NotFound

RECORD = Kind("sluice.dev", "ReleaseRecord")
KEPT = 20
"""Records of one Release."""

Key = tuple[str, str]

_LIMIT = 2.0  # seconds for the writes after one pass
_PAUSE, _LONGEST_PAUSE = 30.0, 600.0  # seconds without records after one that failed; doubled each time
_NOTED = 100  # passes of one release that wait for a write
_TRIES = 3


@dataclass(frozen=True, slots=True)
class _Noted:
    """One pass, as :func:`controller.core.record.follow` takes it."""

    before: Status
    after: Status
    events: tuple[Event, ...]
    now: float


@dataclass(slots=True)
class _Held:
    """The records of one Release that are in progress, as stored, each with its version; and what they lack.

    ``checked``: the status was compared with them in this term. ``until``: the time of the last pass known of.
    """

    stored: dict[int, tuple[Record, str]] = field(default_factory=dict)
    noted: list[_Noted] = field(default_factory=list)
    checked: bool = False
    until: float = 0.0

    def note(self, before: Status, after: Status, events: Sequence[Event], now: float) -> None:
        """Each pass has a time of its own, later than all before it: records tell by that what is in them."""
        self.until = round(max(now, self.until + 0.001), 3)
        self.noted.append(_Noted(before, after, tuple(events), self.until))
        del self.noted[:-_NOTED]

    def found(self, record: Record, version: str) -> None:
        """A record from another process, whose clock may be ahead of ours: what was noted already comes after it."""
        self.stored[record.number] = (record, version)
        self.until = max(self.until, record.until)
        if self.noted and self.noted[0].now <= record.until:
            noted, self.noted = self.noted, []
            for one in noted:
                self.note(one.before, one.after, one.events, one.now)


class Records:
    """``leading`` says whether this process may still write. ``namespaces``: those it is confined to, none for all."""

    def __init__(
        self, cluster: Cluster, leading: Callable[[], bool] = lambda: True, namespaces: Sequence[str] = ()
    ) -> None:
        self._cluster = cluster
        self._leading = leading
        self._namespaces = tuple(namespaces) or ("",)
        self._held: dict[Key, _Held] = {}
        self._found = False  # what an earlier process left in progress
        self._finding = asyncio.Lock()
        self._pause_until = 0.0
        self._failures = 0  # in a row
        self._log = structlog.get_logger(__name__)

    def begin(self) -> None:
        """A term of leadership begins: another process may have written since the last one."""
        self._held.clear()
        self._found = False

    def forget(self, key: Key) -> None:
        """The Release is gone; Kubernetes removes its records."""
        self._held.pop(key, None)

    def note(self, key: Key, before: Status, after: Status, events: Sequence[Event], now: float) -> None:
        """What a pass came to; nothing is sent yet."""
        if relevant(before, after, events):
            self._held.setdefault(key, _Held()).note(before, after, events, now)

    async def write(self, key: Key, release: Object, status: Status, now: float) -> float | None:
        """Bring the records up to date; seconds until it should be tried again, None when that is not needed.

        ``release`` is the Release as an object, ``status`` the one decided last. Raises nothing that the cluster says.
        """
        pause = self._pause_until - now
        if pause <= 0.0 and self._leading():
            try:
                async with asyncio.timeout(_LIMIT):
                    await self._find()
                    if await self._update(key, release, status, now):
                        self._failures = 0
            except (ClusterError, TimeoutError) as error:
                pause = min(_LONGEST_PAUSE, _PAUSE * 2.0 ** min(self._failures, 10))
                self._failures += 1
                self._pause_until = now + pause
                self._log.warning(
                    "a record could not be written; it is tried again later",
                    namespace=key[0],
                    release=key[1],
                    error=str(error) or f"no answer within {_LIMIT:g} s",
                )
        held = self._held.get(key)
        return max(1.0, pause) if held and held.noted else None

    # ---- inside

    async def _find(self) -> None:
        """Once a term: the records of releases in progress, or of such as nobody wrote the end of."""
        async with self._finding:
            if self._found:
                return
            for namespace in self._namespaces:
                labels = f"{OUTCOME_LABEL}={Outcome.IN_PROGRESS}"
                for obj in await self._cluster.list(RECORD, namespace, labels=labels):
                    record, (name, _) = record_from_wire(obj), owner_of(obj)
                    if record is not None and name:
                        held = self._held.setdefault((obj["metadata"]["namespace"], name), _Held())
                        held.found(record, version_of(obj))
            self._found = True

    async def _update(self, key: Key, release: Object, status: Status, now: float) -> bool:
        """Whether there was anything to do."""
        held = self._held.get(key)
        if held is None:
            return False
        if not held.checked and not held.noted and held.stored:
            held.note(status, status, (), now)
        if not held.noted:
            return False
        await self._load(key, held, release)
        for left in reversed(range(_TRIES)):
            try:
                await self._send(key, held, release)
                break
            except Conflict:
                if not left:
                    raise
        held.checked = True
        held.noted.clear()
        for number in [number for number, (record, _) in held.stored.items() if record.ended is not None]:
            del held.stored[number]
        if not held.stored:
            del self._held[key]
        return True

    async def _load(self, key: Key, held: _Held, release: Object) -> None:
        """The record of a release that is over, where something is to be added to it."""
        first = held.noted[0]
        number = first.before.release
        if not number or number in held.stored or first.after.release != number:
            return
        if read := await self._read(key, number, release):
            held.found(*read)

    async def _send(self, key: Key, held: _Held, release: Object) -> None:
        """Raises Conflict when a record was another one than was known; it has been read by then."""
        for record in sorted(_folded(held).values(), key=lambda one: one.number):
            stored = held.stored.get(record.number)
            try:
                answer = await (self._patch(key, *stored, record) if stored else self._create(record, release))
            except Conflict:
                held.stored.pop(record.number, None)
                if read := await self._read(key, record.number, release):
                    held.stored[record.number] = read
                raise
            except NotFound:  # somebody deleted it
                answer = await self._create(record, release)
            held.stored[record.number] = (record, version_of(answer))
            if not stored:
                await self._prune(key, record.number, release)

    async def _create(self, record: Record, release: Object) -> Object:
        return await self._cluster.create(record_to_wire(record, release))

    async def _patch(self, key: Key, stored: Record, version: str, record: Record) -> Object:
        change = difference(content(stored), content(record))
        change["metadata"] = {"labels": labels_of(key[1], record.outcome)}
        return await self._cluster.merge_patch(
            RECORD, key[0], record_name(key[1], record.number), change, version=version
        )

    async def _read(self, key: Key, number: int, release: Object) -> tuple[Record, str] | None:
        """What is stored under this number, and its version. One of another Release, gone by now, makes way."""
        name = record_name(key[1], number)
        try:
            obj = await self._cluster.get(RECORD, key[0], name)
        except NotFound:
            return None
        record, (_, owner) = record_from_wire(obj), owner_of(obj)
        if record is not None and owner == release["metadata"]["uid"]:
            return record, version_of(obj)
        await self._delete(key[0], name, obj["metadata"]["uid"])
        return None

    async def _prune(self, key: Key, newest: int, release: Object) -> None:
        """The oldest go, so that KEPT stay."""
        if newest <= KEPT:
            return
        labels = f"{RELEASE_LABEL}={release_label(key[1])}"
        for obj in await self._cluster.list(RECORD, key[0], labels=labels):
            number, (_, owner) = obj.get("number"), owner_of(obj)
            if owner == release["metadata"]["uid"] and isinstance(number, int) and number <= newest - KEPT:
                await self._delete(key[0], obj["metadata"]["name"], obj["metadata"]["uid"])

    async def _delete(self, namespace: str, name: str, uid: str) -> None:
        try:
            await self._cluster.delete(RECORD, namespace, name, uid=uid)
        except NotFound:
            pass  # gone already, which is what was wanted


def _folded(held: _Held) -> dict[int, Record]:
    """The records that what was noted changes, by number."""
    known = {number: record for number, (record, _) in held.stored.items()}
    changed: dict[int, Record] = {}
    for one in held.noted:
        for record in follow(known, one.before, one.after, one.events, one.now):
            known[record.number] = changed[record.number] = record
    return changed
