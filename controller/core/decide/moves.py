"""Each phase's own next move, once nothing ends the release."""

from __future__ import annotations

from dataclasses import replace

from controller.core.decide.change import (
    Move,
    accept_template,
    enter,
    promote,
    retire_candidate,
    roll_back,
    start,
    template_of,
    to_step,
    written,
)
from controller.core.decide.evidence import inconclusive, judging, mismatched
from controller.core.decide.facts import follows, serving
from controller.core.decide.fight import FIGHT
from controller.core.decide.model import Event, Observed
from controller.core.decide.phases import IN_PROGRESS
from controller.core.decide.rollback import exchange
from controller.core.decide.standing import underlying
from controller.core.decide.traffic import share, wanted_traffic
from controller.core.decide.want import stable_count
from controller.core.plan import plan, replicas_for
from controller.core.release import Fallback, Release
from controller.core.status import Phase, Revision, Status


def template_move(release: Release, status: Status, observed: Observed) -> Move | None:
    """What a change of the template, or of the spec after a rollback, asks for."""
    template, now = template_of(observed), observed.now
    if status.stable is None and status.candidate is None and status.phase is not Phase.FAILED:
        return _taken_over(status, observed) or start(release, status, template, now)
    edited = release.generation != status.observed_generation
    if status.phase is Phase.FAILED and edited and not _is_stables(status, observed):
        return start(release, status, template, now)
    if not written(status, template):
        return None
    back = status.candidate.name if status.candidate and status.returning else ""
    if status.phase is Phase.ROLLING_BACK or (back and template.revision == back):
        return None  # first home; Failed looks at the template again
    seen = accept_template(status, template)
    if back and _is_stables(status, observed):
        return Move(seen)  # scaled, or annotated: no word against going back
    if _is_stables(status, observed):
        return _reverted(seen, observed)
    if status.candidate and status.candidate.name in (template.revision, template.proposal):
        return Move(seen)  # scaled, or annotated: still the same revision
    if status.phase is Phase.FAILED and status.failed_name in (template.revision, template.proposal):
        return Move(seen)  # the same that failed: it is not tried again by being scaled
    return start(release, status, template, now)


def _is_stables(status: Status, observed: Observed) -> bool:
    """Whether the template is what stable is, or would be: where stable's Deployment was deleted it is made again."""
    template, stable = template_of(observed), status.stable
    if stable is None:
        return False
    gone = observed.workload.revision(stable.name) is None
    return stable.name in ((template.revision, template.proposal) if gone else (template.revision,))


def _taken_over(status: Status, observed: Observed) -> Move | None:
    """A revision that an earlier Release left serving: it is stable, and the template's version has to be released."""
    name = serving(observed)
    seen = observed.workload.revision(name)
    if seen is None or name == template_of(observed).revision:
        return None
    text = f"{name} ({', '.join(seen.images)}) serves already and is stable; the Deployment says something newer"
    taken = replace(status, stable=Revision(name, seen.deployment, seen.images, seen.replicas, seen.ready))
    return Move(taken, (Event("TakenOver", text),))


def phase_move(release: Release, status: Status, observed: Observed) -> Move | None:
    """The next move of a phase that waits for the cluster or for time."""
    match status.phase:
        case Phase.PREPARING:
            return _prepared(release, status, observed)
        case Phase.PROGRESSING | Phase.WAITING | Phase.BAKING:
            return _onward(release, status, observed)
        case Phase.PAUSED if not (status.paused or release.paused):
            return Move(enter(status, underlying(release, status), observed.now), (Event("Resumed", "goes on"),))
        case Phase.PROMOTING:
            return _promoting(release, status, observed)
        case Phase.ROLLING_BACK:
            return home(release, status, observed)
    return None


def capacity_ready(release: Release, status: Status, observed: Observed, index: int) -> bool:
    """Whether the candidate has the pods, available and addressable, for the share of the step ``index``."""
    template, candidate = template_of(observed), status.candidate
    assert candidate is not None
    stable = stable_count(release, status, template)
    need = stable if status.stable is None else replicas_for(share(release, index), stable, release.workload.capacity)
    seen = observed.workload.revision(candidate.name)
    if seen is None or seen.deleting or not seen.current or min(seen.available, seen.updated) < need:
        return False
    since = candidate.routable_since
    return since is not None and observed.now >= since + release.traffic.propagation


def _reverted(status: Status, observed: Observed) -> Move | None:
    """The template is stable's again: a release under way ends, in safety and at once."""
    if status.phase in IN_PROGRESS and status.candidate:
        text = (
            f"the template is {status.stable.name if status.stable else ''} again: {status.candidate.name} is taken out"
        )
        return Move(retire_candidate(status, Phase.IDLE, observed.now), (Event("Reverted", text),))
    if status.phase is Phase.FAILED:
        return Move(enter(replace(status, failed_reason="", failed_message=""), Phase.IDLE, observed.now))
    return Move(status)


def _prepared(release: Release, status: Status, observed: Observed) -> Move | None:
    if not capacity_ready(release, status, observed, len(plan(release)) if status.returning else 0):
        return None
    if status.returning:
        return exchange(status, observed.now)
    if status.stable is not None and not _home_in_effect(release, status, observed):
        return None
    index = 0 if status.stable else len(plan(release))
    moved = to_step(release, status, index, observed.now)
    assert moved.step is not None
    return Move(moved, (_stepped(moved),))


def _home_in_effect(release: Release, status: Status, observed: Observed) -> bool:
    """Whether the candidate gets no request any more: a plan that begins again, or over new objects, begins there."""
    candidate, said = status.candidate, status.timers.routes_written
    if candidate is None or candidate.unrouted_since is None or said is None:
        return False
    learned = observed.now >= max(candidate.unrouted_since, said) + release.traffic.propagation
    return learned and follows(wanted_traffic(release, status), observed)


def _onward(release: Release, status: Status, observed: Observed) -> Move | None:
    """From a step to the next: first its time and its gates, then the next one's pods, then its traffic."""
    step = status.step
    assert step is not None
    if step.target == step.index:
        events = _passed(release, status, observed)
        if isinstance(events, Move):
            return events
        if events is None:
            return None
        target = step.index + 1
        status = replace(
            status, step=replace(step, target=target), timers=replace(status.timers, progress_since=observed.now)
        )
        if not capacity_ready(release, status, observed, target):
            return Move(_aim(release, status, observed.now), events)
    else:
        target, events = step.target, ()
        if not capacity_ready(release, status, observed, target):
            return None
    moved = to_step(release, status, target, observed.now)
    return Move(moved, (*events, _stepped(moved)))


def _aim(release: Release, status: Status, now: float) -> Status:
    """The phase while the next step's pods are waited for: the end of the plan is Promoting already."""
    assert status.step is not None
    return enter(status, Phase.PROMOTING, now) if status.step.target >= len(plan(release)) else status


def _passed(release: Release, status: Status, observed: Observed) -> tuple[Event, ...] | Move | None:
    """The events of a step that may be left, a move that ends it otherwise, None while it may not be left."""
    step, now = status.step, observed.now
    assert step is not None
    planned = plan(release)[step.index]
    if step.in_effect_since is None or mismatched(status):
        return None
    elapsed = now - step.in_effect_since
    if planned.approval:
        if any(approval.step == step.index for approval in status.approvals):
            return ()
        timeout, fallback = planned.approval.timeout, planned.approval.on_timeout
        if timeout is None or elapsed < timeout:
            return None
        text = f"nobody of {planned.approval.group} approved within {timeout:g} s"
        return _fall_back(status, fallback, "NotApproved", text, now)
    if elapsed < planned.duration:
        return None
    if not inconclusive(release, status):
        return ()
    if elapsed < max(release.gates.step_deadline, planned.duration):
        return None
    waiting = "; ".join(f"{gate.name}: {gate.reason}" for gate in judging(release, status) if gate.reason)
    text = f"step {planned.label} has no verdict after {release.gates.step_deadline:g} s ({waiting})"
    return _fall_back(status, release.gates.on_inconclusive, "Inconclusive", text, now)


def _fall_back(
    status: Status, fallback: Fallback, reason: str, text: str, now: float
) -> tuple[Event, ...] | Move | None:
    match fallback:
        case Fallback.HOLD:
            return None
        case Fallback.PROMOTE:
            return (Event(reason, f"{text}: it goes on without evidence, as asked", warning=True),)
        case Fallback.ROLLBACK:
            name = status.candidate.name if status.candidate else ""
            return roll_back(status, reason, f"{name}: {text}", now)


def _promoting(release: Release, status: Status, observed: Observed) -> Move | None:
    step = status.step
    assert step is not None
    end = len(plan(release))
    if step.index < end:
        if not capacity_ready(release, status, observed, end):
            return None
        moved = to_step(release, status, end, observed.now)
        return Move(moved, (_stepped(moved),))
    if step.in_effect_since is None:
        return None
    return promote(release, status, observed.now)


def home(release: Release, status: Status, observed: Observed) -> Move | None:
    """The end of a rollback: no route names the candidate any more, and where the routes can be used they say so."""
    candidate = status.candidate
    # In a fight the other's routes may stand whenever we look: it is enough that they do not name the candidate.
    fight = status.failed_reason == FIGHT
    said = fight or bool(observed.routes.problems) or follows(wanted_traffic(release, status), observed)
    if candidate is None or (candidate.unrouted_since is not None and said):
        return Move(retire_candidate(status, Phase.FAILED, observed.now))
    return None


def _stepped(status: Status) -> Event:
    step = status.step
    assert step is not None
    if step.index >= step.count:
        return Event("Promoting", "all requests go to the candidate")
    if status.phase is Phase.BAKING and status.candidate and status.stable:
        return Event(
            "Baking", f"{status.candidate.name}: {step.label}; {status.stable.name} stands by with all its pods"
        )
    return Event("Step", f"step {step.index + 1} of {step.count}: {step.label}")
