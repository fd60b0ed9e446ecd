"""The running evidence of one metric at one bound: mixture, restarts and the two guards, in constant state.

This runs for every look of every release and has to cost no more than decoding the look from JSON. So the tilts are
looked up at rates and ratios rounded to ``GRID`` (a tilt that is a little off costs power, never validity), and what
all bounds of a metric share is computed once a look (``Scale``).
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, log, log2
from typing import NamedTuple

from controller.core.significance.statistic import HIGHEST_RATE, LEAST_FACTOR, tilt

MULTIPLES = (1.25, 1.6, 2.5, 5.0, 12.0, 40.0, 150.0)
"""The alternatives: the candidate's rate is so many times the tolerated one; equal weights."""

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

GRID = 4.0
"""Steps per octave to which rates and ratios are rounded before their tilts are looked up: at most 9 % off."""

STREAK = 2
"""After so many capped looks in a row the cap is lifted: scrapes up to one look apart can spoil two looks, no third."""

_LIFTED = 50.0
_HUGE = 1e15
_MOST_PULL = 1.0 - LEAST_FACTOR
_Tilt = tuple[float, float, float]
"""z-1, ln(z), and the cost of a candidate request: absolute*(z-1)."""


class Evidence(NamedTuple):
    """What is carried from look to look, for one metric at one bound.

    ``harm``: the product of each of MULTIPLES. ``good``: the products against "as good as stable" and "a quarter of the
    margin worse", of this step. ``recent``: the baseline's bad requests, decayed. ``bad_c``, ``bad_b``: bad requests of
    the release. ``streak``: looks in a row that were capped. ``paired_c``, ``paired_b``, ``squared_b``: bad requests as
    the excess weighs them (see there).
    """

    harm: tuple[float, ...] = (0.0,) * len(MULTIPLES)
    good: tuple[float, ...] = (0.0, 0.0)
    recent: float = 0.0
    bad_c: float = 0.0
    bad_b: float = 0.0
    streak: int = 0
    paired_c: float = 0.0
    paired_b: float = 0.0
    squared_b: float = 0.0


class Scale(NamedTuple):
    """What all bounds of one metric share in one look; ``scale`` builds it.

    ``k`` is relative*requests_c/requests_b, ``k_cell`` its place on the grid. ``cap``: see ``harm_cap``. ``shrink``:
    1/(decayed baseline requests + SHRINK). ``pair_c``, ``pair_b``: min(1, n_b/n_c) and min(1, n_c/n_b).
    """

    requests_c: float
    k: float
    k_cell: int
    relative: float
    absolute: float
    margin: float
    cap: float
    harm_mass: float
    good_mass: float
    counts_good: bool
    shrink: float
    pair_c: float
    pair_b: float


def harm_mass(look: int, starts_step: bool, steps: int) -> float:
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
    relative: float,
    absolute: float,
    margin: float,
    cap: float,
    recent: float,
    harm: float,
    good: float,
    counts_good: bool,
) -> Scale:
    """The shared part of one look. Both arms have requests; ``recent`` is the baseline's decayed count before it.

    ``harm`` and ``good`` are the masses to lay; without ``counts_good`` the good-enough evidence stays as it is.
    """
    ratio = requests_c / requests_b
    pair_c, pair_b = (1.0, ratio) if ratio <= 1.0 else (1.0 / ratio, 1.0)
    k = relative * ratio
    return Scale(requests_c, k, round(GRID * log2(k)), relative, absolute, margin, cap, harm, good, counts_good,
                 1.0 / (recent + SHRINK), pair_c, pair_b)  # fmt: skip


def advance(past: Evidence, bad_c: float, bad_b: float, rate: float, phi: float, scale: Scale) -> Evidence:
    """The evidence after one more look. ``rate`` is the long-run rate, ``phi`` the index of dispersion.

    Each product becomes ``(product + mass) * E(z)^(1/phi)``, harm's E(z) capped.
    """
    harm, good, recent, sum_c, sum_b, streak, paired_c, paired_b, squared_b = past
    n_c, k, k_cell, relative, absolute, margin, cap, mass, mass_good, counts_good, shrink, pair_c, pair_b = scale
    q_cell = round(GRID * log2((recent + SHRINK * rate) * shrink))
    tilts, tilts_good = _tilts(k_cell, q_cell, relative, absolute, margin)
    if k * tilts[-1][0] > _MOST_PULL:
        tilts = _inside(tilts, k)
    n, c, b = n_c / phi, bad_c / phi, bad_b / phi
    capped = False
    products = []
    # Without strict, here and below: the keyword alone would be a tenth of the time of this function.
    for product, (s, log_z, cost) in zip(harm, tilts):  # noqa: B905
        nats = c * log_z - n * cost
        if b:
            nats += b * log(1.0 - k * s)
        if nats > cap:
            capped = True
            if nats > _LIFTED or streak < STREAK:
                nats = cap if streak < STREAK else _LIFTED
        products.append((product + mass) * exp(nats))
    if counts_good:
        passed = []
        for product, (s, log_z, cost) in zip(good, tilts_good):  # noqa: B905
            nats = c * log_z - n * cost
            if b:
                nats += b * log(1.0 - k * s)
            product = (product + mass_good) * exp(nats if nats < _LIFTED else _LIFTED)
            passed.append(product if product < _HUGE else _HUGE)
        good = tuple(passed)
    weighed = pair_b * bad_b
    return Evidence(tuple(products), good, DECAY * recent + bad_b, sum_c + bad_c, sum_b + bad_b,
                    streak + 1 if capped else 0,
                    paired_c + pair_c * bad_c, paired_b + weighed, squared_b + pair_b * weighed)  # fmt: skip


def idle(past: Evidence, harm: float, good: float, bad_b: float) -> Evidence:
    """The evidence after a look that says nothing: the masses are laid, the plug-in learns what the baseline did."""
    return past._replace(
        harm=tuple([m + harm for m in past.harm]),
        good=tuple([m + good for m in past.good]),
        recent=DECAY * past.recent + bad_b,
    )


@lru_cache(maxsize=8192)
def _tilts(
    k_cell: int, q_cell: int, relative: float, absolute: float, margin: float
) -> tuple[tuple[_Tilt, ...], tuple[_Tilt, ...]]:
    """Against each of MULTIPLES, clipped at 1; and against "as good as stable" and "a quarter of the margin worse".

    Where nearly every request may be bad (``relative*q + margin`` at HIGHEST_RATE or above) a candidate as good as
    stable is not good enough, but one that is better than stable is: both tilts then test the claim ``p_c >= p_b``,
    against half of stable's rate. A fix has to get past a stable version that is down.
    """
    k, q = 2.0 ** (k_cell / GRID), min(1.0, 2.0 ** (q_cell / GRID))
    rates = [min(multiple * (relative * q + absolute), HIGHEST_RATE) for multiple in MULTIPLES]
    harm = [max(1.0, tilt(m, k=k, q=q, relative=relative, absolute=absolute)) for m in rates]
    tilts = tuple((z - 1.0, log(z), absolute * (z - 1.0)) for z in harm)
    if relative * q + margin >= HIGHEST_RATE:
        z = tilt(q / 2.0, k=k / relative, q=q, relative=1.0, absolute=0.0)
        return tilts, (((z - 1.0) / relative, log(z), 0.0),) * 2  # the look's own k has the factor relative
    good = [min(1.0, tilt(m, k=k, q=q, relative=relative, absolute=margin)) for m in (q, q + 0.25 * margin)]
    return tilts, tuple((z - 1.0, log(z), margin * (z - 1.0)) for z in good)


def _inside(tilts: tuple[_Tilt, ...], k: float) -> tuple[_Tilt, ...]:
    """The tilts, brought below 1 + 1/k, which the look's own k may ask for after the rounding to the grid."""
    most = _MOST_PULL / k
    return tuple(
        (s, log_z, cost) if s <= most else (most, log(1.0 + most), cost * most / s) for s, log_z, cost in tilts
    )
