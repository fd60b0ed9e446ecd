"""Traffic that was recorded: a workload's own looks, divided between the two versions as the weights would.

Whatever the past had (bursts, drift, quiet nights, an outage) the simulated releases have too, each from another moment
on; behind the last look comes the first again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, pairwise
from math import inf, log
from random import Random

from controller.core.decide import Judged
from controller.core.observed import Counts, History, Look
from controller.core.release import Release
from controller.core.status import Status
from controller.simulate.assumed import LOOKS, Fault, share_of, values_of
from controller.simulate.draw import binomial

_FIRST = 0.25
"""Where the first bucket of a histogram is taken to begin, as a share of its bound."""


@dataclass(frozen=True)
class Recorded:
    """``looks`` in order, each ``interval`` seconds long. Raises ValueError where there was no request at all."""

    looks: tuple[Counts, ...]
    interval: float

    def __post_init__(self) -> None:
        if sum(one.requests for one in self.looks) <= 0:
            raise ValueError("nothing was recorded")

    def traffic(self, fault: Fault, rng: Random) -> RecordedTraffic:
        """One release's traffic, from a random moment on."""
        return RecordedTraffic(self, fault, rng, rng.randrange(len(self.looks)))

    @property
    def rate(self) -> float:
        """Requests per second, on average."""
        return sum(one.requests for one in self.looks) / (len(self.looks) * self.interval)

    @property
    def errors(self) -> float:
        """The share of bad requests, on average."""
        return sum(one.errors for one in self.looks) / sum(one.requests for one in self.looks)


@dataclass
class RecordedTraffic:
    """Implements controller.simulate.play.Traffic. ``at``: the look with which the release begins."""

    recorded: Recorded
    fault: Fault
    rng: Random
    at: int
    began: float | None = field(default=None)

    def look(self, release: Release, status: Status, end: float) -> Judged:
        interval = release.gates.interval
        self.began = end if self.began is None else self.began
        looks = self.recorded.looks
        whole = looks[(self.at + round((end - self.began) / interval)) % len(looks)]
        candidate, stable = divided(self.rng, whole, share_of(release, status), self.fault)
        return Judged(Look(end, interval, candidate, stable), values_of(release))

    def history(self, release: Release) -> History:
        looks = self.recorded.looks
        return History(tuple(looks[(self.at - back) % len(looks)] for back in range(min(LOOKS, len(looks)), 0, -1)))


def divided(rng: Random, whole: Counts, share: float, fault: Fault) -> tuple[Counts, Counts]:
    """Each request goes to the candidate with the chance ``share``; there the fault befalls it."""
    bad, good = round(whole.errors), max(0, round(whole.requests) - round(whole.errors))
    bad_c, good_c = binomial(rng, bad, share), binomial(rng, good, share)
    counts = [after - before for before, after in pairwise((0.0, *whole.within))]
    ours = [float(binomial(rng, max(0, round(count)), share)) for count in counts]
    theirs = [max(0.0, count - mine) for count, mine in zip(counts, ours, strict=True)]
    # The fault comes last: the same seed divides the same requests, whatever befalls them.
    slowed = _slowed(rng, ours, whole.bounds, fault.slower)
    faulty = binomial(rng, good_c, min(1.0, fault.errors))
    return (
        Counts(bad_c + good_c, bad_c + faulty, whole.bounds, tuple(accumulate(slowed))),
        Counts(bad + good - bad_c - good_c, bad - bad_c, whole.bounds, tuple(accumulate(theirs))),
    )


def _slowed(rng: Random, counts: list[float], bounds: tuple[float, ...], factor: float) -> list[float]:
    """Requests by bucket, each ``factor`` times as slow."""
    if factor == 1.0 or not counts:
        return counts
    moved = [0.0] * len(counts)
    for count, ways in zip(counts, _ways(bounds, factor), strict=True):
        left, chance = round(count), 1.0
        for target, share in ways:
            taken = left if share >= chance else binomial(rng, left, share / chance)
            moved[target] += taken
            left, chance = left - taken, chance - share
    return moved


@lru_cache(maxsize=64)
def _ways(bounds: tuple[float, ...], factor: float) -> tuple[tuple[tuple[int, float], ...], ...]:
    """For each bucket (bucket, share) of where its requests go; within a bucket times are log-uniform."""
    found: list[tuple[tuple[int, float], ...]] = []
    for number, upper in enumerate(bounds):
        lower = bounds[number - 1] if number else upper * _FIRST
        if upper == inf:
            found.append(((number, 1.0),))
            continue
        low, high = log(lower * factor), log(upper * factor)
        edges = [min(1.0, max(0.0, (log(bound) - low) / (high - low))) if bound < inf else 1.0 for bound in bounds]
        parts = enumerate(after - before for before, after in pairwise((0.0, *edges)))
        found.append(tuple((target, share) for target, share in parts if share > 0.0))
    return tuple(found)
