"""A record stays bounded: what is in the middle goes first, and of that the oldest detail.

The first 40 entries (how it began) and the last 160 (how it ended) stay as long as anything else can go. Between them
changes of verdicts and conditions go before phases, steps, commands and events, the oldest first. How many went is
counted in the record.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from controller.core.record.model import DETAIL, MOST_BYTES, MOST_ENTRIES, Entry, Record

_FIRST, _LAST = 40, 160


def thin(record: Record) -> Record:
    """The record with at most MOST_ENTRIES entries and MOST_BYTES."""
    entries = record.entries
    room = MOST_BYTES - _head(record)
    size = sum(entry.size for entry in entries)
    count = len(entries)
    gone: set[int] = set()
    for index in _dispensable(entries):
        if count <= MOST_ENTRIES and size <= room:
            break
        gone.add(index)
        count -= 1
        size -= entries[index].size
    if not gone:
        return record
    kept = tuple(entry for index, entry in enumerate(entries) if index not in gone)
    return replace(record, entries=kept, left_out=record.left_out + len(gone))


def _dispensable(entries: tuple[Entry, ...]) -> Iterator[int]:
    """What may go, in that order: all but the first and the last entry."""
    middle = range(_FIRST, len(entries) - _LAST)
    yield from (index for index in middle if entries[index].kind in DETAIL)
    yield from (index for index in middle if entries[index].kind not in DETAIL)
    yield from (index for index in range(1, len(entries) - 1) if index not in middle)


def _head(record: Record) -> int:
    """Bytes of all but the entries, at most."""
    names = [gate.name for gate in record.position.gates] + [one.type for one in record.position.conditions]
    versions = [[one.revision, *one.images] for one in (record.candidate, record.stable) if one]
    texts = json.dumps([versions, record.summary, record.reason, names], ensure_ascii=False)
    return 1024 + len(texts.encode()) + 64 * len(names)
