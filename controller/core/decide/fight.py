"""When somebody keeps changing our routes or subsets back: two controllers that each know better.

A release cannot go on then: the other's routes may name no subset, and send requests to a candidate's pods at random.
So the third time within WINDOW ends it. Outside of a release there is nothing to end, and either's routes lead to
revisions that have served everybody, once a failed candidate is drained: what is wanted is written again, but seldom.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from controller.core.decide.drift import WINDOW, drift_told
from controller.core.decide.model import Event, Observed
from controller.core.decide.phases import IN_PROGRESS
from controller.core.seen import ROUTING, Subject
from controller.core.status import Drift, Phase, Status
from controller.core.wanted import Wanted

FIGHT = "Fight"
"""The reason of such a rollback."""

TIMES = 3
"""Changes of one object by one manager within WINDOW. A person's edit is one; what we write ourselves is none."""

PAUSES = {Subject.ROUTES: 30.0, Subject.SUBSETS: 2.0}
"""Seconds from a change to our next write while nobody's release is in progress.

30: ten writes in WINDOW whatever the other does, and still more than TIMES of them, so that a fight that goes on is one
all the time. Only 2 for subsets: while one is missing that a route names, every request on that route fails.
"""

_FIELDS = {Subject.ROUTES: "spec.http", Subject.SUBSETS: "spec.subsets"}


@dataclass(frozen=True, slots=True)
class Fight:
    """``drifts``: the changes of one object by one manager, oldest first; TIMES at least."""

    drifts: tuple[Drift, ...]

    @property
    def last(self) -> Drift:
        return self.drifts[-1]

    @property
    def at(self) -> float:
        """When it was changed last, in epoch seconds."""
        return self.last.at or 0.0

    @property
    def pause_until(self) -> float:
        return self.at + PAUSES[Subject(self.last.subject)]

    @property
    def over(self) -> float:
        """When it is none any more, if nothing more happens."""
        return (self.drifts[-TIMES].at or 0.0) + WINDOW

    def told(self) -> str:
        """One sentence with what to do."""
        who = self.last.manager or "somebody whom managedFields do not name"
        field = _FIELDS[Subject(self.last.subject)]
        return (
            f"{who} has changed {self.last.object} back {len(self.drifts)} times within {WINDOW / 60:g} minutes (last "
            f"it {self.last.what}). Let it leave {field} alone: in Argo CD by ignoreDifferences and the sync option "
            "RespectIgnoreDifferences=true, in Flux by the annotation kustomize.toolkit.fluxcd.io/ssa: IfNotPresent on "
            "the object; docs/gitops.md has the lines"
        )


def fights(status: Status, now: float) -> tuple[Fight, ...]:
    """Those of the last minutes."""
    found: dict[tuple[str, str], list[Drift]] = {}
    for one in status.drifts:
        if one.subject in ROUTING and one.at is not None and now < one.at + WINDOW:
            found.setdefault((one.object, one.manager), []).append(one)
    return tuple(Fight(tuple(drifts)) for drifts in found.values() if len(drifts) >= TIMES)


def spaced(status: Status, wanted: Wanted | None, observed: Observed) -> Wanted | None:
    """What is wanted, without what is in a fight and was written a moment ago."""
    if wanted is None or not _idle(status):
        return wanted
    paused = {one.last.subject for one in fights(status, observed.now) if observed.now < one.pause_until}
    if Subject.ROUTES in paused:
        wanted = replace(wanted, traffic=None)
    if Subject.SUBSETS in paused:
        wanted = replace(wanted, subsets=tuple(name for name in wanted.subsets if name in observed.routes.subsets))
    return wanted


def fight_moments(status: Status, now: float) -> Iterator[float]:
    """When to write again, and when to say that it is over."""
    if _idle(status):
        for one in fights(status, now):
            yield one.pause_until
            yield one.over


def fight_told(status: Status, now: float) -> str:
    """The fights of a release that is not in progress, in sentences; "" without any."""
    if not _idle(status):
        return ""
    return "; ".join(one.told() for one in fights(status, now))


def fight_event(status: Status, now: float) -> tuple[Event, ...]:
    """Told when it begins."""
    before, text = status.condition("Drift"), fight_told(status, now)
    if not text or (before is not None and before.reason == FIGHT):
        return ()
    return (Event(FIGHT, f"{text}. Until then Sluice writes it again every now and then", warning=True),)


def changed_told(status: Status, now: float) -> tuple[str, str]:
    """Reason and message of the condition Drift; no message while nothing is different and nobody fights."""
    fight = fight_told(status, now)
    if fight:
        return FIGHT, fight
    text = drift_told(status)
    return ("Changed" if text else "AsWritten"), text


def _idle(status: Status) -> bool:
    return status.phase not in IN_PROGRESS and status.phase is not Phase.ROLLING_BACK
