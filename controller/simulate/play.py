"""Pass after pass of one release: what ``controller.reconcile`` does, without a cluster, a clock and failures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from controller.core.decide import Decision, Event, Judged, Observed, decide, history_until, next_look
from controller.core.observed import History
from controller.core.release import Command, Release
from controller.core.seen import RoutesSeen, WorkloadSeen
from controller.core.status import Status
from controller.core.wanted import Wanted

LAG = 15.0
"""Seconds until a look's counts have been scraped, as in the controller by default."""

BACK = 600.0
"""Seconds: older looks are not asked for after a pause, as in the controller."""

_MOST_PASSES = 20_000


class Stuck(Exception):
    """The release came to a place that it does not leave by itself; the text is its message."""


class Cluster(Protocol):
    """What obeys."""

    def see(self, release: Release, now: float) -> tuple[WorkloadSeen, RoutesSeen]:
        """The facts, as routers and workloads would read them."""
        ...

    def act(self, release: Release, wanted: Wanted) -> bool:
        """Do all of it at once; whether there was anything to do."""
        ...


class Traffic(Protocol):
    """What is counted."""

    def look(self, release: Release, status: Status, end: float) -> Judged:
        """The look that ends at ``end`` (epoch seconds) and is ``release.gates.interval`` long."""
        ...

    def history(self, release: Release) -> History:
        """Stable's looks before the release."""
        ...


@dataclass
class Play:
    """One release, played. ``problems`` are told to every decision, as what stands in the objects is."""

    release: Release
    cluster: Cluster
    traffic: Traffic
    status: Status = field(default_factory=Status)
    now: float = 0.0
    lag: float = LAG
    events: list[tuple[float, Event]] = field(default_factory=list)
    passes: int = 0

    def turn(self, command: Command | None = None) -> Decision:
        """One pass: observe, decide, record, act. The clock goes to when the next one is due.

        Raises Stuck where none ever is, or where there were so many that it will never end.
        """
        self.passes += 1
        if self.passes > _MOST_PASSES:
            raise Stuck(f"it does not come to an end: {self.status.message}")
        workload, routes = self.cluster.see(self.release, self.now)
        observed = Observed(
            now=self.now,
            workload=workload,
            routes=routes,
            command=command,
            looks=self._looks(),
            problems=problems_of(workload, routes),
            lag=self.lag,
            history=self._history(),
        )
        decision = decide(self.release, self.status, observed)
        self.status = decision.status
        self.events += [(self.now, event) for event in decision.events]
        wrote = self.cluster.act(self.release, decision.wanted) if decision.wanted is not None else False
        if decision.after is None and not wrote and not decision.events:
            raise Stuck(self.status.message)
        if not wrote:
            self.now += decision.after or 0.0
        return decision

    def until(self, done: Callable[[Play], bool]) -> None:
        """Pass after pass until ``done``. Raises Stuck."""
        while not done(self):
            self.turn()

    def _history(self) -> History | None:
        asked = history_until(self.release, self.status, self.now - self.lag)
        return self.traffic.history(self.release) if asked is not None else None

    def _looks(self) -> tuple[Judged, ...]:
        """The looks that are due, oldest first."""
        due = []
        end, interval = next_look(self.release, self.status), self.release.gates.interval
        if end is not None and end < self.now - BACK:
            end += interval * ((self.now - BACK - end) // interval)
        while end is not None and end + self.lag <= self.now:
            due.append(self.traffic.look(self.release, self.status, end))
            end += interval
        return tuple(due)


def problems_of(workload: WorkloadSeen, routes: RoutesSeen) -> tuple[str, ...]:
    """Why the Release cannot be followed with these objects, one sentence each."""
    if workload.template is None:
        return (workload.missing,)
    own = (workload.template.problem,) if workload.template.problem else ()
    return own + routes.problems
