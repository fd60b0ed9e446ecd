"""Traffic that somebody assumed: so many requests a second, a share of errors, lognormal response times."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp
from random import Random

from controller.core.decide import Judged, wanted_traffic
from controller.core.limits import Value
from controller.core.observed import Counts, History, Look
from controller.core.release import PrometheusLimit, Release
from controller.core.status import Status
from controller.simulate.draw import binomial
from controller.simulate.latency import BUCKETS, fill, shares, sigma_of

LOOKS = 120
"""Of history, at most."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with the candidate: ``errors`` more of its requests fail (a share), and each takes ``slower`` times
    as long."""

    errors: float = 0.0
    slower: float = 1.0

    @property
    def none(self) -> bool:
        return self == Fault()


@dataclass(frozen=True)
class Assumed:
    """``rate`` requests per second to both versions together, of which the share ``errors`` fails. ``median`` and
    ``p99`` of the response time in seconds; None: no latency is known."""

    rate: float
    errors: float = 0.001
    median: float | None = 0.05
    p99: float | None = 0.25

    def traffic(self, fault: Fault, rng: Random) -> AssumedTraffic:
        """One release's traffic."""
        return AssumedTraffic(self, fault, rng)


@dataclass
class AssumedTraffic:
    """Implements controller.simulate.play.Traffic."""

    assumed: Assumed
    fault: Fault
    rng: Random = field(default_factory=Random)

    def look(self, release: Release, status: Status, end: float) -> Judged:
        interval = release.gates.interval
        n = poisson(self.rng, self.assumed.rate * interval)
        ours = binomial(self.rng, n, share_of(release, status))
        candidate, stable = self._counts(ours, self.fault), self._counts(n - ours, Fault())
        missing = "" if self.assumed.median else "no response times are assumed"
        return Judged(Look(end, interval, candidate, stable, latency_missing=missing), values_of(release))

    def history(self, release: Release) -> History:
        interval = release.gates.interval
        n = self.assumed.rate * interval
        return History(tuple(self._counts(poisson(self.rng, n), Fault()) for _ in range(LOOKS)))

    def _counts(self, n: int, fault: Fault) -> Counts:
        bad = binomial(self.rng, n, min(1.0, self.assumed.errors + fault.errors))
        if self.assumed.median is None or self.assumed.p99 is None:
            return Counts(n, bad)
        within = [0.0] * len(BUCKETS)
        spread = sigma_of(self.assumed.median, self.assumed.p99)
        fill(self.rng, within, n, shares(self.assumed.median * fault.slower, spread))
        return Counts(n, bad, BUCKETS, tuple(within))


def share_of(release: Release, status: Status) -> float:
    """The candidate's share of the requests, as the status asks for it."""
    traffic = wanted_traffic(release, status)
    return traffic.weights[status.candidate.name] / 1000 if traffic and status.candidate else 0.0


def values_of(release: Release) -> dict[str, Value]:
    """A query of the user's own is taken to say what its limit wants: nobody knows what it would."""
    found = {}
    for limit in release.gates.limits:
        if isinstance(limit.check, PrometheusLimit):
            least, most = limit.check.minimum, limit.check.maximum
            found[limit.name] = Value(least if least is not None else most)
    return found


def poisson(rng: Random, mean: float) -> int:
    """A Poisson count: by the product of uniforms below a mean of 30 (Knuth), else a binomial of very many trials."""
    if mean >= 30.0:
        return binomial(rng, round(mean * 1000), 0.001)
    count, product, least = 0, rng.random(), exp(-mean)
    while product > least:
        count, product = count + 1, product * rng.random()
    return count
