"""Whether the mesh really sends the candidate the share that was asked for, and whether it has ceased to."""

from __future__ import annotations

from dataclasses import replace
from math import log

from controller.core.observed import Look
from controller.core.status import Failing, Measured, StepStatus
from controller.core.traffic import WHOLE

LEAST_REQUESTS = 200
"""Requests over which a share is compared; fewer are pooled with the next look's."""

ALPHA = 1e-4
"""The chance that one comparison calls a right split wrong, at most."""

LOOKS = 4
"""Comparisons in a row that must fail: one may fall into the moment of a change."""


def add(step: StepStatus, look: Look, share: int, *, both_ways: bool) -> StepStatus:
    """The step after one more look at a split that gives the candidate ``share`` per mille.

    ``both_ways``: whether too much is wrong as well; not so where more than the weights steers (testers).
    """
    if look.missing:
        return step
    before = step.measured if step.measured and step.measured.total < LEAST_REQUESTS else Measured(0, 0)
    candidate = before.candidate + round(look.candidate.requests)
    total = before.total + round(look.candidate.requests) + round(look.stable.requests)
    measured = Measured(candidate, total)
    if total < LEAST_REQUESTS:
        return replace(step, measured=measured)
    wrong = unlikely(candidate, total, share / 1000, both_ways=both_ways)
    return replace(step, measured=measured, mismatches_in_a_row=step.mismatches_in_a_row + 1 if wrong else 0)


def follow(failing: Failing | None, look: Look) -> Failing | None:
    """What is known after one more look of a candidate that fails more often than stable does."""
    ours, theirs = look.candidate, look.stable
    if look.missing:
        return failing
    if not ours.requests:
        return failing and replace(failing, missed=failing.missed + round(theirs.requests))
    worse = ours.errors * theirs.requests > theirs.errors * ours.requests if theirs.requests else ours.errors > 0
    return Failing(round(ours.errors), round(ours.requests)) if worse else None


def ejected(failing: Failing | None, share: int) -> bool:
    """Whether a candidate that is given ``share`` per mille gets nothing any more, after errors.

    So the mesh has taken its pods out (outlierDetection). Without errors before it is a mismatch like any other. One
    look may be enough: an ejection lasts for 30 s at first, which seldom covers two.
    """
    if failing is None or not failing.missed or not 0 < share < WHOLE:
        return False
    return unlikely(0, failing.missed, share / WHOLE, both_ways=False)


def unlikely(successes: int, trials: int, chance: float, *, both_ways: bool) -> bool:
    """Whether so few (or so many) successes have a probability below ALPHA.

    By the Chernoff bound P(X <= x) <= exp(-n KL(x/n || p)), which is never smaller than the exact binomial tail, so
    ALPHA is kept for every n (Hoeffding, "Probability inequalities for sums of bounded random variables", 1963).
    """
    rate = successes / trials
    if rate >= chance and not both_ways:
        return False
    return trials * _divergence(rate, chance) > -log(ALPHA / 2 if both_ways else ALPHA)


def _divergence(rate: float, chance: float) -> float:
    """KL divergence of two Bernoulli distributions, in nats."""
    if (chance <= 0.0 < rate) or (chance >= 1.0 > rate):
        return float("inf")
    divergence = 0.0
    if rate > 0.0:
        divergence += rate * log(rate / chance)
    if rate < 1.0:
        divergence += (1.0 - rate) * log((1.0 - rate) / (1.0 - chance))
    return max(divergence, 0.0)
