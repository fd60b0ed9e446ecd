"""Buckets: repaired, refused with a reason, and which bounds are tested."""

from __future__ import annotations

from math import inf, nan

import pytest

from controller.core.analysis.histogram import MOST_BOUNDS, choose_bounds, histogram, usable
from controller.core.observed import Counts


def counts(*within: float, bounds: tuple[float, ...] = (0.1, 0.25, inf), requests: float | None = None) -> Counts:
    return Counts(within[-1] if requests is None else requests, 0.0, bounds, within)


def test_a_histogram_says_how_many_were_within_each_bound() -> None:
    requests, within, place = histogram(counts(90.0, 99.0, 100.0))
    assert requests == 100.0
    assert {bound: within[i] for bound, i in place.items()} == {0.1: 90.0, 0.25: 99.0, inf: 100.0}


def test_a_larger_bound_holds_at_least_as_much_as_a_smaller_one() -> None:
    requests, within, _ = histogram(counts(90.0, 85.0, 89.0))
    assert list(within) == [90.0, 90.0, 90.0]
    assert requests == 90.0


def test_an_arm_without_requests_has_an_empty_histogram() -> None:
    assert histogram(Counts()).requests == 0.0


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (Counts(10.0), "there is no latency histogram"),
        (counts(1.0, 2.0, bounds=(0.1, 0.25)), "no .Inf bucket"),
        (counts(1.0, 2.0, 3.0, bounds=(0.25, 0.1, inf)), "out of order"),
        (counts(1.0, 2.0, 3.0, bounds=(0.1, 0.1, inf)), "out of order"),
        (counts(1.0, nan, 3.0), "holds no number"),
        (counts(1.0, inf, 3.0), "holds no number"),
        (counts(-1.0, 2.0, 3.0), "less than nothing"),
        (counts(2.0, 3.0), "one count for each bound"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(broken: Counts, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        histogram(broken)
    assert usable([broken]) == []


ISTIO = (0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, inf)


def chosen(*slower: float) -> tuple[float, ...]:
    within = tuple(10_000.0 * (1.0 - share) for share in (*slower, 0.0))
    return choose_bounds(usable([counts(*within, bounds=(*ISTIO[: len(slower)], inf))]))


def test_bounds_are_tested_from_half_of_the_past_requests_to_the_first_that_hardly_any_passed() -> None:
    assert chosen(1.0, 0.9, 0.51, 0.5, 0.1, 0.001, 0.0004, 0.0001, 0.0) == (0.01, 0.025, 0.05, 0.1)


def test_a_service_faster_than_the_first_bound_is_tested_there() -> None:
    assert chosen(0.0, 0.0, 0.0) == (0.0005,)


def test_a_service_slower_than_every_bound_has_none() -> None:
    assert chosen(1.0, 0.9, 0.8) == ()


def test_of_too_many_bounds_an_even_selection_with_both_ends() -> None:
    bounds = chosen(*(0.5 * 0.6**i for i in range(13)))
    assert len(bounds) == MOST_BOUNDS
    assert (bounds[0], bounds[-1]) == (0.0005, 10.0)
    assert len(set(bounds)) == MOST_BOUNDS


def test_only_bounds_that_all_past_histograms_have_are_chosen() -> None:
    past = [counts(50.0, 70.0, 100.0), counts(50.0, 90.0, 100.0, bounds=(0.1, 0.5, inf))]
    assert choose_bounds(usable(past)) == (0.1,)
    assert choose_bounds([]) == ()
