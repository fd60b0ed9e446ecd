"""The running evidence of one metric at one bound: mixture, restarts and the two guards, in constant state.

The inner loops run for every look of every release, so that the formulas of ``statistic`` stand here once more, with
what all bounds of a metric share computed once a look (``Scale``); a test holds the two together.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import NamedTuple

from controller.core.significance.statistic import HIGHEST_RATE, LEAST_FACTOR

MULTIPLES = (1.25, 1.6, 2.5, 5.0, 12.0, 40.0, 150.0)
"""The alternatives: the candidate's rate is so many times the tolerated one; equal weights."""

EXCESS_TILTS = (0.9, 0.225, 0.05625, 0.0140625, -0.0140625, -0.05625, -0.225, -0.9)
"""z-1 for the bounds of the excess, per request of the smaller arm; best at about 4/s^2 bad requests each."""

DECAY = 0.8
"""Weight of a look in the plug-in rate, against the look after it."""

SHRINK = 200.0
"""Requests that the long-run rate counts as, in the plug-in rate."""

FIRST_MASS = 0.5
"""Share of harm's start mass that is laid at the first look."""

SPREAD_MASS = 0.25
"""Share of harm's start mass that is spread over all looks, so that a fault in the middle of a step is seen too."""

SPREAD_LOOKS = 100.0
"""Half of the spread mass is laid within so many looks, the rest ever thinner, for as long as the release takes."""

GOOD_RESTARTS = 0.25
GOOD_LOOKS = 60.0
"""A quarter of the good-enough mass is laid evenly over the first 60 looks of a step, the rest at its first look."""

STREAK = 2
"""After so many capped looks in a row the cap is lifted: scrapes up to one look apart can spoil two looks, no third."""

_LIFTED = 50.0
_TINY = 1e-15
_HUGE = 1e15


class Evidence(NamedTuple):
    """What is carried from look to look, for one metric at one bound.

    ``harm``: the product of each of MULTIPLES. ``good``: the products against "as good as stable" and "a quarter of the
    margin worse", of this step. ``excess``: log-evidence at each of EXCESS_TILTS, less its part that depends on the
    tolerance. ``recent``: the baseline's bad requests, decayed. ``bad_c``, ``bad_b``: bad requests of the release.
    ``streak``: looks in a row that were capped.
    """

    harm: tuple[float, ...] = (0.0,) * len(MULTIPLES)
    good: tuple[float, ...] = (0.0, 0.0)
    excess: tuple[float, ...] = (0.0,) * len(EXCESS_TILTS)
    recent: float = 0.0
    bad_c: float = 0.0
    bad_b: float = 0.0
    streak: int = 0


class Scale(NamedTuple):
    """What all bounds of one metric share in one look; build it with ``scale``.

    ``lifts``: ln(z) and ln(1 - k(z-1)) at each of EXCESS_TILTS. ``shrink``: 1/(decayed baseline requests + SHRINK).
    """

    requests_c: float
    requests_b: float
    relative: float
    absolute: float
    margin: float
    harm_mass: float
    good_mass: float
    counts_good: bool
    cap: float
    shrink: float
    k: float
    lifts: tuple[tuple[float, float], ...]


def harm_mass(look: int, *, starts_step: bool, steps: int) -> float:
    """The start mass laid at this look (counted from 0 over the release); over all looks at most 1.

    Half at the first look; a quarter split evenly over the starts of the later steps (a fault that shows only under
    load); a quarter spread over all looks as J/((j+J)(j+J+1)), which sums to 1. Without the last part the evidence of
    many healthy looks would have to be won back before a fault in the middle of a step could count.
    """
    spread = SPREAD_MASS * SPREAD_LOOKS / ((look + SPREAD_LOOKS) * (look + SPREAD_LOOKS + 1.0))
    later = 1.0 - FIRST_MASS - SPREAD_MASS
    if look == 0:
        return spread + FIRST_MASS + (later if steps <= 1 else 0.0)
    return spread + (later / (steps - 1) if starts_step and steps > 1 else 0.0)


def good_mass(look: int) -> float:
    """The good-enough mass laid at this look of a step, counted from 0; over all looks it sums to 1."""
    return (1.0 - GOOD_RESTARTS if look == 0 else 0.0) + (GOOD_RESTARTS / GOOD_LOOKS if look < GOOD_LOOKS else 0.0)


def unlaid_good_mass(looks: int) -> float:
    """The good-enough mass still to come after so many looks of a step."""
    if looks == 0:
        return 1.0
    return GOOD_RESTARTS * max(0.0, 1.0 - looks / GOOD_LOOKS)


def harm_cap(limit: float) -> float:
    """The most log-evidence of harm that one look may give, when a metric's evidence must reach ``limit``.

    Two looks at the cap reach the limit from the mass laid at the first look, one never does:
    ``1.02*ln(limit/FIRST_MASS)/2``. The limit is 1/alpha over the weight of the metric.
    """
    return 1.02 * log(limit / FIRST_MASS) / 2.0


def scale(
    requests_c: float,
    requests_b: float,
    *,
    relative: float,
    absolute: float,
    margin: float,
    recent: float,
    cap: float,
    harm: float,
    good: float,
    counts_good: bool,
) -> Scale:
    """The shared part of one look. Both arms have requests; ``recent`` is the baseline's decayed count before it."""
    ratio = requests_c / requests_b
    step = 1.0 if ratio <= 1.0 else 1.0 / ratio
    lifts = tuple((log(1.0 + s * step), log(1.0 - ratio * s * step)) for s in EXCESS_TILTS)
    shrink = 1.0 / (recent + SHRINK)
    return Scale(requests_c, requests_b, relative, absolute, margin, harm, good, counts_good, cap, shrink,
                 relative * ratio, lifts)  # fmt: skip


def advance(past: Evidence, bad_c: float, bad_b: float, *, rate: float, phi: float, scale: Scale) -> Evidence:
    """The evidence after one more look. ``rate`` is the long-run rate, ``phi`` the index of dispersion."""
    q = (past.recent + SHRINK * rate) * scale.shrink
    harm, capped = _harm(past, bad_c, bad_b, q, phi, scale)
    good = _good(past, bad_c, bad_b, q, phi, scale) if scale.counts_good else past.good
    excess = tuple([a + bad_c * up + bad_b * down for a, (up, down) in zip(past.excess, scale.lifts, strict=True)])
    return Evidence(harm, good, excess, DECAY * past.recent + bad_b, past.bad_c + bad_c, past.bad_b + bad_b,
                    past.streak + 1 if capped else 0)  # fmt: skip


def idle(past: Evidence, *, harm: float, good: float, bad_b: float) -> Evidence:
    """The evidence after a look that says nothing: the masses are laid, the plug-in learns what the baseline did."""
    return past._replace(
        harm=tuple([m + harm for m in past.harm]),
        good=tuple([m + good for m in past.good]),
        recent=DECAY * past.recent + bad_b,
    )


def _harm(
    past: Evidence, bad_c: float, bad_b: float, q: float, phi: float, scale: Scale
) -> tuple[tuple[float, ...], bool]:
    k, mass = scale.k, scale.harm_mass
    one_k = 1.0 + k
    rq = scale.relative * q
    dk = scale.absolute * one_k
    tolerated = rq + scale.absolute
    cost = scale.requests_c * scale.absolute
    cap = scale.cap if past.streak < STREAK else _LIFTED
    capped = False
    products = []
    for multiple, product in zip(MULTIPLES, past.harm, strict=True):
        m = multiple * tolerated
        if m > HIGHEST_RATE:
            m = HIGHEST_RATE
        km = k * m
        total = km + rq + dk
        root = total * total - 4.0 * km * dk
        z = 2.0 * m * one_k / (total + sqrt(root if root > 0.0 else 0.0))
        product += mass
        if z > 1.0:
            s = z - 1.0
            factor = 1.0 - k * s
            if factor < LEAST_FACTOR:
                factor = LEAST_FACTOR
                s = (1.0 - LEAST_FACTOR) / k
                z = 1.0 + s
            nats = (bad_c * log(z) + bad_b * log(factor) - cost * s) / phi
            if nats > scale.cap:
                capped = True
                if nats > cap:
                    nats = cap
            product *= exp(nats)
            if product < _TINY:
                product = 0.0
            elif product > _HUGE:
                product = _HUGE
        products.append(product)
    return tuple(products), capped


def _good(past: Evidence, bad_c: float, bad_b: float, q: float, phi: float, scale: Scale) -> tuple[float, ...]:
    k, margin, mass = scale.k, scale.margin, scale.good_mass
    one_k = 1.0 + k
    rq = scale.relative * q
    dk = margin * one_k
    cost = scale.requests_c * margin
    products = []
    for m, product in zip((q, q + 0.25 * margin), past.good, strict=True):
        km = k * m
        total = km + rq + dk
        root = total * total - 4.0 * km * dk
        z = 2.0 * m * one_k / (total + sqrt(root if root > 0.0 else 0.0))
        product += mass
        if z < 1.0:
            s = z - 1.0
            nats = (bad_c * log(z) + bad_b * log(1.0 - k * s) - cost * s) / phi
            product *= exp(nats if nats < _LIFTED else _LIFTED)
            if product < _TINY:
                product = 0.0
            elif product > _HUGE:
                product = _HUGE
        products.append(product)
    return tuple(products)
