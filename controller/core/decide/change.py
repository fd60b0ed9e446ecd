"""How a release begins and ends: the few changes of a status that every other decision is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from controller.core.decide.comparison import waiting
from controller.core.decide.model import Event, Observed
from controller.core.decide.phases import TRANSITIONS
from controller.core.decide.standing import phase_at
from controller.core.decide.traffic import share
from controller.core.limits import fresh
from controller.core.plan import plan
from controller.core.release import Release
from controller.core.seen import TemplateSeen
from controller.core.status import Phase, Revision, Status, StepStatus


@dataclass(frozen=True, slots=True)
class Move:
    """A status to write and what to tell people about it. ``follow``: the edited spec is followed from here on."""

    status: Status
    events: tuple[Event, ...] = ()
    follow: bool = False


def enter(status: Status, phase: Phase, now: float) -> Status:
    """The status in another phase. Raises ValueError for a transition that is not in the table."""
    if phase is status.phase:
        return status
    if phase not in TRANSITIONS[status.phase]:
        raise ValueError(f"no release goes from {status.phase} to {phase}")
    return replace(status, phase=phase, phase_since=now)


def start(release: Release, status: Status, template: TemplateSeen, now: float) -> Move:
    """A release of the template as it is now begins; one under way is superseded, and its candidate retires."""
    superseded = status.candidate
    name = template.revision or template.proposal
    retiring = status.retiring + ((superseded,) if superseded and not status.returning else ())
    previous = status.previous
    # A revision that somebody asks for again while it is draining or kept is taken back as it is, warm.
    known = (*retiring, *((previous,) if previous else ()))
    candidate = next((one for one in known if one.name == name), Revision(name, images=template.images))
    begun = replace(
        enter(status, Phase.PREPARING, now),
        release=status.release + 1,
        candidate=candidate,
        previous=None if previous and previous.name == name else previous,
        retiring=tuple(one for one in retiring if one.name != name),
        floor=max(status.stable.replicas, status.floor) if status.stable and not superseded else status.floor,
        step=None,
        gates=(),
        unrouted=None,
        approvals=(),
        paused=False,
        evidence="",
        timers=replace(status.timers, progress_since=now),
    )
    begun = _forgive(accept_template(begun, template))
    if superseded:
        text = f"{name} ({', '.join(template.images)}) supersedes {superseded.name}: all requests go to stable first"
        return Move(begun, (Event("Superseded", text),))
    if status.stable is None:
        return Move(begun, (Event("Adopting", f"first revision {name} of the Deployment as it is now"),))
    return Move(begun, (Event("Started", f"release {begun.release}: {name} ({', '.join(template.images)})"),))


def to_step(release: Release, status: Status, index: int, now: float) -> Status:
    """At another step of the plan: its traffic is wanted from now on. At the end of the plan everything is."""
    steps = plan(release)
    before = status.step
    label = steps[index].label if index < len(steps) else "100%"
    weight = share(release, index)
    same = before is not None and share(release, before.index) == weight
    failing = before.failing if before else None
    if failing and not same:
        failing = replace(failing, missed=0)
    step = StepStatus(index, len(steps), label, target=index, started=now, failing=failing)
    if before and same:  # the routes stay as they are: so does what was seen of them
        step = replace(
            step,
            routed_since=before.routed_since,
            in_effect_since=before.in_effect_since and now,
            looked_until=before.looked_until,
        )
    again = same and not (index < len(steps) and steps[index].bake)  # a bake is proof of its own
    gates = status.gates if again else (*fresh(release.gates.limits), *waiting(release, status, index, now))
    return replace(enter(status, phase_at(release, index), now), step=step, gates=gates)


def promote(release: Release, status: Status, now: float) -> Move:
    """Everything goes to the candidate and that is in effect: it is the stable revision from now on."""
    candidate, old, keep = status.candidate, status.stable, release.workload.keep_previous
    assert candidate is not None
    # The time for which it is kept begins now, though no route may have named it since a bake began.
    previous = replace(old, unrouted_since=None) if old and keep else None
    left = (status.previous, None if keep else old)
    done = replace(
        enter(status, Phase.IDLE, now),
        stable=candidate,
        candidate=None,
        previous=previous,
        retiring=(*status.retiring, *(one for one in left if one)),
        step=None,
        gates=(),
        unrouted=None,
        approvals=(),
        evidence="",
        paused=False,
        timers=replace(status.timers, progress_since=None),
    )
    if old is None:
        return Move(done, (Event("Adopted", f"revision {candidate.name} serves; the Deployment is its template now"),))
    images = ", ".join(candidate.images)
    after = f"stays warm for {keep:g} s" if keep else "drains"
    return Move(done, (Event("Promoted", f"{candidate.name} ({images}) gets all requests; {old.name} {after}"),))


def roll_back(status: Status, reason: str, message: str, now: float) -> Move:
    """All requests go home, at once and before anything else. ``message`` is one sentence for people."""
    if status.returning:
        return _stay(status, message, now)
    event = Event("RolledBack", message, warning=True)
    failed = replace(
        status,
        failed_generation=status.template_generation,
        failed_content=status.template_content,
        failed_name=status.candidate.name if status.candidate else "",
        failed_reason=reason,
        failed_message=message,
        paused=False,
    )
    if status.stable is None:  # nothing of ours ever served: the Deployment's own pods still do
        return Move(retire_candidate(failed, Phase.FAILED, now), (event,))
    return Move(replace(enter(failed, Phase.ROLLING_BACK, now), gates=status.gates), (event,))


def retire_candidate(status: Status, phase: Phase, now: float) -> Status:
    """The candidate leaves the release: its pods drain and go."""
    candidate = status.candidate
    return replace(
        enter(status, phase, now),
        candidate=None,
        retiring=status.retiring + ((candidate,) if candidate else ()),
        step=None,
        unrouted=None,
        approvals=(),
        evidence="",
        paused=False,
        timers=replace(status.timers, progress_since=None),
    )


def _stay(status: Status, message: str, now: float) -> Move:
    """The previous revision, which somebody wanted back, is let go: stable serves as it did."""
    assert status.stable is not None
    text = f"{status.stable.name} goes on serving: {message}"
    after = replace(
        status,
        candidate=None,
        step=None,
        paused=False,
        failed_reason="RollbackFailed" if status.failed_name else "",
        failed_message=text if status.failed_name else "",
        timers=replace(status.timers, progress_since=None),
    )
    phase = Phase.FAILED if status.failed_name else Phase.IDLE
    return Move(enter(after, phase, now), (Event("RollbackFailed", text, warning=True),))


def accept_template(status: Status, template: TemplateSeen) -> Status:
    """The template as it is now is accounted for: it starts nothing more until somebody writes it again."""
    return replace(status, template_generation=template.generation, template_content=template.content)


def written(status: Status, template: TemplateSeen) -> bool:
    """Whether somebody wrote the template (or its configuration) since it was last accounted for.

    An upgrade of the cluster or of Sluice may change what the template looks like, but not its generation.
    """
    return (template.generation, template.content) != (status.template_generation, status.template_content)


def template_of(observed: Observed) -> TemplateSeen:
    template = observed.workload.template
    assert template is not None, "without a template the Release has a problem, and problems come first"
    return template


def _forgive(status: Status) -> Status:
    return replace(
        status, failed_generation=None, failed_content="", failed_name="", failed_reason="", failed_message=""
    )
