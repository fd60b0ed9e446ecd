"""A record stays bounded, and keeps its beginning and its end."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.record import MOST_BYTES, MOST_ENTRIES, Entry, EntryKind, Outcome, Record, Version
from controller.core.record.model import cut
from controller.core.record.thin import thin
from controller.core.record.words import span
from controller.crd.record import content

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).flatmap(
    lambda text: st.integers(1, 80).map(lambda times: text * times)
)
kinds = st.sampled_from(EntryKind)


def record(entries: tuple[Entry, ...]) -> Record:
    image = "registry/" + "i" * 300
    return Record(
        7,
        Version("new", (image,) * 64),
        Version("old", (image,) * 64),
        0.0,
        1000.0,
        Outcome.PROMOTED,
        summary="s" * 1024,
        entries=entries,
    )


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(kinds, texts), min_size=1, max_size=6), st.integers(1, 900))
def test_bounded_whatever_is_said(seed: list[tuple[EntryKind, str]], count: int) -> None:
    told = [
        Entry.of(0, kind, text, text, by=text, value=0.1 + number, sample=10**12, late=True)
        for number, (kind, text) in enumerate(seed)
    ]
    entries = tuple(replace(told[index % len(told)], at=index + 0.001) for index in range(count))
    thinned = thin(record(entries))
    kept = thinned.entries
    assert len(kept) <= MOST_ENTRIES
    assert len(json.dumps(content(thinned), ensure_ascii=False).encode()) <= MOST_BYTES
    assert (kept[0], kept[-1]) == (entries[0], entries[-1])
    assert thinned.left_out == count - len(kept)
    assert list(kept) == sorted(kept, key=lambda entry: entry.at)
    assert thin(thinned) == thinned


def test_nothing_goes_without_need() -> None:
    full = record(tuple(Entry.of(index, EntryKind.VERDICT, "errors", "t" * 100) for index in range(MOST_ENTRIES)))
    assert thin(full) is full


def test_detail_in_the_middle_goes_first_and_the_oldest_of_it() -> None:
    kind = {0: EntryKind.VERDICT, 1: EntryKind.PHASE}
    entries = tuple(Entry.of(index, kind[index % 2], str(index)) for index in range(600))
    thinned = thin(record(entries))
    gone = [int(entry.name) for entry in entries if entry not in thinned.entries]
    assert gone == list(range(40, 240, 2))
    assert thinned.left_out == 100


def test_one_after_the_other_it_comes_to_the_same_ends() -> None:
    growing = record(())
    for index in range(620):
        entry = Entry.of(index, EntryKind.PHASE, str(index))
        growing = thin(replace(growing, entries=(*growing.entries, entry)))
    names = [int(entry.name) for entry in growing.entries]
    assert names[:40] == list(range(40))
    assert names[-160:] == list(range(460, 620))
    assert (len(names), growing.left_out) == (MOST_ENTRIES, 620 - MOST_ENTRIES)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(8, 60))
def test_a_text_is_cut_to_its_bytes_on_one_line(text: str, most: int) -> None:
    found = cut(text, most)
    assert len(found.encode()) <= most
    assert found.isprintable()
    assert cut(found, most) == found


def test_spans_of_time() -> None:
    found = [span(seconds) for seconds in (0, 0.4, 59.6, 61, 600, 3600, 3661, 86400 * 2 + 7200 + 59)]
    assert found == ["0s", "0s", "1m", "1m1s", "10m", "1h", "1h1m", "2d2h"]
