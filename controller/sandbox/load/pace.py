"""When requests are due: evenly spaced, at a rate that may change on the way."""

from __future__ import annotations

import math

_ROUNDING = 1e-6  # of one interval; a timer that rings at a request's time must find it due


class Pace:
    """Counts requests due in time: after T seconds at a constant rate, the whole part of rate x T.

    A change of the rate, or a pause, keeps the part of the present interval that has passed. Times are seconds of one
    monotonic clock.
    """

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._anchor = now
        self._before = 0.0  # requests due before the anchor and not taken, usually the part of one
        self._taken = 0  # since the anchor

    def next(self) -> float:
        """When the next request is due; infinity at rate 0. In the past when it is late."""
        if self._rate <= 0:
            return math.inf
        return self._anchor + (self._taken + 1 - self._before) / self._rate

    def take(self, now: float) -> int:
        """How many requests have become due since the last call."""
        due = math.floor(self._due(now) + _ROUNDING)
        count = max(0, due - self._taken)
        self._taken += count
        if self._taken > 1_000_000:  # sums this large would lose the fraction
            self.change(self._rate, now)
        return count

    def change(self, rate: float, now: float) -> None:
        """Goes on at another rate; 0 pauses."""
        self._before = self._due(now) - self._taken
        self._anchor = now
        self._taken = 0
        self._rate = rate

    def _due(self, now: float) -> float:
        return self._before + max(0.0, now - self._anchor) * self._rate
