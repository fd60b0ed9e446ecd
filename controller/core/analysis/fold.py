"""One look more: a pure fold. The same looks in the same order give the same state, also after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from controller.core.analysis.histogram import Histogram, histogram
from controller.core.analysis.settings import ERRORS, AtStep, Rule
from controller.core.analysis.state import ENOUGH_REQUESTS, State, Track, latency_track
from controller.core.observed import Counts, Look
from controller.core.significance import (
    DECAY,
    advance,
    good_mass,
    harm_mass,
    idle,
    scale,
    step_margin,
    unlaid_good_mass,
)

OVERLAP = 0.1
"""How much of a look may lie before the end of the last one; more would count requests twice."""

_CLOCK = 1e-3

_ROOM = 0.05
"""Share of the requests by which the good ones may differ before they are compared, for small samples' sake."""


class _Turn(NamedTuple):
    """What all metrics share at this look: the masses to lay, and whether the step is new or still warming up."""

    share: float
    starts: bool
    warm: bool
    harm: float
    good: float


def _turn(state: State, look: Look, step: AtStep) -> _Turn:
    starts = step.index != state.step
    warm = look.end - look.duration < step.since + state.settings.warm_up - _CLOCK
    harm = harm_mass(state.looks, starts, state.settings.steps)
    good = 0.0 if warm else good_mass(0 if starts else state.step_looks)
    return _Turn(step.share, starts, warm, min(harm, state.unlaid), good)


def observe(state: State, look: Look, step: AtStep) -> State:
    """The state after ``look``, which was taken while ``step`` was in effect.

    A look that begins before the last one ended (a duplicate, a late one, a clock that went back) changes nothing. One
    without data changes no evidence: it is remembered as the reason to hold. Once harmful, the evidence stays as it was
    when it proved that.
    """
    if not (look.end - state.end >= (1.0 - OVERLAP) * look.duration > 0.0 and look.end < inf):
        return state
    if state.harmful:
        return state
    missing = look.missing or _unreadable(look)
    if missing:
        return state._replace(end=look.end, missing=missing)
    turn = _turn(state, look, step)
    pairs = zip(state.settings.rules, state.tracks, strict=True)
    tracks = tuple([_track(state, rule, track, look, turn) for rule, track in pairs])
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
        cautious=state.cautious,
    )
    return after._replace(harmful=True) if after.harm >= state.settings.harm_limit else after


def _unreadable(look: Look) -> str:
    counts = (look.candidate.requests, look.candidate.errors, look.stable.requests, look.stable.errors)
    if min(counts) >= 0.0 and sum(counts) < inf:
        return ""
    names = ("requests of the candidate", "errors of the candidate", "requests of stable", "errors of stable")
    return next(
        (f"the number of {name} reads {n:g}" for name, n in zip(names, counts, strict=True) if not 0.0 <= n < inf), ""
    )


def _track(state: State, rule: Rule, track: Track, look: Look, turn: _Turn) -> Track:
    if turn.starts:
        fresh = tuple([e._replace(good=(0.0,) * len(e.good)) for e in track.evidence])
        track = track._replace(evidence=fresh, step_c=0.0, step_b=0.0)
    if rule.metric == ERRORS:
        c, b = look.candidate, look.stable
        bad: list[tuple[float, float] | None] = [(min(c.errors, c.requests), min(b.errors, b.requests))]
        return _advance(rule, state, track, c.requests, b.requests, bad, turn)
    if look.latency_missing:
        return _without(track, look.latency_missing, turn)
    try:
        slow_c, slow_b = histogram(look.candidate), histogram(look.stable)
    except ValueError as reason:
        return _without(track, str(reason), turn)
    if not track.bounds:
        return _first_bounds(state, track, look.stable, turn)
    after = _latency(rule, state, track, slow_c, slow_b, turn)
    return _unharmed(track, after, turn) if _fails_fast(look, rule.relative) else after


def _unharmed(before: Track, after: Track, turn: _Turn) -> Track:
    """``after`` with the evidence of harm as if the look had said nothing of it."""
    evidence = tuple(
        [
            now._replace(harm=tuple([m + turn.harm for m in was.harm]), streak=was.streak)
            for was, now in zip(before.evidence, after.evidence, strict=True)
        ]
    )
    return after._replace(evidence=evidence)


def _fails_fast(look: Look, relative: float) -> bool:
    """Whether so many more of stable's requests failed than of the candidate's that being slower is no harm any more:
    an answer that does no work is quick. Up to the tolerance of latency that cannot matter.
    """
    c, b = look.candidate, look.stable
    if not (c.requests and b.requests):
        return False
    good_c, good_b = (1.0 - min(one.errors / one.requests, 1.0) for one in (c, b))
    return good_c > relative * good_b + _ROOM


def _latency(rule: Rule, state: State, track: Track, c: Histogram, b: Histogram, turn: _Turn) -> Track:
    n_c, within_c, place = c
    n_b, within_b, place_b = b
    bad: list[tuple[float, float] | None]
    try:
        if place is not place_b:
            raise KeyError
        places = [place[at] for at, _, _ in track.bounds]
        bad = [(n_c - within_c[i], n_b - within_b[i]) for i in places]
    except KeyError:
        bad = [_slower(at, c, b) for at, _, _ in track.bounds]
    after = _advance(rule, state, track, n_c, n_b, bad, turn)
    if None in bad:
        lost = track.bounds[bad.index(None)].at
        return after._replace(missing=f"a histogram has no bound at {lost * 1000:g} ms any more")
    return after


def _slower(at: float, c: Histogram, b: Histogram) -> tuple[float, float] | None:
    """Requests slower than ``at`` seconds in both arms, when their bounds differ; None when one cannot tell."""
    slower = []
    for requests, within, place in (c, b):
        if requests and at not in place:
            return None
        slower.append(requests - within[place[at]] if requests else 0.0)
    return slower[0], slower[1]


def _without(track: Track, reason: str, turn: _Turn) -> Track:
    evidence = tuple([idle(e, turn.harm, turn.good, 0.0) for e in track.evidence])
    return track._replace(evidence=evidence, recent=DECAY * track.recent, missing=reason)


def _first_bounds(state: State, track: Track, stable: Counts, turn: _Turn) -> Track:
    """Bounds from the first look of stable that has enough requests; this look itself is then the past.

    The masses that were laid until now are laid for them too.
    """
    chosen = latency_track((stable,)) if stable.requests >= ENOUGH_REQUESTS else Track()
    if not chosen.bounds:
        return track._replace(missing="stable has had too few requests to choose latency bounds")
    harm = 1.0 - state.unlaid + turn.harm
    looks = 0 if turn.starts else state.step_looks
    good = 0.0 if turn.warm else 1.0 - unlaid_good_mass(looks + 1)
    laid = tuple([idle(e, harm, good, 0.0)._replace(recent=e.recent) for e in chosen.evidence])
    return chosen._replace(evidence=laid)


def _advance(
    rule: Rule,
    state: State,
    track: Track,
    n_c: float,
    n_b: float,
    bad: Sequence[tuple[float, float] | None],
    turn: _Turn,
) -> Track:
    """The track after the counts of this look: ``bad`` in the order of the bounds, None where one was not readable."""
    _, relative, absolute, cap = rule
    bounds, evidence, requests_c, requests_b, pairs, recent, step_c, step_b, _ = track
    counts = zip(bounds, evidence, bad, strict=True)
    if n_c > 0.0 and n_b > 0.0 and not (turn.warm and rule.metric != ERRORS):
        margin = step_margin(turn.share, budget=state.settings.compare.budget, absolute=absolute)
        shared = scale(n_c, n_b, relative, absolute, margin, cap, recent, turn.harm, turn.good, not turn.warm)
        after = [
            advance(past, of[0], of[1], rate, phi, shared) if of else idle(past, turn.harm, turn.good, 0.0)
            for (_, rate, phi), past, of in counts
        ]
        requests_c += n_c
        requests_b += n_b
        pairs += min(n_c, n_b)
    else:
        after = [idle(past, turn.harm, turn.good, of[1] if of else 0.0) for _, past, of in counts]
    recent = DECAY * recent + n_b
    return Track(bounds, tuple(after), requests_c, requests_b, pairs, recent, step_c + n_c, step_b + n_b)
