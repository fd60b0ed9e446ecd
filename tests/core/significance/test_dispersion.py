"""Dispersion and long-run rate of the baseline's past."""

from __future__ import annotations

from random import Random

import pytest

from controller.core.significance import SAFE_DISPERSION, index_of_dispersion, long_run_rate
from controller.core.significance.dispersion import LEAST_LOOKS, MOST_AFTER_INCIDENT, MOST_DISPERSION


def looks(rng: Random, n: int, p: float, number: int = 240, burst: int = 1) -> list[tuple[float, float]]:
    return [(n, burst * sum(rng.random() < p / burst for _ in range(n))) for _ in range(number)]


def test_independent_errors_have_a_dispersion_of_1() -> None:
    assert index_of_dispersion(looks(Random(1), 300, 0.05)) == pytest.approx(1.0, abs=0.25)


def test_bursts_of_five_have_a_dispersion_of_5() -> None:
    assert index_of_dispersion(looks(Random(2), 300, 0.05, burst=5)) == pytest.approx(5.0, rel=0.3)


def test_a_slow_drift_is_no_dispersion() -> None:
    rng = Random(3)
    drifting = [(300.0, float(sum(rng.random() < 0.02 + 0.001 * i for _ in range(300)))) for i in range(120)]
    assert index_of_dispersion(drifting) < 1.5


def test_an_even_past_counts_as_1_and_no_less() -> None:
    assert index_of_dispersion([(100.0, 2.0)] * 120) == 1.0


@pytest.mark.parametrize("history", [[], [(0.0, 0.0)] * 50, [(100.0, 1.0)], [(100.0, 0.0)] * (LEAST_LOOKS - 1)])
def test_a_short_past_is_not_trusted(history: list[tuple[float, float]]) -> None:
    assert index_of_dispersion(history) == SAFE_DISPERSION


def test_looks_without_requests_do_not_count() -> None:
    quiet = [(0.0, 0.0), (100.0, 2.0)] * LEAST_LOOKS
    assert index_of_dispersion(quiet) == 1.0
    assert index_of_dispersion(quiet[: LEAST_LOOKS + 4]) == SAFE_DISPERSION


def test_one_incident_in_the_past_does_not_make_the_release_blind() -> None:
    calm = looks(Random(4), 1000, 0.002, 120)
    hit = [(1000.0, 500.0) if 40 <= i < 52 else look for i, look in enumerate(calm)]
    assert index_of_dispersion(hit) == MOST_AFTER_INCIDENT


def test_pauses_every_minute_are_how_a_service_lives() -> None:
    calm = looks(Random(5), 1000, 0.002, 120)
    pausing = [(1000.0, 300.0) if i % 4 == 0 else look for i, look in enumerate(calm)]
    assert 100.0 < index_of_dispersion(pausing) <= MOST_DISPERSION


def test_more_bad_requests_than_requests_count_as_all() -> None:
    assert index_of_dispersion([(10.0, 25.0)] * 30) == index_of_dispersion([(10.0, 10.0)] * 30)
    assert long_run_rate([(10.0, 25.0)]) == long_run_rate([(10.0, 10.0)]) < 1.0


def test_a_clean_past_is_not_a_rate_of_nothing() -> None:
    assert 0.0 < long_run_rate([(1000.0, 0.0)] * 120) < 1e-5
    assert long_run_rate([(1000.0, 10.0)] * 120) == pytest.approx(0.01, rel=1e-3)
    assert long_run_rate([]) == 0.5
