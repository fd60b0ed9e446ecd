"""How much worse than stable the candidate is, with bounds that hold at every look at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from typing import NamedTuple

from controller.core.significance.evidence import EXCESS_TILTS

_STEPS = 40


class Excess(NamedTuple):
    """The candidate's rate less stable's, a share of requests between -1 and 1, and the bounds on it."""

    estimate: float
    lower: float
    upper: float


def excess(evidence: Sequence[float], pairs: float, *, phi: float, alpha: float) -> Excess:
    """The excess after any number of looks; both bounds hold at all looks with probability ``1 - alpha`` or more.

    For every tolerance d both claims ``p_c <= p_b + d`` and ``p_c >= p_b + d`` are tested, with relative tolerance 1
    and tilts s of fixed size per request of the smaller arm (``EXCESS_TILTS``). At a fixed tilt the log-evidence is
    linear in d,

        a_s - s*pairs*d,    a_s = sum over looks of bad_c*ln(1+s') + bad_b*ln(1 - s'*n_c/n_b),   s' = s*min(1, n_b/n_c)

    with ``pairs`` the sum of min(n_c, n_b), so that one number a_s per tilt holds the test of every d. The lower bound
    is the largest d that the mean over the tilts s > 0 refutes at alpha/2, the upper one the smallest d that the mean
    over s < 0 refutes (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", 2024, for
    such inversions). Because the tilts stay the same, the bounds also hold for the average of an excess that changes.
    The estimate is the mean of ``min(n_c, n_b)*(x_c/n_c - x_b/n_b)``, read from the two smallest tilts.

    Without requests the estimate is 0 and the bounds are -1 and 1.
    """
    if pairs <= 0.0:
        return Excess(0.0, -1.0, 1.0)
    half = len(EXCESS_TILTS) // 2
    small = EXCESS_TILTS[half - 1]
    estimate = (evidence[half - 1] - evidence[half]) / (2.0 * small * pairs)
    limit = phi * log(2.0 / alpha)
    above = list(zip(EXCESS_TILTS[:half], evidence[:half], strict=True))
    below = list(zip(EXCESS_TILTS[half:], evidence[half:], strict=True))
    lower = _crossing(above, pairs, phi, limit, estimate, -1.0)
    upper = _crossing(below, pairs, phi, limit, estimate, 1.0)
    return Excess(_inside(estimate), _inside(min(lower, estimate)), _inside(max(upper, estimate)))


def _inside(value: float) -> float:
    return min(max(value, -1.0), 1.0)


def _log_mean(terms: list[tuple[float, float]], pairs: float, phi: float, d: float) -> float:
    """phi times the logarithm of the mean evidence at tolerance ``d``."""
    nats = [(a - s * pairs * d) / phi for s, a in terms]
    top = max(nats)
    return phi * (top + log(sum(exp(n - top) for n in nats) / len(nats)))


def _crossing(
    terms: list[tuple[float, float]], pairs: float, phi: float, limit: float, inside: float, outside: float
) -> float:
    """Where the evidence reaches ``limit``, by bisection between a d that it does not refute and one that it may."""
    if _log_mean(terms, pairs, phi, outside) < limit:
        return outside
    for _ in range(_STEPS):
        middle = 0.5 * (inside + outside)
        if _log_mean(terms, pairs, phi, middle) < limit:
            inside = middle
        else:
            outside = middle
    return outside
