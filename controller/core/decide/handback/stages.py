"""From one stage of a hand-back to the next."""

from __future__ import annotations

from dataclasses import replace

from controller.core.decide.handback.ends import End, alone, answering
from controller.core.decide.model import Observed
from controller.core.decide.want import drained_at
from controller.core.release import Release
from controller.core.status import HandBack, Stage, Status


def advance(release: Release, status: Status, observed: Observed, end: End) -> Status:
    """The status at the next stage, or as it is while that has to wait."""
    at = status.hand_back
    assert at is not None
    following = _following(release, status, at, observed, end)
    return status if following is None else replace(status, hand_back=replace(at, stage=following))


def is_done(status: Status, observed: Observed, end: End) -> bool:
    """Whether nothing is left: nothing to be written in the last stage, and no object that has yet to go."""
    at = status.hand_back
    if at is None or not observed.settled or at.stage not in (Stage.CLEARING, Stage.LEAVING):
        return False
    if end is End.GONE:
        return True
    kept = {status.stable.name} if status.stable and end is End.KEEP else set()
    return all(one.name in kept for one in observed.workload.revisions)


def given_back(status: Status, observed: Observed) -> bool:
    """Whether no route names a revision of ours any more."""
    ours = {one.name for one in (*status.retiring, *((status.stable,) if status.stable else ()))}
    return observed.settled and not ours & observed.routes.named


def _following(release: Release, status: Status, at: HandBack, observed: Observed, end: End) -> Stage | None:
    match at.stage, end:
        case Stage.HOME | Stage.LEAVING, End.GONE:
            return Stage.RESTORING
        case Stage.HOME, End.KEEP if alone(status, observed) and _emptied(status, observed):
            return Stage.LEAVING
        case Stage.HOME, End.RESUME if at.ready_since is not None:
            return Stage.RESTORING if observed.now >= at.ready_since + release.traffic.propagation else None
        case Stage.RESTORING, _ if at.ready_since is not None and _drained(release, status, observed):
            return Stage.CLEARING
    return None


def _emptied(status: Status, observed: Observed) -> bool:
    """Whether the Deployment is paused without pods, as far as routes allow to empty it."""
    template = observed.workload.template
    assert template is not None
    return template.paused and (not template.own_replicasets or status.timers.template_free_since is None)


def _drained(release: Release, status: Status, observed: Observed) -> bool:
    """Whether the routes are given back and nobody's pods answer any more. Without pods a foreign route may go on
    naming a revision that is gone.
    """
    left = answering(status, observed)
    if not left:
        return observed.settled
    ends = [drained_at(release, one) for one in left]
    return given_back(status, observed) and all(moment is not None and observed.now >= moment for moment in ends)
