"""What is seen now: the counts of one look, for the candidate and for stable.

A look is one interval of at least a scrape. Its counts are increases over exactly the same seconds for both arms.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """What one arm did in one look. Counts may be fractional; zeros mean that there was no request, which is data.

    ``unanswered``: of the requests, those that their clients gave up before any answer came; no errors.
    ``bounds`` are the upper bounds of a latency histogram in seconds, ascending, ``inf`` the last; ``within`` how many
    requests were at or below each: ``bounds=(0.1, 0.25, inf), within=(90.0, 99.0, 100.0)``. Both empty: no latency is
    known of this arm.
    """

    requests: float = 0.0
    errors: float = 0.0
    bounds: tuple[float, ...] = ()
    within: tuple[float, ...] = ()
    unanswered: float = 0.0


@dataclass(frozen=True, slots=True)
class History:
    """What was asked of stable's time before a comparison.

    ``looks`` in time order, each as long as the comparison's own; those in which nothing was scraped hold zeros.
    ``missing`` says in one clause why there are none ("Prometheus did not answer within 10 s"), "" when it answered.
    """

    looks: tuple[Counts, ...] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at both arms.

    ``end`` in epoch seconds, ``duration`` in seconds. ``missing`` says in one clause why there are no counts at all
    ("Prometheus did not answer within 10 s"), ``latency_missing`` why there are none of latency; "" when there are.
    ``unrouted``: requests to the Service that no proxy found a pod for, so that they are in neither arm; None when
    that is not known.
    """

    end: float
    duration: float
    candidate: Counts = Counts()
    stable: Counts = Counts()
    missing: str = ""
    latency_missing: str = ""
    unrouted: float | None = None

    @property
    def start(self) -> float:
        """Epoch seconds at which this look began."""
        return self.end - self.duration
