"""Exact draws that ``random`` of Python 3.11 does not have."""

from __future__ import annotations

from math import floor, lgamma, log, log1p, sqrt
from random import Random

_NEVER = 1e-100
"""A chance below which nothing ever happens, and its inverse would be too large."""


def binomial(rng: Random, n: int, p: float) -> int:
    """A binomial count.

    By waiting times below a mean of 10, else by transformed rejection (Hörmann, "The generation of binomial random
    variates", Journal of Statistical Computation and Simulation 46, 1993: algorithm BTRS).
    """
    if p > 0.5:
        return n - binomial(rng, n, 1.0 - p)
    if n <= 0 or p < _NEVER:
        return 0
    return _waiting(rng, n, p) if n * p < 10.0 else _rejection(rng, n, p)


def _waiting(rng: Random, n: int, p: float) -> int:
    scale = 1.0 / log1p(-p)
    count, position = -1, 0
    while position <= n:
        position += 1 + floor(log(1.0 - rng.random()) * scale)
        count += 1
    return count


def _rejection(rng: Random, n: int, p: float) -> int:
    spread = sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    alpha = (2.83 + 5.1 / b) * spread
    odds = log(p / (1.0 - p))
    mode = floor((n + 1) * p)
    height = lgamma(mode + 1) + lgamma(n - mode + 1)
    while True:
        u = rng.random() - 0.5
        us = 0.5 - abs(u)
        if us <= 0.0:
            continue
        k = floor((2.0 * a / us + b) * u + n * p + 0.5)
        if not 0 <= k <= n:
            continue
        v = 1.0 - rng.random()
        if us >= 0.07 and v <= 0.92 - 4.2 / b:
            return k
        if log(v * alpha / (a / (us * us) + b)) <= height - lgamma(k + 1) - lgamma(n - k + 1) + (k - mode) * odds:
            return k


def geometric(rng: Random, mean: float) -> int:
    """A count from 1 with this mean."""
    return 1 + floor(log(1.0 - rng.random()) / log(1.0 - 1.0 / mean)) if mean > 1.0 else 1
