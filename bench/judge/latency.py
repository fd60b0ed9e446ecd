"""Simulated releases whose requests take time: lognormal, counted into Istio's buckets, with slowdowns and pauses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, inf, log
from random import Random

from bench.judge.errors import HISTORY, LOOK, RAMP, START, STEP, Release
from controller.core.analysis import AtStep
from controller.core.observed import Counts, Look
from controller.simulate.draw import binomial
from controller.simulate.latency import BUCKETS, fill, shares

OUTAGE = 180.0


@dataclass(frozen=True)
class Latency:
    """A kind of release: no request fails.

    Medians are drawn between 10 and 200 ms, so that buckets' bounds fall anywhere. The candidate is ``slower`` times as
    slow as stable. ``slowdown``: for 3 minutes at a random time both are 2 to 6 times slower. ``pauses``: seconds
    between pauses, each arm on its own, of 0.2 to 2 s; who comes meanwhile waits for the end. ``hanging``: that share
    of the candidate's requests takes 29 s.
    """

    rps: int
    slower: float = 1.0
    slowdown: bool = False
    pauses: float = 0.0
    hanging: float = 0.0
    ramp: tuple[float, ...] = RAMP

    def release(self, rng: Random) -> Release:
        """One release of this kind, drawn from ``rng``."""
        median, sigma = exp(rng.uniform(log(0.01), log(0.2))), rng.uniform(0.4, 0.9)
        requests = round(self.rps * LOOK)
        history = tuple(self._counts(rng, requests, median, sigma) for _ in range(HISTORY))
        return Release(history, self._looks(rng, median, sigma, requests))

    def _looks(self, rng: Random, median: float, sigma: float, requests: int) -> Iterator[tuple[AtStep, Look]]:
        begin = rng.uniform(0.0, STEP * len(self.ramp) - OUTAGE) if self.slowdown else inf
        factor = rng.uniform(2.0, 6.0)
        for index, share in enumerate(self.ramp):
            step = AtStep(index, share, START + index * STEP)
            for i in range(int(STEP / LOOK)):
                at = index * STEP + i * LOOK
                now = median * (factor if begin <= at < begin + OUTAGE else 1.0)
                n_c = binomial(rng, requests, share)
                candidate = self._counts(rng, n_c, now * self.slower, sigma, hanging=self.hanging)
                stable = self._counts(rng, requests - n_c, now, sigma)
                yield step, Look(START + at + LOOK, LOOK, candidate, stable)

    def _counts(self, rng: Random, n: int, median: float, sigma: float, hanging: float = 0.0) -> Counts:
        hung = binomial(rng, n, hanging)
        within = [0.0] * len(BUCKETS)
        fill(rng, within, hung, shares(29.0, 0.001, 0.0))
        paused, delay = 0, 0.0
        if self.pauses and rng.random() < LOOK / self.pauses:
            delay = round(rng.uniform(0.2, 2.0), 1)
            paused = binomial(rng, n - hung, delay / LOOK)
        if paused:
            fill(rng, within, paused, shares(median, sigma, delay))
        fill(rng, within, n - hung - paused, shares(median, sigma, 0.0))
        return Counts(n, 0.0, BUCKETS, tuple(within))
