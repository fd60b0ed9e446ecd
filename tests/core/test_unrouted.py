from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.observed import Look
from controller.core.status import Unrouted
from controller.core.unrouted import FACTOR, LEAST, LOOKS, count, surge

SECONDS = 15.0
counts = st.none() | st.floats(0, 1e9)
rates = st.floats(0, 1e6)


def after(before: float, *found: float | None) -> Unrouted:
    known = Unrouted(before)
    for number, one in enumerate(found):
        known = count(known, Look(SECONDS * (number + 1), SECONDS, unrouted=one))
    return known


@pytest.mark.parametrize(
    ("before", "found", "ends"),
    [
        (0.0, [], False),
        (0.0, [1000], False),
        (0.0, [3, 3], True),
        (0.0, [3, 2.9], False),
        (0.0, [1000, 0, 1000], False),
        (0.0, [0, 0, 3, 3], True),
        (1.0, [150, 150], False),
        (1.0, [151, 151], True),
        (1.0, [151, 15, 151], False),
        (1e-3, [3, 3], True),
        (0.0, [3, None, 3], True),
        (0.0, [3, None, None], False),
        (0.0, [None, None, None], False),
    ],
    ids=[
        "no look",
        "one look is a moment",
        "two with the least",
        "fewer than the least",
        "not in a row",
        "late",
        "ten times is not more than ten times",
        "more than ten times",
        "as usual in between",
        "rare before",
        "a look without answer is none",
        "nor does it add to one",
        "nobody answers",
    ],
)
def test_what_ends_a_release(before: float, found: list[float | None], ends: bool) -> None:
    assert bool(surge(after(before, *found))) is ends


def test_it_is_told_in_numbers() -> None:
    assert surge(after(0.01, 0, 200, 250)) == (
        "no pod was found for 450 requests to the Service in 30 s (response flags UH, NC or NR), 15 a second; before "
        "the release it was 0.01"
    )
    assert surge(None) == ""


@given(rates, st.lists(counts, max_size=12))
def test_it_ends_exactly_by_two_looks_in_a_row_that_are_far_above_what_was_usual(
    before: float, found: list[float | None]
) -> None:
    above = [one >= LEAST and one > FACTOR * before * SECONDS for one in found if one is not None]
    row = above[::-1].index(False) if False in above else len(above)
    known = after(before, *found)
    assert known.looks_in_a_row == row
    assert bool(surge(known)) is (row >= LOOKS)


@given(rates, rates, st.lists(counts, max_size=6))
def test_the_more_was_usual_the_less_ends_it(one: float, other: float, found: list[float | None]) -> None:
    low, high = sorted((one, other))
    assert after(high, *found).looks_in_a_row <= after(low, *found).looks_in_a_row


@given(rates, st.lists(counts, max_size=8))
def test_the_looks_after_a_restart_go_on_from_what_was_kept(before: float, found: list[float | None]) -> None:
    half = len(found) // 2
    known = after(before, *found[:half])
    for one in found[half:]:
        known = count(known, Look(0.0, SECONDS, unrouted=one))
    assert known == after(before, *found)
