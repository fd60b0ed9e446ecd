"""Recorded traffic is divided, never made: no request is lost, and a slower version's are only later."""

from __future__ import annotations

from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.observed import Counts
from controller.simulate.assumed import Fault
from controller.simulate.recorded import Recorded, RecordedTraffic, divided

BOUNDS = (0.05, 0.1, 0.25, 1.0, inf)


@st.composite
def looks(draw: st.DrawFn) -> Counts:
    counts = draw(st.lists(st.integers(0, 200), min_size=5, max_size=5))
    requests = sum(counts)
    within = tuple(float(sum(counts[: i + 1])) for i in range(5))
    return Counts(float(requests), float(draw(st.integers(0, requests))), BOUNDS, within)


@given(looks(), st.floats(0, 1), st.floats(0, 1), st.sampled_from([1.0, 1.25, 2.0, 40.0]), st.integers(0, 99))
def test_no_request_is_lost_and_none_gets_faster(
    whole: Counts, share: float, errors: float, slower: float, seed: int
) -> None:
    candidate, stable = divided(Random(seed), whole, share, Fault(errors, slower))
    assert candidate.requests + stable.requests == whole.requests
    assert candidate.errors + stable.errors >= whole.errors
    assert candidate.errors <= candidate.requests
    assert candidate.within[-1] + stable.within[-1] == whole.within[-1]
    assert all(a <= b for a, b in zip(candidate.within, candidate.within[1:], strict=False))
    same, _ = divided(Random(seed), whole, share, Fault())
    assert all(slow <= fast for slow, fast in zip(candidate.within, same.within, strict=True))
    if errors == 0.0:
        assert candidate.errors + stable.errors == whole.errors


def test_twice_as_slow_moves_a_bucket_by_its_ratio() -> None:
    """From (50, 100] ms to (100, 200] ms: all of them are above 100 ms and below 250 ms."""
    whole = Counts(1000.0, 0.0, BOUNDS, (0.0, 1000.0, 1000.0, 1000.0, 1000.0))
    candidate, _ = divided(Random(1), whole, 1.0, Fault(slower=2.0))
    assert candidate.within == (0.0, 0.0, 1000.0, 1000.0, 1000.0)
    slow, _ = divided(Random(1), whole, 1.0, Fault(slower=4.0))  # 200 to 400 ms: by its logarithm a third is below 250
    assert slow.within[2] == pytest.approx(322, abs=60)


def test_history_is_what_was_before_and_the_end_is_followed_by_the_beginning() -> None:
    past = tuple(Counts(float(n + 1)) for n in range(10))
    recorded = Recorded(past, 15.0)
    assert recorded.rate == pytest.approx(5.5 / 15)
    traffic = RecordedTraffic(recorded, Fault(), Random(1), at=3)
    looks = traffic.history(None).looks  # type: ignore[arg-type]
    assert [one.requests for one in looks] == [4, 5, 6, 7, 8, 9, 10, 1, 2, 3]


def test_nothing_recorded_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing was recorded"):
        Recorded((Counts(), Counts()), 15.0)
