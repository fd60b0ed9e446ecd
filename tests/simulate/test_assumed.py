"""Assumed traffic has the rates and times that were assumed."""

from __future__ import annotations

from random import Random

import pytest

from controller.simulate.assumed import Assumed, Fault, poisson
from controller.simulate.latency import BUCKETS, below, shares, sigma_of
from tests.stage import release as on_stage


@pytest.mark.parametrize("mean", [0.0, 0.3, 7.0, 29.0, 150.0])
def test_a_poisson_count_has_its_mean_and_variance(mean: float) -> None:
    rng = Random(3)
    drawn = [poisson(rng, mean) for _ in range(4000)]
    average = sum(drawn) / len(drawn)
    spread = sum((one - average) ** 2 for one in drawn) / len(drawn)
    assert average == pytest.approx(mean, abs=5 * (mean / 4000) ** 0.5)
    assert spread == pytest.approx(mean, rel=0.15, abs=1e-9)


def test_the_lognormal_has_its_median_and_its_99th_percentile() -> None:
    sigma = sigma_of(0.05, 0.25)
    assert below(0.05, 0.05, sigma) == pytest.approx(0.5)
    assert below(0.25, 0.05, sigma) == pytest.approx(0.99)
    assert shares(0.05, sigma)[BUCKETS.index(0.25)] == pytest.approx(0.99)


def test_history_is_of_a_healthy_version() -> None:
    from controller.crd import parse_release

    looks = Assumed(100.0, 0.01).traffic(Fault(errors=0.5), Random(1)).history(parse_release(on_stage())).looks
    assert sum(one.errors for one in looks) / sum(one.requests for one in looks) == pytest.approx(0.01, rel=0.2)
