from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.observed import Counts, Look
from controller.core.share import ALPHA, ejected, follow
from controller.core.status import Failing

counts = st.integers(0, 10_000)


def look(ours: tuple[float, float], theirs: tuple[float, float], missing: str = "") -> Look:
    return Look(100.0, 15.0, Counts(*ours), Counts(*theirs), missing=missing)


KNOWN = Failing(12, 130, 40)


@pytest.mark.parametrize(
    ("known", "seen", "after"),
    [
        (None, look((130, 12), (900, 0)), Failing(12, 130)),
        (None, look((100, 1), (900, 9)), None),
        (None, look((100, 2), (900, 9)), Failing(2, 100)),
        (None, look((100, 1), (0, 0)), Failing(1, 100)),
        (None, look((100, 0), (0, 0)), None),
        (None, look((0, 0), (900, 0)), None),
        (KNOWN, look((0, 0), (900, 9)), Failing(12, 130, 940)),
        (KNOWN, look((0, 0), (0, 0)), KNOWN),
        (KNOWN, look((5, 0), (900, 0)), None),
        (KNOWN, look((5, 3), (900, 0)), Failing(3, 5)),
        (KNOWN, look((0, 0), (0, 0), missing="Prometheus is away"), KNOWN),
        (None, look((0, 0), (0, 0), missing="Prometheus is away"), None),
    ],
    ids=[
        "errors",
        "as many as stable's",
        "more than stable's",
        "stable has no requests",
        "no errors",
        "never any request",
        "none any more",
        "nobody has any",
        "back, and well",
        "back, and failing",
        "no answer",
        "no answer at first",
    ],
)
def test_what_is_known_of_a_failing_candidate(known: Failing | None, seen: Look, after: Failing | None) -> None:
    assert follow(known, seen) == after


@pytest.mark.parametrize(
    ("failing", "share", "wanted"),
    [
        (None, 100, False),
        (Failing(12, 130), 100, False),
        (Failing(12, 130, 87), 100, False),
        (Failing(12, 130, 88), 100, True),
        (Failing(12, 130, 900), 10, False),
        (Failing(12, 130, 920), 10, True),
        (Failing(12, 130, 14), 500, True),
        (Failing(12, 130, 9_999), 0, False),
        (Failing(12, 130, 9_999), 1000, False),
    ],
)
def test_it_is_ejected_once_chance_cannot_keep_all_requests_from_it(
    failing: Failing | None, share: int, wanted: bool
) -> None:
    assert ejected(failing, share) is wanted


@given(st.integers(1, 999), counts)
def test_a_right_split_is_seldom_taken_for_an_ejection(share: int, missed: int) -> None:
    if ejected(Failing(1, 1, missed), share):
        assert (1 - share / 1000) ** missed <= ALPHA


@given(st.lists(st.tuples(counts, counts, counts), max_size=8), st.integers(1, 999))
def test_without_an_error_of_its_own_nothing_is_ejected(seen: list[tuple[int, int, int]], share: int) -> None:
    failing = None
    for ours, theirs, errors in seen:
        failing = follow(failing, look((ours, 0), (theirs, min(errors, theirs))))
        assert not ejected(failing, share)
