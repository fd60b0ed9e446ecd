"""What others changed of ours: found by comparing with what was written, noted once for each time, told to people.

It is repaired because every pass writes what is wanted; here is only who did it, and how often.
"""

from __future__ import annotations

from dataclasses import replace

from controller.core.decide.model import Event, Observed
from controller.core.decide.traffic import wanted_traffic
from controller.core.decide.want import want
from controller.core.release import Release
from controller.core.seen import ROUTING, Difference, Subject
from controller.core.status import Drift, Revision, Status, Truth
from controller.core.wanted import Template, Wanted, WantedRevision

WINDOW = 300.0
"""Seconds for which a change of routes or subsets is remembered."""

_KEPT = 32


def settled(release: Release, status: Status, observed: Observed) -> Wanted | None:
    """What the objects should say by what was decided before this pass and seen written; None when nothing should.

    What was never seen written is left out: it may only not be written yet.
    """
    wanted = want(release, status, observed)
    if wanted is None:
        return None
    recorded = {one.name: one for one in (*status.retiring, status.candidate, status.stable) if one}
    routable = {name for name, one in recorded.items() if _was_routable(status, one)}
    return replace(
        wanted,
        revisions=tuple(
            _counted(one, recorded[one.name], observed) for one in wanted.revisions if _made(one, recorded)
        ),
        subsets=tuple(name for name in wanted.subsets if name in routable),
        traffic=wanted.traffic if status.timers.routes_written is not None else None,
        template=wanted.template if status.timers.template_paused is not None else Template.LEAVE,
    )


def rewritten(release: Release, before: Status, after: Status) -> Status:
    """Other traffic that is wanted from now on has not been written yet."""
    if wanted_traffic(release, before) == wanted_traffic(release, after):
        return after
    return replace(after, timers=replace(after.timers, routes_written=None))


def drifted(status: Status, observed: Observed) -> tuple[Status, tuple[Event, ...]]:
    """The status with what others changed, and an event for each time that was not known yet."""
    now = observed.now
    there = {one.object: one for one in observed.differences}
    kept: list[Drift] = []
    known: set[str] = set()
    for drift in status.drifts:
        if drift.ended is None and (drift.object not in there or drift.object in observed.mended):
            drift = replace(drift, ended=now)  # written again; what is different now is another change
        if drift.ended is None:
            known.add(drift.object)
        if drift.ended is None or _counts(drift, now):
            kept.append(drift)
    new = [one for one in observed.differences if one.object not in known]
    kept += [Drift(one.subject, one.object, one.what, one.manager, now) for one in new]
    return replace(status, drifts=tuple(kept[-_KEPT:])), tuple(map(_event, new))


def present(status: Status, *subjects: Subject) -> tuple[Drift, ...]:
    """What is not as it was written now."""
    return tuple(one for one in status.drifts if one.ended is None and one.subject in subjects)


def drift_told(status: Status) -> str:
    """What is different now and by whom, in sentences; "" while nothing is."""
    subjects = [subject for subject in Subject if subject is not Subject.TEMPLATE]
    return "; ".join(f"{one.object} {one.what} {by(one.manager)}" for one in present(status, *subjects))


def resumption_told(status: Status, observed: Observed) -> str:
    """Who resumed the template, until it is paused again and what it started is gone; "" otherwise."""
    template, before = observed.workload.template, status.condition("TemplateResumed")
    for one in present(status, Subject.TEMPLATE):
        return f"{one.object} {resumed_by(one.manager)}: it is paused again, and the pods that it started go"
    if template and template.own_replicasets and before and before.status is Truth.TRUE:
        return before.message
    return ""


def by(manager: str) -> str:
    """Who changed something, as a clause."""
    return f"by {manager}" if manager else "by somebody (its managedFields name nobody)"


def _event(one: Difference) -> Event:
    if one.subject is Subject.TEMPLATE:
        return Event("TemplateResumed", f"{one.object} {resumed_by(one.manager)}: it is paused again", warning=True)
    then = "it can only be made again of a template that is its version" if one.lost else "it is written again"
    return Event("Drift", f"{one.object} {one.what} {by(one.manager)}: {then}", warning=True)


def resumed_by(manager: str) -> str:
    """`kubectl rollout resume` takes the field away, and so leaves no manager of it."""
    who = by(manager) if manager else "by somebody, as `kubectl rollout resume` does (its managedFields name nobody)"
    return f"was resumed {who}"


def _counts(drift: Drift, now: float) -> bool:
    return drift.subject in ROUTING and drift.at is not None and now < drift.at + WINDOW


def _made(one: WantedRevision, recorded: dict[str, Revision]) -> bool:
    return one.name in recorded and bool(recorded[one.name].deployment)


def _counted(one: WantedRevision, recorded: Revision, observed: Observed) -> WantedRevision:
    """With the count that nobody has touched, where it is only to be changed by us."""
    seen = observed.workload.revision(one.name)
    untouched = seen is not None and seen.replicas == recorded.replicas
    return replace(one, replicas=recorded.replicas) if untouched else one


def _was_routable(status: Status, one: Revision) -> bool:
    """Whether its subset was there: routes named it, or it was seen."""
    candidate = status.candidate
    routed = status.step is not None and candidate is not None and one.name == candidate.name
    written = status.timers.routes_written is not None
    stable = written and status.stable is not None and one.name == status.stable.name
    return stable or routed or one.routable_since is not None
