"""What the baseline's own past says: how often its requests are bad, and how much they come in clusters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

MOST_AFTER_INCIDENT = 30.0
"""The most dispersion that a single incident in the history can cause."""

MOST_DISPERSION = 300.0

INCIDENT = 16
"""Looks in a row (4 minutes by default) that count as one incident."""

SAFE_DISPERSION = 4.0
"""Assumed below ``LEAST_LOOKS`` looks of history: bursts of up to 4 errors, or of mean 2.5 if their sizes vary."""

LEAST_LOOKS = 20
"""Of fewer looks (5 minutes by default) the index of dispersion is mostly noise."""


def index_of_dispersion(counts: Sequence[tuple[float, float]]) -> float:
    """The index of dispersion phi of (requests, bad requests) per look, in time order; between 1 and 300.

        u = (x - mu*n) / sqrt(mu*n),   phi = mean(diff(u)^2) / 2

    with mu the overall rate. 1 for independent requests; E[B^2]/E[B] for bursts of size B. Differences of neighbours
    (von Neumann, "Distribution of the ratio of the mean square successive difference to the variance", 1941) leave out
    a slow drift of the rate, which both arms share. Dividing log-evidence by phi >= 1 keeps its expectation at most 1
    (Jensen) and makes up for clusters. With fewer than ``LEAST_LOOKS`` looks at least ``SAFE_DISPERSION``.

    Above 30 the worst ``INCIDENT`` looks in a row are left out, and the rest decides whether it is more than 30: an
    outage half an hour ago must not make this release blind, whereas pauses every minute are how the service lives, and
    at 1,000 requests a second they are worth a phi in the hundreds.
    """
    used = [(n, min(x, n)) for n, x in counts if n > 0.0]
    phi = _successive(used)
    if phi > MOST_AFTER_INCIDENT:
        phi = max(MOST_AFTER_INCIDENT, _successive(_without_incident(used)))
    floor = 1.0 if len(used) >= LEAST_LOOKS else SAFE_DISPERSION
    return min(max(phi, floor), MOST_DISPERSION)


def _successive(used: Sequence[tuple[float, float]]) -> float:
    total = sum(n for n, _ in used)
    mu = sum(x for _, x in used) / total if total else 0.0
    if mu <= 0.0 or len(used) < 2:
        return 1.0
    u = [(x - mu * n) / sqrt(mu * n) for n, x in used]
    return sum((after - before) ** 2 for before, after in pairwise(u)) / (len(u) - 1) / 2.0


def _without_incident(used: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    begins = range(max(1, len(used) - INCIDENT + 1))
    worst = max(begins, key=lambda i: sum(x for _, x in used[i : i + INCIDENT]))
    return [*used[:worst], *used[worst + INCIDENT :]]


def long_run_rate(counts: Sequence[tuple[float, float]]) -> float:
    """Bad requests per request over all looks; half a bad request is added, so that a clean past is not a rate of 0.

    (Krichevsky and Trofimov, "The performance of universal encoding", 1981.) Between 0 and 1; 0.5 without requests.
    """
    total = sum(n for n, _ in counts)
    bad = sum(min(x, n) for n, x in counts)
    return (bad + 0.5) / (total + 1.0)
