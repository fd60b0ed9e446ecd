"""How much traffic a step needs, and about how long that takes."""

from __future__ import annotations

from math import inf, log

from controller.core.analysis.state import State, Track
from controller.core.significance import DECAY, SHRINK, Evidence, good_growth, good_mass, required_requests, step_margin

LEAST_PRODUCT = 1e-12
"""Below this a product is not expected to come back."""


def _rate(track: Track, i: int) -> float:
    """The baseline's present rate at the bound, as the plug-in sees it."""
    return min(1.0, (track.evidence[i].recent + SHRINK * track.bounds[i].rate) / (track.recent + SHRINK))


def requests_needed(state: State, share: float) -> float:
    """About how many requests (both arms) a step at ``share`` needs; the most over the metrics and bounds, or inf."""
    settings, most = state.settings, 0.0
    for metric, track in zip(settings.metrics, state.tracks, strict=True):
        tolerance = settings.tolerance(metric)
        margin = step_margin(share, budget=settings.compare.budget, absolute=tolerance.absolute)
        for i, at in enumerate(track.bounds):
            need = required_requests(
                weight=share,
                q=_rate(track, i),
                phi=at.phi,
                relative=tolerance.relative,
                margin=margin,
                beta=settings.beta,
            )
            most = max(most, need)
    return most


def seconds_needed(state: State, share: float, requests_per_second: float) -> float | None:
    """About how long a step at ``share`` takes at this traffic (both arms), its warm-up included; None: for ever."""
    seconds = requests_needed(state, share) / requests_per_second if requests_per_second > 0.0 else inf
    return state.settings.warm_up + seconds if seconds < inf else None


def traffic(state: State) -> float | None:
    """The present requests per second of both arms; None when nothing tells.

    Of the step before while a new one has no look yet; before the first look what stable's history ended with.
    """
    track = state.tracks[0]
    if state.step_seconds > 0.0:
        return (track.step_c + track.step_b) / state.step_seconds
    return None if state.cautious else track.recent * (1.0 - DECAY) / state.settings.look


def expected(state: State, share: float) -> float | None:
    """About how long a step at ``share`` will take that has no look yet; None when unknown, or for ever."""
    rate = traffic(state)
    ready = all(track.bounds for track in state.tracks)
    return seconds_needed(state, share, rate) if rate is not None and ready else None


def seconds_left(state: State) -> float | None:
    """About how long until this step is shown to be good enough; see Report."""
    settings, most = state.settings, 0.0
    if state.step_seconds <= 0.0:
        return None
    for metric, track in zip(settings.metrics, state.tracks, strict=True):
        if not (track.step_c > 0.0 and track.step_b > 0.0 and track.evidence):
            return None
        tolerance = settings.tolerance(metric)
        margin = step_margin(state.share, budget=settings.compare.budget, absolute=tolerance.absolute)
        for i, evidence in enumerate(track.evidence):
            speed = good_growth(
                k=tolerance.relative * track.step_c / track.step_b,
                q=_rate(track, i),
                relative=tolerance.relative,
                margin=margin,
            )
            nats = speed * track.step_c / state.step_seconds / track.bounds[i].phi
            most = max(most, _missing_nats(state, evidence) / nats if nats > 0.0 else inf)
    return most if most < inf else None


def _missing_nats(state: State, evidence: Evidence) -> float:
    """Between the good-enough evidence of one bound and its limit; it grows from the better one of its two products."""
    if state.good(evidence) >= state.settings.good_limit:
        return 0.0
    best = max(evidence.good) + good_mass(state.step_looks)
    return log(len(evidence.good) * state.settings.good_limit / max(best, LEAST_PRODUCT))
