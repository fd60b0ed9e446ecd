"""A spec that is edited in the middle of a release.

A release in progress *follows* one spec: the one that was accepted last, which its status keeps. What stands in the
Release after an edit is followed from a move of its own on; harm, people and the template come before that move, by the
spec that is followed until then. An edit never raises the candidate's weight by itself and never skips evidence:

    edited                             what happens
    nothing that counts, paused,       followed at once, as are propagation, drain, replicas, capacity and deadlines:
    times, numbers                     they hold from then on
    gates                              at once: a limit that is another one begins anew, and so does the comparison if
                                       what it tolerates or how often it looks changed
    steps after the present one        the release stays where it is, with its clock and its gates. A step that was
                                       passed already, and waits for its pods, is judged again if it changed
    the present step, or one before    it goes on at the new plan's last weight that the plan reaches without passing
                                       the present one: at the first step of that weight, its clock, gates, evidence and
                                       approvals from the beginning. If the plan begins above the present weight, all
                                       requests go home first and the plan begins at its first step
    at the end of the plan             nothing: all requests are at the candidate, and it becomes stable
    where requests pass (Service,      all requests go home over the former objects; only once that is in effect are the
    port, router's objects)            new ones followed, from the first step. The former ones are handed back when the
                                       new ones say what is wanted. New ones that cannot be used hold the release as it
                                       is, over the former ones (holds.py)
    workload.deployment                refused while a release is in progress: its revisions are the former one's. It
                                       is held until that name is back or the release is over
    on the way home (RollingBack)      it waits until the release has failed

A spec that is refused is not followed at all: holds.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile

from controller.core.decide.change import Move, enter, to_step
from controller.core.decide.comparison import settings_of, waiting, without
from controller.core.decide.facts import follows
from controller.core.decide.model import Event, Observed
from controller.core.decide.standing import underlying, underway
from controller.core.decide.traffic import share, wanted_traffic
from controller.core.limits import fresh
from controller.core.plan import Step, percent, plan
from controller.core.release import Release
from controller.core.status import GateStatus, Phase, Status, StepStatus


@dataclass(frozen=True, slots=True)
class Following:
    """``release``: the spec that a pass follows, None when none is known. ``edited``: an accepted one that waits to be
    followed. ``problems``: why the one that was asked for is not.
    """

    release: Release | None
    edited: Release | None = None
    problems: tuple[str, ...] = ()
    current: bool = False
    """Whether it is the spec as it stands."""


def following(asked: Release | None, accepted: Release | None, status: Status) -> Following:
    """``asked``: the spec as it stands, None when it is refused; ``accepted``: the one that was followed last."""
    if accepted is None or not underway(status):
        return Following(asked, current=asked is not None)
    if asked is None:
        return Following(accepted)
    was, now = accepted.workload.deployment, asked.workload.deployment
    if was != now:
        text = f"a release of Deployment {was} is in progress, and {now} is another one"
        return Following(
            accepted, problems=(f"spec.workload.deployment: {text}; write {was} again, or abort the release first",)
        )
    course = (accepted.strategy, accepted.gates) != (asked.strategy, asked.gates) and status.candidate is not None
    if course or moves_objects(accepted, asked):
        return Following(accepted, asked)
    return Following(asked, current=True)


def moves_objects(before: Release, after: Release) -> bool:
    """Whether requests would pass other objects: what is only a time or a permission is none."""
    ours = replace(
        before.traffic,
        propagation=after.traffic.propagation,
        drain=after.traffic.drain,
        unsplit=after.traffic.unsplit,
    )
    return ours != after.traffic


def from_here(release: Release, edited: Release | None, *, follow: bool) -> Release:
    """The spec that a decided status is to be read with: its step counts in the edited plan once that is followed.

    Other objects are left to the next pass, which sees them.
    """
    if edited is None or not follow or moves_objects(release, edited):
        return release
    return edited


def edit_move(release: Release, status: Status, observed: Observed) -> Move | None:
    """The move from the followed spec ``release`` to the edited one; None while its time has not come."""
    edited = observed.edited
    assert edited is not None
    if moves_objects(release, edited):
        return _elsewhere(release, edited, status, observed)
    step = status.step
    if step is None or status.candidate is None:
        return Move(status, follow=True)
    before, after = plan(release), plan(edited)
    if before == after:
        return Move(_regated(release, edited, status), _told(release, edited), follow=True)
    if step.index >= len(before):  # all requests are at the candidate already
        end = replace(step, index=len(after), count=len(after), target=len(after))
        return Move(replace(status, step=end), follow=True)
    if before[: step.index + 1] == after[: step.index + 1]:
        return _later(release, edited, status, step, observed.now)
    return _placed(release, edited, status, observed.now)


def place(weight: int, steps: tuple[Step, ...]) -> int | None:
    """Where a plan goes on at ``weight`` per mille: the first step of its last weight before it goes higher.

    None when it begins higher. So no step's time and no approval at that weight is passed over.
    """
    below = list(takewhile(lambda step: step.weight <= weight, steps))
    if not below:
        return None
    return len(below) - sum(1 for _ in takewhile(lambda step: step.weight == below[-1].weight, reversed(below)))


def _elsewhere(release: Release, edited: Release, status: Status, observed: Observed) -> Move | None:
    if status.candidate is None or status.step is None:
        left = (status.candidate, status.previous, *status.retiring)
        away = any(one is not None and one.unrouted_since is None for one in left)
        said = bool(observed.routes.problems) or follows(wanted_traffic(release, status), observed)
        if away or not said:
            return None
        text = "all requests are at stable: the objects that the spec names now are used from here on"
        return Move(_unwritten(status), (Event("SpecEdited", text),), follow=True)
    text = "other objects carry the requests now: first all go to stable over the former ones"
    return Move(_begun_again(status, observed.now), (Event("SpecEdited", text),))


def _unwritten(status: Status) -> Status:
    """Of the objects that are named now nothing is known yet."""
    stable, candidate = (one and replace(one, routable_since=None) for one in (status.stable, status.candidate))
    timers = replace(status.timers, routes_written=None)
    return replace(status, stable=stable, candidate=candidate, timers=timers)


def _begun_again(status: Status, now: float) -> Status:
    """With all requests at stable, before the first step. A pause stays a pause."""
    phase = status.phase if status.phase is Phase.PAUSED else Phase.PREPARING
    timers = replace(status.timers, progress_since=now)
    return replace(enter(status, phase, now), step=None, gates=(), approvals=(), evidence="", timers=timers)


def _later(release: Release, edited: Release, status: Status, step: StepStatus, now: float) -> Move:
    """Only steps to come are others. Where a changed one waits for its pods, the present one is judged again."""
    before, after = plan(release), plan(edited)
    same = before[: step.target + 1] == after[: step.target + 1] and step.target < len(before)
    target = step.target if same else step.index
    kept = replace(_regated(release, edited, status), step=replace(step, count=len(after), target=target))
    phase = status.phase if status.phase is Phase.PAUSED else underlying(edited, kept)
    text = f"later steps are others now: it stays at step {step.index + 1} of {len(after)}"
    return Move(enter(kept, phase, now), (Event("SpecEdited", text),), follow=True)


def _placed(release: Release, edited: Release, status: Status, now: float) -> Move:
    assert status.step is not None
    steps, weight = plan(edited), share(release, status.step.index)
    index = place(weight, steps)
    if index is None:
        text = f"the plan begins at {steps[0].label}, above {percent(weight)}: first all requests go to stable"
        return Move(_begun_again(status, now), (Event("SpecEdited", text),), follow=True)
    moved = to_step(edited, replace(status, approvals=(), evidence=""), index, now)
    assert moved.step is not None
    step = replace(moved.step, looked_until=None)
    gates = (*fresh(edited.gates.limits), *waiting(edited, moved, index, now))
    moved = replace(moved, step=step, gates=gates)
    if status.phase is Phase.PAUSED:
        moved = replace(moved, phase=Phase.PAUSED, phase_since=status.phase_since)
    text = f"the steps are others now: it goes on with step {index + 1} of {len(steps)}, {steps[index].label}, anew"
    return Move(moved, (Event("SpecEdited", text),), follow=True)


def _regated(release: Release, edited: Release, status: Status) -> Status:
    """With the gates of the edited spec: those that are still the same keep what they know."""
    step = status.step
    assert step is not None
    known, same = {gate.name: gate for gate in status.gates}, set(release.gates.limits)
    limits: list[GateStatus] = []
    for limit, new in zip(edited.gates.limits, fresh(edited.gates.limits), strict=True):
        limits.append(known.get(limit.name, new) if limit in same else new)
    compared = status.gates[len(without(status.gates)) :]
    if settings_of(release) == settings_of(edited) and release.gates.interval == edited.gates.interval:
        return replace(status, gates=(*limits, *compared))
    anew = replace(status, evidence="")
    now = step.in_effect_since or status.phase_since or 0.0
    return replace(anew, gates=(*limits, *waiting(edited, anew, step.index, now)))


def _told(release: Release, edited: Release) -> tuple[Event, ...]:
    if release.gates == edited.gates:
        return ()
    return (Event("SpecEdited", "the gates are others now: those that changed begin anew"),)
