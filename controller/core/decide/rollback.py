"""The command ``rollback``: back to the revision that was stable before, also long after the promotion.

Warm, it takes one change of weights, at once: the two exchange their roles, as if the promotion had not happened, and
the rest is a rollback like any other. Cold, its pods come first: it is a candidate that takes no step (``returning``),
while stable serves; requests go over when all of its pods are available and addressable. If that does not come about,
nothing has changed.
"""

from __future__ import annotations

from dataclasses import replace

from controller.core.decide.change import Move, enter, roll_back
from controller.core.decide.model import Event, Observed
from controller.core.decide.phases import IN_PROGRESS
from controller.core.decide.previous import is_warm
from controller.core.decide.traffic import share
from controller.core.release import Command, Release
from controller.core.status import Phase, Revision, Status
from controller.core.traffic import WHOLE

REASON = "RolledBackByCommand"


def rollback_move(release: Release, status: Status, observed: Observed, command: Command) -> Move | str:
    """The command's move, or one clause that says why it makes no sense now."""
    stable, previous = status.stable, status.previous
    if status.phase is Phase.ROLLING_BACK and stable:
        return f"requests go back to {stable.name} already"
    if status.returning and previous:
        return f"{previous.name} is being brought up for it already"
    if status.phase in IN_PROGRESS and status.candidate:
        if stable and status.step and share(release, status.step.index) == WHOLE:
            return roll_back(status, REASON, _sentence(stable, status.candidate, command), observed.now)
        return "a release is in progress; say abort to end it"
    if stable is None or previous is None:
        why = "" if release.workload.keep_previous else " (spec.workload.keepPrevious is 0s)"
        return f"there is no previous revision any more{why}; put the former image into the Deployment"
    begun = _wanted(status, stable, previous, _sentence(previous, stable, command), observed.now)
    if _at_once(release, previous, observed):
        return exchange(begun, observed.now)
    event = Event("RollingBack", f"{begun.failed_message}; first its pods are started, and {stable.name} serves")
    return Move(enter(begun, Phase.PREPARING, observed.now), (event,))


def exchange(status: Status, now: float) -> Move:
    """The previous revision can take all requests: it is stable again, and stable is what has to go."""
    left = status.stable
    assert left is not None
    event = Event("RolledBack", status.failed_message, warning=True)
    back = replace(
        status,
        stable=status.candidate,
        candidate=left,
        previous=None,
        failed_generation=status.template_generation,
        failed_content=status.template_content,
        failed_name=status.failed_name or left.name,
        failed_reason=REASON,
        timers=replace(status.timers, progress_since=None),
    )
    return Move(enter(back, Phase.ROLLING_BACK, now), (event,))


def _wanted(status: Status, stable: Revision, previous: Revision, sentence: str, now: float) -> Status:
    """With the previous revision as a candidate. A template that failed and still stands there goes on being told."""
    failed = status.phase is Phase.FAILED
    return replace(
        status,
        candidate=previous,
        floor=max(stable.replicas, status.floor),
        step=None,
        gates=(),
        approvals=(),
        evidence="",
        paused=False,
        failed_generation=status.failed_generation if failed else None,
        failed_content=status.failed_content if failed else "",
        failed_name=status.failed_name if failed else "",
        failed_reason="",
        failed_message=sentence,
        timers=replace(status.timers, progress_since=now),
    )


def _at_once(release: Release, previous: Revision, observed: Observed) -> bool:
    """As stable in a release: kept warm, so that requests can come home whatever some of its pods are about."""
    since = previous.routable_since
    addressable = since is not None and observed.now >= since + release.traffic.propagation
    return is_warm(release, previous, observed.now) and previous.ready > 0 and addressable


def _sentence(to: Revision, left: Revision, command: Command) -> str:
    why = f": {command.reason}" if command.reason else ""
    before, after = (f"{one.name} ({', '.join(one.images)})" for one in (left, to))
    return f"{before} is taken out by {command.by or 'somebody'}, back to {after}{why}"
