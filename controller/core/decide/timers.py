"""When the next pass is needed though nothing changes. An idle release needs none."""

from __future__ import annotations

from collections.abc import Iterator

from controller.core.decide.fight import fight_moments
from controller.core.decide.model import Observed
from controller.core.decide.phases import IN_PROGRESS, STEPPING
from controller.core.decide.previous import kept_until
from controller.core.decide.standing import standing
from controller.core.decide.want import drained_at
from controller.core.plan import plan
from controller.core.release import Release
from controller.core.status import Phase, Revision, Status

PATIENCE = 3.0
"""Seconds without progress before the pods themselves are asked what keeps them."""


def waits_for_pods(status: Status) -> bool:
    """Whether pods of the candidate are to come, for its first step or for the next one."""
    candidate = status.candidate
    scaling = status.step is not None and status.step.target > status.step.index
    wanted = status.phase is Phase.PREPARING or scaling
    return candidate is not None and wanted and candidate.ready < max(1, candidate.replicas)


def after(release: Release, status: Status, observed: Observed, *, moved: bool) -> float | None:
    """Seconds until the next pass that time alone makes necessary; 0 right after a move, None without any timer."""
    if moved:
        return 0.0
    if observed.blind:
        return None
    moments = [moment for moment in _moments(release, status, observed) if moment > observed.now]
    return min(moments) - observed.now if moments else None


def next_look(release: Release, status: Status) -> float | None:
    """The end of the first look that was not judged yet, in epoch seconds; None while nothing is looked at.

    Look k ends at start + k x interval, where start is the moment since which the weights are in effect: so no look
    straddles a change of weights.
    """
    step = status.step
    if step is None or step.in_effect_since is None or status.stable is None:
        return None
    if standing(release, status) not in STEPPING | {Phase.PROMOTING} or step.index >= step.count:
        return None
    interval = release.gates.interval
    if step.looked_until is None or step.looked_until < step.in_effect_since:
        return step.in_effect_since + interval
    return step.looked_until + interval


def _moments(release: Release, status: Status, observed: Observed) -> Iterator[float]:
    traffic, timers = release.traffic, status.timers
    yield from fight_moments(status, observed.now)
    look = next_look(release, status)
    if look is not None:
        yield look + observed.lag
    stable = status.stable
    if stable and stable.routable_since is not None and stable.unrouted_since is not None:
        yield stable.routable_since + traffic.propagation
    for one in status.retiring:
        drained = drained_at(release, one)
        if drained is not None:
            yield drained
    if status.previous is not None and status.previous.replicas:
        kept = kept_until(release, status.previous)
        if kept is not None:
            yield kept
    template = observed.workload.template
    if template and template.own_replicasets and timers.template_free_since is not None and status.stable:
        yield timers.template_free_since + traffic.propagation + traffic.drain
    if status.candidate is not None and status.phase in IN_PROGRESS:  # one that is held waits for no step
        yield from _steps(release, status, status.candidate, observed.now)


def _steps(release: Release, status: Status, candidate: Revision, now: float) -> Iterator[float]:
    """The moments of a release in progress."""
    propagation, step, progress = release.traffic.propagation, status.step, status.timers.progress_since
    if candidate.routable_since is not None:
        yield candidate.routable_since + propagation
    if progress is not None and (step is None or step.target > step.index):
        yield progress + release.workload.progress_deadline
        if waits_for_pods(status):
            yield progress + _next_question(now - progress)
    if step is None:
        if candidate.unrouted_since is not None:
            yield candidate.unrouted_since + propagation
        if status.timers.routes_written is not None:
            yield status.timers.routes_written + propagation
        return
    if step.in_effect_since is None:
        if step.routed_since is not None:
            yield step.routed_since + propagation
        return
    steps = plan(release)
    if step.index < len(steps):
        planned = steps[step.index]
        yield step.in_effect_since + planned.duration
        yield step.in_effect_since + max(release.gates.step_deadline, planned.duration)
        if planned.approval and planned.approval.timeout is not None:
            yield step.in_effect_since + planned.approval.timeout


def _next_question(waited: float) -> float:
    """Seconds after the last progress at which the pods are asked next: nobody tells of a pull or a start that fails.

    The second time as late as the first, and each later one after twice as long: what keeps them is known by then, and
    a wait of hours costs some ten requests.
    """
    at = PATIENCE
    while at <= waited:
        at *= 2
    return at
