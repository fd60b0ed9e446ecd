"""How much worse a step may be, and how many requests it takes to show that it is not."""

from __future__ import annotations

from math import inf, log

from controller.core.significance.evidence import GOOD_RESTARTS
from controller.core.significance.statistic import HIGHEST_RATE, LEAST_FACTOR, growth, tilt

MOST_MARGIN = 0.10

GOOD_TILTS = 2


def step_margin(weight: float, *, budget: float, absolute: float) -> float:
    """The excess D that a step may have: ``clip(budget/weight, absolute, 10 %)``.

    ``weight`` is the candidate's share of the requests, ``budget`` what a step may cost as a share of *all* requests,
    ``absolute`` the tolerance; all between 0 and 1. A step at a small weight risks little, so that it may prove less.
    """
    most = max(MOST_MARGIN, absolute)
    return most if weight * most <= budget else max(budget / weight, absolute)


def good_growth(*, k: float, q: float, relative: float, margin: float) -> float:
    """Nats of good-enough evidence per candidate request, for a candidate exactly as good as its baseline (rate q).

    Of the two tilts that are kept the better one; without errors it is ``margin``: the rule of three. 0 where nearly
    every request may be bad.
    """
    if relative * q + margin >= HIGHEST_RATE:
        return 0.0
    best = 0.0
    for m in (q, q + 0.25 * margin):
        z = max(min(tilt(m, k=k, q=q, relative=relative, absolute=margin), 1.0), LEAST_FACTOR)
        best = max(best, growth(z, k=k, m=q, q=q, relative=relative, absolute=margin))
    return best


def required_requests(*, weight: float, q: float, phi: float, relative: float, margin: float, beta: float) -> float:
    """Requests to both arms together until a candidate as good as its baseline is shown to be good enough.

    ``(ln(1/beta) + ln 2 + ln(4/3)) * phi / growth / weight``: the evidence asked for, two tilts of which one may be
    useless, and the quarter of the mass that is kept for restarts. Without errors and clusters that is
    ``3.98/(weight*margin)``, hence 3.98/budget at any weight between the clips of the margin.
    Infinite where nothing can be shown: at a weight of 0 or 1, or with a baseline that fails nearly always.
    """
    if not 0.0 < weight < 1.0:
        return inf
    speed = good_growth(k=relative * weight / (1.0 - weight), q=q, relative=relative, margin=margin)
    if speed <= 0.0:
        return inf
    nats = log(1.0 / beta) + log(GOOD_TILTS) - log(1.0 - GOOD_RESTARTS)
    return nats * phi / speed / weight
