"""The draws have the distributions that they are named after."""

from __future__ import annotations

from math import comb, sqrt
from random import Random

import pytest

from controller.simulate.draw import binomial, geometric


@pytest.mark.parametrize(("n", "p"), [(30, 0.02), (30, 0.3), (60, 0.5), (40, 0.9), (80, 0.25)])
def test_a_binomial_count_has_its_probabilities(n: int, p: float) -> None:
    """Both ways of drawing, against the exact probabilities: no count further off than five standard deviations."""
    rng, draws = Random(f"{n}/{p}"), 5000
    seen = [0] * (n + 1)
    for _ in range(draws):
        seen[binomial(rng, n, p)] += 1
    for x, count in enumerate(seen):
        expected = draws * comb(n, x) * p**x * (1.0 - p) ** (n - x)
        assert abs(count - expected) <= 5.0 * sqrt(expected) + 3.0


@pytest.mark.parametrize(("n", "p", "count"), [(0, 0.5, 0), (10, 0.0, 0), (10, 1.0, 10), (10**9, 0.0, 0)])
def test_what_is_certain_is_not_drawn(n: int, p: float, count: int) -> None:
    assert binomial(Random(1), n, p) == count


def test_a_large_count_has_its_mean_and_spread() -> None:
    rng = Random(2)
    draws = [binomial(rng, 10**6, 0.001) for _ in range(2000)]
    mean = sum(draws) / len(draws)
    assert mean == pytest.approx(1000.0, abs=4.0)
    assert sum((x - mean) ** 2 for x in draws) / len(draws) == pytest.approx(999.0, rel=0.15)


def test_bursts_have_their_mean_size() -> None:
    rng = Random(3)
    sizes = [geometric(rng, 5.0) for _ in range(20_000)]
    assert min(sizes) == 1
    assert sum(sizes) / len(sizes) == pytest.approx(5.0, rel=0.03)
    assert geometric(rng, 1.0) == 1
