"""One look more: a pure fold. The same looks in the same order give the same state, also after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf, isfinite

from controller.core.analysis.histogram import cumulative
from controller.core.analysis.settings import ERRORS, LATENCY, AtStep
from controller.core.analysis.state import State, Track, latency_track
from controller.core.observed import Counts, Look
from controller.core.significance import (
    DECAY,
    advance,
    good_mass,
    harm_cap,
    harm_mass,
    idle,
    scale,
    step_margin,
    unlaid_good_mass,
)

ENOUGH_FOR_BOUNDS = 200.0
"""Requests of stable from which latency bounds may be chosen when there is no history."""

_CLOCK = 1e-3


class _Turn:
    """What all metrics share at this look: the masses to lay, and whether the step is past its warm-up."""

    __slots__ = ("good", "harm", "starts", "step", "warm")

    def __init__(self, state: State, look: Look, step: AtStep) -> None:
        settings = state.settings
        self.step = step
        self.starts = step.index != state.step
        self.warm = look.start < step.since + settings.warm_up - _CLOCK
        mass = harm_mass(state.looks, starts_step=self.starts, steps=settings.steps)
        self.harm = min(mass, state.unlaid)
        self.good = good_mass(0 if self.starts else state.step_looks)


def observe(state: State, look: Look, step: AtStep) -> State:
    """The state after ``look``, which was taken while ``step`` was in effect.

    A look that does not end after the last one (a duplicate, a late one, a clock that went back) changes nothing. One
    without data changes no evidence: it is remembered as the reason to hold.
    """
    if not (look.end > state.end and 0.0 < look.duration < inf):
        return state
    missing = look.missing or _unreadable(look)
    if missing:
        return replace(state, end=look.end, missing=missing)
    turn = _Turn(state, look, step)
    tracks = tuple(
        [
            _track(state, metric, track, look, turn)
            for metric, track in zip(state.settings.metrics, state.tracks, strict=True)
        ]
    )
    after = State(
        settings=state.settings,
        tracks=tracks,
        end=look.end,
        began=state.began if state.looks else look.start,
        looks=state.looks + 1,
        step=step.index,
        share=step.share,
        step_looks=(0 if turn.starts else state.step_looks) + (0 if turn.warm else 1),
        step_seconds=(0.0 if turn.starts else state.step_seconds) + look.duration,
        unlaid=state.unlaid - turn.harm,
        harmful=state.harmful,
    )
    if not after.harmful and after.harm >= state.settings.harm_limit:
        return replace(after, harmful=True)
    return after


def _unreadable(look: Look) -> str:
    for name, counts in (("candidate", look.candidate), ("stable", look.stable)):
        for what, count in (("requests", counts.requests), ("errors", counts.errors)):
            if not (isfinite(count) and count >= 0.0):
                return f"the number of {what} of {name} reads {count:g}"
    return ""


def _track(state: State, metric: str, track: Track, look: Look, turn: _Turn) -> Track:
    if turn.starts:
        fresh = tuple([e._replace(good=(0.0,) * len(e.good)) for e in track.evidence])
        track = replace(track, evidence=fresh, step_c=0.0, step_b=0.0)
    if metric == ERRORS:
        c, b = look.candidate, look.stable
        bad: list[tuple[float, float] | None] = [(min(c.errors, c.requests), min(b.errors, b.requests))]
        return _advance(state, metric, track, c.requests, b.requests, bad, turn)
    if look.latency_missing:
        return _without(track, look.latency_missing, turn)
    try:
        slow_c, slow_b = cumulative(look.candidate), cumulative(look.stable)
    except ValueError as reason:
        return _without(track, str(reason), turn)
    if not track.bounds:
        return _first_bounds(state, track, look.stable, turn)
    return _latency(state, track, slow_c, slow_b, turn)


def _latency(
    state: State,
    track: Track,
    slow_c: tuple[float, dict[float, float]],
    slow_b: tuple[float, dict[float, float]],
    turn: _Turn,
) -> Track:
    (n_c, within_c), (n_b, within_b) = slow_c, slow_b
    bad: list[tuple[float, float] | None] = []
    lost = ""
    for bound in track.bounds:
        c = n_c - within_c.get(bound.at, -inf) if n_c else 0.0
        b = n_b - within_b.get(bound.at, -inf) if n_b else 0.0
        if c == inf or b == inf:
            lost = f"a histogram has no bound at {bound.at * 1000:g} ms any more"
            bad.append(None)
        else:
            bad.append((c, b))
    after = _advance(state, LATENCY, track, n_c, n_b, bad, turn)
    return replace(after, missing=lost) if lost else after


def _without(track: Track, reason: str, turn: _Turn) -> Track:
    evidence = tuple([idle(e, harm=turn.harm, good=0.0 if turn.warm else turn.good, bad_b=0.0) for e in track.evidence])
    return replace(track, evidence=evidence, recent=DECAY * track.recent, missing=reason)


def _first_bounds(state: State, track: Track, stable: Counts, turn: _Turn) -> Track:
    """Bounds from the first look of stable that has enough requests; this look itself is then the past.

    The masses that were laid until now are laid for them too.
    """
    chosen = latency_track((stable,)) if stable.requests >= ENOUGH_FOR_BOUNDS else Track()
    if not chosen.bounds:
        return replace(track, missing="stable has had too few requests to choose latency bounds")
    harm = 1.0 - state.unlaid + turn.harm
    looks = 0 if turn.starts else state.step_looks
    good = 0.0 if turn.warm else 1.0 - unlaid_good_mass(looks + 1)
    laid = tuple([idle(e, harm=harm, good=good, bad_b=0.0) for e in chosen.evidence])
    return replace(chosen, evidence=laid)


def _advance(
    state: State,
    metric: str,
    track: Track,
    n_c: float,
    n_b: float,
    bad: Sequence[tuple[float, float] | None],
    turn: _Turn,
) -> Track:
    settings = state.settings
    good = 0.0 if turn.warm else turn.good
    compared = n_c > 0.0 and n_b > 0.0 and (metric == ERRORS or not turn.warm)
    if compared:
        tolerance = settings.tolerance(metric)
        shared = scale(
            n_c,
            n_b,
            relative=tolerance.relative,
            absolute=tolerance.absolute,
            margin=step_margin(turn.step.share, budget=settings.compare.budget, absolute=tolerance.absolute),
            recent=track.recent,
            cap=harm_cap(settings.harm_limit / settings.weight),
            harm=turn.harm,
            good=good,
            counts_good=not turn.warm,
        )
    evidence = []
    for bound, before, counts in zip(track.bounds, track.evidence, bad, strict=True):
        if compared and counts is not None:
            evidence.append(advance(before, *counts, rate=bound.rate, phi=bound.phi, scale=shared))
        else:
            evidence.append(idle(before, harm=turn.harm, good=good, bad_b=counts[1] if counts else 0.0))
    return Track(
        bounds=track.bounds,
        evidence=tuple(evidence),
        requests_c=track.requests_c + (n_c if compared else 0.0),
        requests_b=track.requests_b + (n_b if compared else 0.0),
        pairs=track.pairs + (min(n_c, n_b) if compared else 0.0),
        recent=DECAY * track.recent + n_b,
        step_c=track.step_c + n_c,
        step_b=track.step_b + n_b,
    )
