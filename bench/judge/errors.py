"""Simulated releases whose requests fail: a ramp, a baseline, a candidate, and what else happens to both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import exp, log, pi, sin
from random import Random

from controller.core.analysis import AtStep
from controller.core.observed import Counts, Look
from controller.simulate.draw import binomial, geometric

LOOK = 15.0
RAMP = (0.01, 0.05, 0.10, 0.25, 0.50)
STEP = 300.0
HISTORY = 120
START = 1_700_000_000.0
NOT_SIMULATED = "latency is not simulated in this release"

Rate = Callable[[float], float]
"""Share of bad requests at so many seconds after the release's start."""


@dataclass(frozen=True)
class Release:
    """One simulated release: its looks in order, and the baseline's looks before it."""

    history: tuple[Counts, ...]
    looks: Iterator[tuple[AtStep, Look]]


@dataclass(frozen=True)
class Errors:
    """A kind of release.

    ``baseline``: stable's rate, as (lowest, highest): it drifts between them when they differ. The candidate's rate is
    ``relative`` times stable's plus ``absolute``, from ``since`` seconds on. ``outage``: a 3-minute outage hits both at
    a random time. ``apart``: scrapes of the arms lie up to so many seconds apart. ``burst``: mean size of a burst.
    """

    rps: int
    baseline: tuple[float, float] = (0.001, 0.001)
    relative: float = 1.0
    absolute: float = 0.0
    since: float = 0.0
    outage: bool = False
    apart: float = 0.0
    burst: float = 1.0
    ramp: tuple[float, ...] = RAMP

    def release(self, rng: Random) -> Release:
        """One release of this kind, drawn from ``rng``."""
        rate = self._rate(rng)
        offset = rng.uniform(-self.apart, self.apart)
        looks = int(STEP / LOOK)
        history = tuple(
            self._counts(rng, round(self.rps * LOOK), _mean(rate, (i - HISTORY) * LOOK, LOOK)) for i in range(HISTORY)
        )
        return Release(history, self._looks(rng, rate, offset, looks))

    def _looks(self, rng: Random, rate: Rate, offset: float, looks: int) -> Iterator[tuple[AtStep, Look]]:
        requests = round(self.rps * LOOK)
        for index, share in enumerate(self.ramp):
            step = AtStep(index, share, START + index * STEP)
            for i in range(looks):
                begin = index * STEP + i * LOOK
                n_c = binomial(rng, requests, share)
                p_b = _mean(rate, begin, LOOK)
                p_c = _mean(rate, begin + offset, LOOK) if offset else p_b
                if begin >= self.since:
                    p_c = min(1.0, self.relative * p_c + self.absolute)
                candidate = self._counts(rng, n_c, p_c)
                stable = self._counts(rng, requests - n_c, p_b)
                yield step, Look(START + begin + LOOK, LOOK, candidate, stable, latency_missing=NOT_SIMULATED)

    def _rate(self, rng: Random) -> Rate:
        low, high = self.baseline
        if low != high:
            phase, period = rng.uniform(0.0, 2.0 * pi), rng.uniform(900.0, 3000.0)
            middle, swing = 0.5 * (log(low) + log(high)), 0.5 * (log(high) - log(low))
            return lambda t: exp(middle + swing * sin(2.0 * pi * t / period + phase))
        if self.outage:
            begin, severity = rng.uniform(0.0, STEP * len(self.ramp) - 180.0), rng.uniform(0.1, 1.0)
            return lambda t: severity if begin <= t < begin + 180.0 else low
        return lambda t: low

    def _counts(self, rng: Random, n: int, p: float) -> Counts:
        if self.burst <= 1.0:
            return Counts(n, binomial(rng, n, p))
        bursts = binomial(rng, n, p / self.burst)
        return Counts(n, min(n, sum(geometric(rng, self.burst) for _ in range(bursts))))


def _mean(rate: Rate, begin: float, length: float) -> float:
    """The mean rate over a look, to a fifteenth of it."""
    if rate(begin) == rate(begin + length):
        return rate(begin + 0.5 * length)
    parts = 15
    return sum(rate(begin + (i + 0.5) * length / parts) for i in range(parts)) / parts
