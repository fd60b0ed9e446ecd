"""The comparison of the candidate with stable: what is tolerated, and how sure to be (see core/significance.py)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The candidate's rate may be at most ``relative`` times stable's plus ``absolute`` (a ratio: 0.001 is 0.1 %)."""

    relative: float
    absolute: float


@dataclass(frozen=True, slots=True)
class Compare:
    """How the candidate is compared with stable.

    ``false_alarm``: the chance per release that a version within tolerance is rolled back is at most this ratio.
    ``budget``: the ratio of all requests that a step may cost. ``latency`` counts requests slower than a bucket's
    bound, so its margins are shares of requests, not milliseconds.
    """

    errors: Tolerance = Tolerance(relative=1.1, absolute=0.001)
    latency: Tolerance = Tolerance(relative=1.25, absolute=0.0025)
    false_alarm: float = 0.05
    budget: float = 0.002
