"""Response times as Istio counts them: lognormal, in the buckets of its histogram."""

from __future__ import annotations

from functools import lru_cache
from math import erf, inf, log, sqrt
from random import Random

from controller.simulate.draw import binomial

BUCKETS = (0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0,
           1800.0, 3600.0, inf)  # fmt: skip
"""Upper bounds of Istio's request duration histogram, in seconds."""

P99 = 2.3263478740408408
"""Standard deviations from the median to the 99th percentile of a normal distribution."""


def sigma_of(median: float, p99: float) -> float:
    """The lognormal's sigma of a median and a 99th percentile, both in seconds."""
    return log(p99 / median) / P99


@lru_cache(maxsize=4096)
def shares(median: float, sigma: float, delay: float = 0.0, parts: int = 8) -> tuple[float, ...]:
    """The share of requests at or below each bucket's bound; ``delay`` is uniform from 0 to so many seconds."""
    delays = [0.0] if delay <= 0.0 else [(i + 0.5) * delay / parts for i in range(parts)]
    return tuple(
        1.0 if bound == inf else sum(below(bound - d, median, sigma) for d in delays) / len(delays) for bound in BUCKETS
    )


def below(value: float, median: float, sigma: float) -> float:
    """The share of requests that take at most ``value`` seconds."""
    return 0.5 * (1.0 + erf(log(value / median) / (sigma * sqrt(2.0)))) if value > 0.0 else 0.0


def fill(rng: Random, within: list[float], n: int, shares: tuple[float, ...]) -> None:
    """Add ``n`` requests to the cumulative counts: a multinomial draw, bucket by bucket from the slowest."""
    left, above = n, 1.0
    for i in range(len(shares) - 1, 0, -1):
        within[i] += left
        if left and above > shares[i - 1]:
            left -= binomial(rng, left, min(1.0, (above - shares[i - 1]) / above))
            above = shares[i - 1]
    within[0] += left
