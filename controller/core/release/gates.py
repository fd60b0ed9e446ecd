"""When a release may move on: the comparison, fixed limits, and the times around them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from controller.core.release.compare import Compare


class Fallback(StrEnum):
    """What happens when the time for an answer is over and there is none."""

    HOLD = "hold"
    PROMOTE = "promote"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class SuccessRateLimit:
    """The share of good answers is at least ``minimum`` (a ratio: 0.99 is 99 %)."""

    minimum: float


@dataclass(frozen=True, slots=True)
class LatencyLimit:
    """The ``quantile`` (between 0 and 1, exclusive) of the response time is at most ``maximum`` seconds."""

    quantile: float
    maximum: float


@dataclass(frozen=True, slots=True)
class RequestRateLimit:
    """The candidate answers at least ``minimum`` requests per second."""

    minimum: float


@dataclass(frozen=True, slots=True)
class PrometheusLimit:
    """The value of a PromQL ``query`` (a template) lies between ``minimum`` and ``maximum``; None: no bound there."""

    query: str
    minimum: float | None = None
    maximum: float | None = None


DEFAULT_MIN_REQUESTS = 100
"""Of a limit on the answers themselves; a query's and a request rate's default is 0."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One named fixed limit; below ``min_requests`` requests in a look its verdict is "not enough evidence"."""

    name: str
    check: SuccessRateLimit | LatencyLimit | RequestRateLimit | PrometheusLimit
    min_requests: int = DEFAULT_MIN_REQUESTS


@dataclass(frozen=True, slots=True)
class Gates:
    """When a release may move. All times are in seconds.

    ``interval`` is one look. ``failure_limit`` looks in a row outside a fixed limit roll back. ``on_inconclusive``
    applies after ``step_deadline`` without enough evidence. No step is shorter than ``minimum_step``. For ``warm_up``
    after a change of weights neither latency nor good-enough evidence counts. ``compare`` is None when the candidate
    is not compared with stable; ``none`` says that nothing is meant to judge.
    """

    interval: float = 15.0
    compare: Compare | None = None
    limits: tuple[Limit, ...] = ()
    failure_limit: int = 2
    on_inconclusive: Fallback = Fallback.HOLD
    step_deadline: float = 900.0
    minimum_step: float = 60.0
    warm_up: float = 30.0
    none: bool = False

    @property
    def judged(self) -> bool:
        """Whether anything measured can hold or end a release."""
        return self.compare is not None or bool(self.limits)
