"""The record of one release: what was released, how it went and how it ended, entry by entry. Pure."""

from controller.core.record.follow import follow, relevant
from controller.core.record.model import (
    MOST_BYTES,
    MOST_ENTRIES,
    ConditionStatus,
    Entry,
    EntryKind,
    GateVerdict,
    Outcome,
    Position,
    Record,
    Version,
)
from controller.core.record.words import span

__all__ = [
    "MOST_BYTES",
    "MOST_ENTRIES",
    "ConditionStatus",
    "Entry",
    "EntryKind",
    "GateVerdict",
    "Outcome",
    "Position",
    "Record",
    "Version",
    "follow",
    "relevant",
    "span",
]
