"""What a record of one release holds. Times are epoch seconds, kept to the millisecond as on the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from controller.core.status import Condition, Phase, Status, Truth, Verdict

MOST_ENTRIES = 500
MOST_BYTES = 240 * 1024
"""Of a record's own content as JSON; the rest of 256 KiB is left to its metadata."""

SENTENCE = 1024
"""Bytes of the sentence that says what became of a release."""

_TEXT, _SHORT = 512, 128  # bytes
_AROUND = 260  # bytes of JSON around an entry's texts, at most
_KSTATUS = frozenset({"Ready", "Reconciling", "Stalled"})  # they follow from the phase, which has entries of its own


class Outcome(StrEnum):
    """How a release ended."""

    IN_PROGRESS = "InProgress"
    ADOPTED = "Adopted"
    PROMOTED = "Promoted"
    ROLLED_BACK = "RolledBack"
    SUPERSEDED = "Superseded"
    REVERTED = "Reverted"


class EntryKind(StrEnum):
    """What an entry is about."""

    PHASE = "Phase"
    STEP = "Step"
    VERDICT = "Verdict"
    CONDITION = "Condition"
    COMMAND = "Command"
    EVENT = "Event"


DETAIL = frozenset({EntryKind.VERDICT, EntryKind.CONDITION})
"""Entries that go first when a record gets too long."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. ``name``: the phase, step, gate, condition or command, or an event's reason.

    ``by``: the person. ``value`` and ``sample``: a gate's, see GateStatus. ``late``: it was written down afterwards,
    from the status, because whoever decided it could not; then ``at`` is as exact as the status is.
    """

    at: float
    kind: EntryKind
    name: str
    text: str = ""
    by: str = ""
    value: float | None = None
    sample: int = 0
    late: bool = False

    @classmethod
    def of(
        cls,
        at: float,
        kind: EntryKind,
        name: str,
        text: str = "",
        *,
        by: str = "",
        value: float | None = None,
        sample: int = 0,
        late: bool = False,
    ) -> Entry:
        """An entry with its texts cut to what a record has room for."""
        return cls(round(at, 3), kind, cut(name, _SHORT), cut(text, _TEXT), cut(by, _SHORT), value, sample, late)

    @property
    def size(self) -> int:
        """Bytes of JSON, at most."""
        return _AROUND + len(json.dumps([self.name, self.text, self.by], ensure_ascii=False).encode())


@dataclass(frozen=True, slots=True)
class Version:
    """A revision and its images."""

    revision: str
    images: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.revision} ({', '.join(self.images)})" if self.images else self.revision


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What a gate said last."""

    name: str
    verdict: Verdict = Verdict.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class ConditionStatus:
    """What a condition said last."""

    type: str
    status: Truth = Truth.FALSE


@dataclass(frozen=True, slots=True)
class Position:
    """What the entries lead up to: the next ones are what the status says differently. ``step`` counts from 0."""

    phase: Phase | None = None
    step: int | None = None
    in_effect: bool = False
    command_at: float | None = None
    gates: tuple[GateVerdict, ...] = ()
    conditions: tuple[ConditionStatus, ...] = ()

    @classmethod
    def of(cls, status: Status) -> Position:
        """That of a status."""
        step, handled = status.step, status.handled
        return cls(
            phase=status.phase,
            step=step.index if step else None,
            in_effect=bool(step and step.in_effect_since is not None),
            command_at=round(handled.at, 3) if handled and handled.at is not None else None,
            gates=tuple(GateVerdict(gate.name, gate.verdict) for gate in status.gates),
            conditions=tuple(ConditionStatus(one.type, one.status) for one in told(status)),
        )


@dataclass(frozen=True, slots=True)
class Record:
    """One release, from its start. ``number`` counts the releases of a Release from 1, which is the adoption.

    ``reason`` (one word) says why it was rolled back. ``requests``: those that were counted while traffic was split,
    and ``candidate_requests`` the candidate's part. ``left_out``: entries that were taken out for want of room.
    ``until``: the time of the last pass that it tells of.
    """

    number: int
    candidate: Version
    stable: Version | None
    started: float
    ended: float | None = None
    outcome: Outcome = Outcome.IN_PROGRESS
    reason: str = ""
    summary: str = ""
    requests: int = 0
    candidate_requests: int = 0
    entries: tuple[Entry, ...] = ()
    left_out: int = 0
    until: float = 0.0
    position: Position = Position()


def told(status: Status) -> list[Condition]:
    """The conditions that a record follows."""
    return [condition for condition in status.conditions if condition.type not in _KSTATUS]


def cut(text: str, most: int) -> str:
    """At most ``most`` bytes of UTF-8, on one line; a longer text ends in an ellipsis."""
    line = "".join(sign if sign.isprintable() else " " for sign in text)
    if len(line.encode()) <= most:
        return line
    return line.encode()[: most - 3].decode(errors="ignore") + "…"
