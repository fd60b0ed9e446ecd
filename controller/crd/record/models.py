"""The models of a ReleaseRecord, each beside its dataclass in ``controller.core.record``, field by field."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from controller.core import record as core
from controller.core.status import Phase, Truth, Verdict
from controller.crd.status.model import StatusModel
from controller.crd.status.types import Amount, Count, Name, Sentence, Time


class Version(StatusModel):
    """A revision and its images."""

    mirrors = core.Version

    revision: Name
    """Its short hash."""
    images: Annotated[tuple[Name, ...], Field(max_length=64)] = ()
    """Its images, in the order of its containers."""


class Entry(StatusModel):
    """One thing that happened."""

    mirrors = core.Entry

    at: Time
    """When."""
    kind: core.EntryKind
    """What it is about."""
    name: Name
    """The phase, step, gate, condition or command, or an event's reason."""
    text: Sentence = ""
    """What happened."""
    by: Name = ""
    """Who did it."""
    value: Amount | None = None
    """What the gate found, in its own unit: a ratio, seconds, requests per second."""
    sample: Count = 0
    """The requests that it rests on."""
    late: bool = False
    """It was written down afterwards, from the status."""


class GateVerdict(StatusModel):
    """What a gate said last."""

    mirrors = core.GateVerdict

    name: Name
    """The gate's name."""
    verdict: Verdict = Verdict.INCONCLUSIVE
    """What it said."""


class ConditionStatus(StatusModel):
    """What a condition said last."""

    mirrors = core.ConditionStatus

    type: Name
    """What it is about."""
    status: Truth = Truth.FALSE
    """True, False or Unknown."""


class Position(StatusModel):
    """What the entries lead up to."""

    mirrors = core.Position

    phase: Phase | None = None
    """The phase."""
    step: Count | None = None
    """The step, from 0."""
    in_effect: bool = False
    """Whether its traffic is in effect."""
    command_at: Time | None = None
    """When the last command was handled."""
    gates: Annotated[tuple[GateVerdict, ...], Field(max_length=64)] = ()
    """What each gate said last."""
    conditions: Annotated[tuple[ConditionStatus, ...], Field(max_length=32)] = ()
    """What each condition said last."""


class ReleaseRecord(StatusModel):
    """What became of one release, entry by entry."""

    mirrors = core.Record

    number: Count
    """Counts the releases of a Release from 1, its adoption."""
    candidate: Version
    """What was released."""
    stable: Version | None = None
    """What served before; nothing at the adoption."""
    started: Time
    """When it began."""
    ended: Time | None = None
    """When it was over."""
    outcome: core.Outcome = core.Outcome.IN_PROGRESS
    """How it ended."""
    reason: Name = ""
    """Why it was rolled back, in one word."""
    summary: Sentence = ""
    """What became of it, in a sentence."""
    requests: Count = 0
    """The requests that were judged, counted while traffic was split."""
    candidate_requests: Count = 0
    """Those of them that the candidate answered."""
    entries: Annotated[tuple[Entry, ...], Field(max_length=core.MOST_ENTRIES)] = ()
    """What happened, the oldest first."""
    left_out: Count = 0
    """Entries that were taken out of the middle for want of room, changes of verdicts and conditions first."""
    until: Time = 0.0
    """The time of the last pass that it tells of; for Sluice alone to read."""
    position: Position = Position()
    """What the entries lead up to; for Sluice alone to read."""

    def derived(self) -> dict[str, Any]:
        return {} if self.ended is None else {"duration": core.span(self.ended - self.started)}


DERIVED = {"duration": "How long it took, such as 12m30s."}
"""What ``derived`` writes, with its description for the schema."""
