"""What an analysis carries from look to look: constant in size, whatever the number of looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import NamedTuple

from controller.core.analysis.histogram import choose_bounds, usable
from controller.core.analysis.settings import ERRORS, Settings
from controller.core.observed import Counts
from controller.core.significance import (
    DECAY,
    LEAST_LOOKS,
    SAFE_DISPERSION,
    Evidence,
    index_of_dispersion,
    long_run_rate,
    unlaid_good_mass,
)

ENOUGH_REQUESTS = 200.0
"""Requests of stable from which its rates and latency bounds are taken; fewer say too little of either."""

_NEAR = 1e-6
"""Nine digits are off by less than this share."""


class Bound(NamedTuple):
    """One thing that can be bad about a request, and what the baseline's past says of it.

    ``at``: slower than so many seconds; 0 for errors. ``rate``: the baseline's long-run rate. ``phi``: its dispersion.
    """

    at: float
    rate: float
    phi: float


class Track(NamedTuple):
    """One metric: its bounds with the evidence of each, and the requests behind it.

    ``requests_c``, ``requests_b``: requests of the release so far, candidate and stable. ``pairs``: the sum over its
    looks of the lesser of the two. ``recent``: stable's requests, decayed. ``step_c``, ``step_b``: requests of this
    step. ``missing``: why the last look said nothing, "" when it did.
    """

    bounds: tuple[Bound, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    requests_c: float = 0.0
    requests_b: float = 0.0
    pairs: float = 0.0
    recent: float = 0.0
    step_c: float = 0.0
    step_b: float = 0.0
    missing: str = ""

    def harm(self, unlaid: float) -> float:
        """The evidence of harm: the mean over bounds and alternatives, and the mass ``unlaid`` as yet."""
        if not self.evidence:
            return 1.0
        return sum([sum(e.harm) for e in self.evidence]) / (len(self.evidence) * len(self.evidence[0].harm)) + unlaid


class State(NamedTuple):
    """The whole memory of one release's comparison; ``tracks`` in the order of ``settings.metrics``.

    ``end``: the last look's end, epoch seconds, 0 before the first; ``began``: the first one's start. ``looks``: those
    that had data. ``step``, ``share``: of the last look with data, -1 before it. ``step_looks``: looks of this step
    after its warm-up. ``step_seconds``: all its looks together. ``unlaid``: harm's start mass still to come.
    ``missing``: why the last look had no data. ``harmful``: the evidence of harm has reached its limit, now or before.
    ``cautious``: why too little is known of stable's time before, so that a safe dispersion is assumed; "" otherwise.
    """

    settings: Settings
    tracks: tuple[Track, ...]
    end: float = 0.0
    began: float = 0.0
    looks: int = 0
    step: int = -1
    share: float = 0.0
    step_looks: int = 0
    step_seconds: float = 0.0
    unlaid: float = 1.0
    missing: str = ""
    harmful: bool = False
    cautious: str = ""

    @property
    def harm(self) -> float:
        """The weighted evidence of harm over the metrics, to be compared with ``settings.harm_limit``."""
        return self.settings.weight * sum([track.harm(self.unlaid) for track in self.tracks])

    @property
    def passed(self) -> bool:
        """Whether the good-enough evidence of every metric at every bound has reached its limit."""
        limit = self.settings.good_limit
        return all(track.evidence and self.least_good(track) >= limit for track in self.tracks)

    def least_good(self, track: Track) -> float:
        """The least good-enough evidence over the bounds of a metric that has some."""
        return min([self.good(e) for e in track.evidence])

    def good(self, evidence: Evidence) -> float:
        """The good-enough evidence of one metric at one bound, to be compared with ``settings.good_limit``.

        Near that limit it is rounded as ``pack`` writes it, so that reading it back cannot change a verdict.
        """
        limit, unlaid = self.settings.good_limit, unlaid_good_mass(self.step_looks)
        good = sum(evidence.good) / len(evidence.good) + unlaid
        if abs(good - limit) > _NEAR * limit:
            return good
        return sum([float(f"{product:.9g}") for product in evidence.good]) / len(evidence.good) + unlaid


def start(settings: Settings, history: Sequence[Counts] = (), missing: str = "") -> State:
    """The state before the first look.

    ``history``: the baseline's looks of the last 30 minutes or more, in time order, each as long as ``settings.look``;
    ``missing``: why there are none, one clause. From them come the dispersion, the latency bounds, the long-run and the
    plug-in rates. Without history the dispersion is a safe one, and the latency bounds are taken from the baseline's
    first looks (which are then not judged for latency).
    """
    counted = [one for one in history if 0.0 <= one.requests < inf and 0.0 <= one.errors < inf]
    requests = sum(one.requests for one in counted)
    known = history if requests >= ENOUGH_REQUESTS else ()
    tracks = tuple(_track(settings, metric, known) for metric in settings.metrics)
    return State(settings, tracks, cautious=_cautious(counted, requests, missing))


def _cautious(counted: Sequence[Counts], requests: float, missing: str) -> str:
    looks = sum(one.requests > 0.0 for one in counted)
    if missing or not looks:
        return f"no history of stable ({missing or 'it had no requests'})"
    if requests < ENOUGH_REQUESTS:
        return f"stable's history has {requests:.0f} of the {ENOUGH_REQUESTS:.0f} requests needed"
    if looks < LEAST_LOOKS:
        return f"stable's history has {looks} of the {LEAST_LOOKS} looks needed"
    return ""


def _track(settings: Settings, metric: str, history: Sequence[Counts]) -> Track:
    if metric != ERRORS:
        return latency_track(history)
    counted = [(counts.requests, counts.errors) for counts in history]
    looks = [(requests, errors) for requests, errors in counted if 0.0 < requests < inf and 0.0 <= errors < inf]
    if not looks:
        return Track((Bound(0.0, max(settings.compare.errors.absolute, 1e-4), SAFE_DISPERSION),), (Evidence(),))
    bound = Bound(0.0, long_run_rate(looks), index_of_dispersion(looks))
    return Track((bound,), (Evidence(recent=_recent(bad for _, bad in looks)),), recent=_recent(n for n, _ in looks))


def latency_track(history: Sequence[Counts]) -> Track:
    """The latency's state before its first look; without bounds where the history has no requests."""
    past = usable(history)
    bounds, evidence = [], []
    for at in choose_bounds(past):
        looks = [(requests, requests - within[place[at]]) for requests, within, place in past if at in place]
        bounds.append(Bound(at, long_run_rate(looks), index_of_dispersion(looks)))
        evidence.append(Evidence(recent=_recent(slower for _, slower in looks)))
    return Track(tuple(bounds), tuple(evidence), recent=_recent(requests for requests, _, _ in past))


def _recent(counts: Iterable[float]) -> float:
    """The decayed sum that the plug-in goes on from."""
    total = 0.0
    for count in counts:
        total = DECAY * total + count
    return total
