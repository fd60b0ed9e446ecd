"""How much worse than stable the candidate is, with bounds that hold at every look at once."""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

TILTS = tuple(0.95 / 2.0**i for i in range(8))
"""The mixture: s per request of the smaller arm; a tilt is best at about 2*ln(2/alpha)/s^2 bad requests in each arm."""

_STEPS = 20
_ENOUGH = 1e-6


class Excess(NamedTuple):
    """The candidate's rate less stable's, a share of requests between -1 and 1, and the bounds on it."""

    estimate: float
    lower: float
    upper: float


def bounded_excess(
    paired_c: float, paired_b: float, squared_b: float, pairs: float, *, phi: float, alpha: float
) -> Excess:
    """The excess after any number of looks; both bounds hold at all looks together with probability ``1 - alpha``.

    For every tolerance d both claims ``p_c <= p_b + d`` and ``p_c >= p_b + d`` are tested (log_evidence with relative
    tolerance 1) at tilts ``z - 1 = s*u`` with ``u = min(1, n_b/n_c)``, ``v = min(1, n_c/n_b)``:

        ln E = sum over looks of  x_c*ln(1 + s*u) + x_b*ln(1 - s*v) - s*d*min(n_c, n_b)

    The logarithms are concave in u and v and are replaced by lower bounds that are linear in u and square in v, so that
    four sums serve every s and every d: ``paired_c`` = sum x_c*u, ``paired_b`` = sum x_b*v, ``squared_b`` = sum
    x_b*v^2, ``pairs`` = sum min(n_c, n_b). The lower bound of the excess is the largest d that the mean over the tilts
    s > 0 refutes at alpha/2, the upper one the smallest that the mean over s < 0 refutes. (Such inversions:
    Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", 2024.) As the tilts stay the
    same, the bounds also hold for the mean of an excess that changes. The estimate is the mean of ``x_c/n_c -
    x_b/n_b``, weighted by ``min(n_c, n_b)``. Without requests it is 0, between -1 and 1.
    """
    if pairs <= 0.0:
        return Excess(0.0, -1.0, 1.0)
    estimate = (paired_c - paired_b) / pairs
    above = [(s, _evidence(s, paired_c, paired_b, squared_b)) for s in TILTS]
    below = [(-s, _evidence(-s, paired_c, paired_b, squared_b)) for s in TILTS]
    limit = log(2.0 / alpha)
    lower = _crossing(above, pairs, phi, limit)
    upper = _crossing(below, pairs, phi, limit)
    return Excess(_inside(estimate), _inside(lower), _inside(upper))


def _evidence(s: float, paired_c: float, paired_b: float, squared_b: float) -> float:
    """The log-evidence at d = 0, at most the exact one.

    ln(1 + s*u) >= u*ln(1 + s) by concavity. ln(1 - s*v) >= -s*v - c*v^2 with the c that is exact at v = 1 for s > 0,
    and with s^2/2 for s < 0 (the alternating series).
    """
    curve = -log(1.0 - s) - s if s > 0.0 else 0.5 * s * s
    return paired_c * log(1.0 + s) - s * paired_b - curve * squared_b


def _inside(value: float) -> float:
    return min(max(value, -1.0), 1.0)


def _crossing(terms: list[tuple[float, float]], pairs: float, phi: float, limit: float) -> float:
    """Where the logarithm of the mean evidence falls to ``limit``, by Newton's method.

    It starts where the best single tilt alone reaches the limit, which the mean does not before; the logarithm is
    convex in d, so that each step stops short of the crossing: wherever it ends, the bound is on the safe side.
    """
    alone = phi * (limit + log(len(terms)))
    d = max([(a - alone) / (s * pairs) for s, a in terms], key=lambda at: at if terms[0][0] > 0.0 else -at)
    for _ in range(_STEPS):
        nats = [(a - s * pairs * d) / phi for s, a in terms]
        top = max(nats)
        shares = [exp(n - top) for n in nats]
        total = sum(shares)
        above = top + log(total / len(nats)) - limit
        if above <= _ENOUGH:
            break
        d += above * phi * total / (pairs * sum([s * share for (s, _), share in zip(terms, shares, strict=True)]))
    return d
