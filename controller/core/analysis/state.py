"""What an analysis carries from look to look: constant in size, whatever the number of looks."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from controller.core.analysis.histogram import choose_bounds, usable
from controller.core.analysis.settings import ERRORS, Settings
from controller.core.observed import Counts
from controller.core.significance import SAFE_DISPERSION, Evidence, index_of_dispersion, long_run_rate, unlaid_good_mass


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

        Rounded as ``pack`` writes it, so that reading it back cannot change a verdict.
        """
        products = [float(f"{product:.9g}") for product in evidence.good]
        return sum(products) / len(products) + unlaid_good_mass(self.step_looks)


def start(settings: Settings, history: Sequence[Counts] = ()) -> State:
    """The state before the first look.

    ``history``: the baseline's looks of the last 30 minutes or more, in time order, each as long as ``settings.look``.
    From them come the dispersion, the latency bounds and the long-run rates. Without history the dispersion is a safe
    one, and the latency bounds are taken from the baseline's first looks (which are then not judged for latency).
    """
    return State(settings, tuple(_track(settings, metric, history) for metric in settings.metrics))


def _track(settings: Settings, metric: str, history: Sequence[Counts]) -> Track:
    if metric != ERRORS:
        return latency_track(history)
    counted = [(counts.requests, counts.errors) for counts in history]
    looks = [(requests, errors) for requests, errors in counted if 0.0 < requests < inf and 0.0 <= errors < inf]
    if not looks:
        return Track((Bound(0.0, max(settings.compare.errors.absolute, 1e-4), SAFE_DISPERSION),), (Evidence(),))
    return Track((Bound(0.0, long_run_rate(looks), index_of_dispersion(looks)),), (Evidence(),))


def latency_track(history: Sequence[Counts]) -> Track:
    """The latency's state before its first look; without bounds where the history has no requests."""
    past = usable(history)
    bounds = []
    for at in choose_bounds(past):
        looks = [(requests, requests - within[place[at]]) for requests, within, place in past if at in place]
        bounds.append(Bound(at, long_run_rate(looks), index_of_dispersion(looks)))
    return Track(tuple(bounds), (Evidence(),) * len(bounds))
