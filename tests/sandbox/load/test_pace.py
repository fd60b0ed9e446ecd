"""When requests are due."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.sandbox.load.pace import Pace

FEW = settings(max_examples=40)  # keeps each run short

RATES = st.floats(0.1, 5000, allow_nan=False)
STEPS = st.lists(st.floats(0, 3, allow_nan=False), min_size=1, max_size=30)


@FEW
@given(RATES, STEPS)
def test_a_constant_rate_gives_rate_times_seconds_however_often_it_is_asked(rate: float, steps: list[float]) -> None:
    pace, now, taken = Pace(rate, 100.0), 100.0, 0
    for step in steps:
        now += step
        taken += pace.take(now)
        assert abs(taken - (now - 100.0) * rate) <= 1 + 1e-5
        assert pace.next() > now - 1e-3


@FEW
@given(RATES, st.integers(1, 200))
def test_requests_are_evenly_spaced(rate: float, count: int) -> None:
    pace, times = Pace(rate, 5.0), []
    for _ in range(count):
        times.append(pace.next())
        assert pace.take(times[-1]) == 1, "a timer that rings in time finds one request, no more"
    assert all(math.isclose(time, 5.0 + number / rate, rel_tol=1e-9) for number, time in enumerate(times, start=1))


@FEW
@given(st.lists(st.tuples(RATES | st.just(0.0), st.floats(0, 2)), min_size=1, max_size=20))
def test_a_change_of_rate_loses_and_adds_nothing(legs: list[tuple[float, float]]) -> None:
    pace, now, wanted, taken = Pace(0.0, 0.0), 0.0, 0.0, 0
    for rate, seconds in legs:
        pace.change(rate, now)
        now += seconds
        wanted += rate * seconds
        taken += pace.take(now)
    assert abs(taken - wanted) <= 1 + 1e-4


@FEW
@given(RATES, st.floats(0, 0.999), st.floats(0, 100))
def test_a_pause_keeps_the_part_of_the_interval_that_has_passed(rate: float, part: float, pause: float) -> None:
    pace = Pace(rate, 0.0)
    pace.change(0.0, part / rate)
    assert pace.next() == math.inf
    assert pace.take(part / rate + pause) == 0
    pace.change(rate, part / rate + pause)
    assert math.isclose(pace.next(), 1 / rate + pause, rel_tol=1e-6, abs_tol=1e-6)


def test_millions_of_requests_do_not_drift() -> None:
    pace, taken = Pace(1000.0, 0.0), 0
    for second in range(1, 3601):
        taken += pace.take(float(second))
    assert taken == 3_600_000
