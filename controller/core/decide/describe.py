"""What people and other programs read: one plain sentence, and the conditions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from controller.core.decide.comparison import OVERALL
from controller.core.decide.drift import resumption_told
from controller.core.decide.evidence import judging, mismatched, stable_down
from controller.core.decide.facts import follows
from controller.core.decide.fight import changed_told
from controller.core.decide.model import Observed
from controller.core.decide.phases import IN_PROGRESS
from controller.core.decide.previous import is_warm, kept_until
from controller.core.decide.skew import CLOCK_SKEW, skew_told
from controller.core.decide.traffic import share, wanted_traffic
from controller.core.decide.unsplit import UNSPLIT, past_told
from controller.core.decide.want import candidate_count
from controller.core.plan import percent, plan
from controller.core.release import Release
from controller.core.status import Condition, Phase, Revision, Status, Truth, Verdict
from controller.core.traffic import Weights


def describe(release: Release, status: Status, observed: Observed, message: str = "") -> Status:
    """The status with its message (the phase's own where none is given), conditions and the scale subresource's
    fields.
    """
    message = message or _message(release, status, observed) + _refused(observed)
    told = replace(status, message=message, observed_generation=release.generation)
    serving = _busiest(release, status)
    told = replace(
        told,
        replicas=serving.ready if serving else 0,
        selector=f"sluice.dev/revision={serving.name}" if serving else "",
        # An Invalid Release moves nothing: its step goes on saying what was asked for last.
        step=told.step
        if told.phase is Phase.INVALID
        else told.step and replace(told.step, wanted=_weights(release, told)),
    )
    return replace(told, conditions=_conditions(release, told, observed))


def _busiest(release: Release, status: Status) -> Revision | None:
    """The revision with most of the traffic: the one whose pods an autoscaler should look at."""
    weights, (stable, candidate) = _weights(release, status), (status.stable, status.candidate)
    if stable is None or (candidate and weights and weights[candidate.name] > weights[stable.name]):
        return candidate
    return stable


def _weights(release: Release, status: Status) -> Weights | None:
    traffic = wanted_traffic(release, status)
    return traffic.weights if traffic else None


def clock(moment: float) -> str:
    """A time of day, in UTC: a remainder would change with every look, and each change is a write."""
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S UTC")


def _refused(observed: Observed) -> str:
    """What the last pass could not write, and why: until that is mended, nothing that needs it goes on."""
    return f"; not written: {'; '.join(observed.failures)}; it is tried again" if observed.failures else ""


def _message(release: Release, status: Status, observed: Observed) -> str:
    if observed.problems:
        return _held(release, status, observed)
    candidate, stable = status.candidate, status.stable
    match status.phase:
        case Phase.IDLE if stable and not stable.ready:
            return f"{stable.name} ({', '.join(stable.images)}) has no ready pod: see Deployment {stable.deployment}"
        case Phase.IDLE if stable:
            return f"{stable.name} ({', '.join(stable.images)}) serves{_kept(release, status, observed)}"
        case Phase.IDLE | Phase.INVALID:
            return "waiting for the first look at the Deployment"
        case Phase.FAILED:
            stays = "it stays so until the Deployment or the Release is changed"
            return f"rolled back: {status.failed_message}; {stays}{_alone(status, observed)}"
        case Phase.ROLLING_BACK:
            return f"rolling back: {status.failed_message}"
        case Phase.PREPARING if status.returning:
            return f"{status.failed_message}; {_preparing(release, status, observed)}"
        case Phase.PREPARING:
            return _preparing(release, status, observed)
        case Phase.PAUSED:
            by = "spec.paused" if release.paused else "a command"
            return f"paused by {by} at {status.step.label if status.step else '0%'}"
    assert candidate is not None
    return _stepping(release, status, observed) + _alone(status, observed)


def _alone(status: Status, observed: Observed) -> str:
    """What people have to know where stable is down: during a release, whose candidate may be the fix, and after it."""
    stable = status.stable
    if stable is None or not stable_down(status, observed):
        return ""
    gone = observed.workload.revision(stable.name) is None
    told = f"; stable {stable.name} ({', '.join(stable.images)}) {'is gone' if gone else 'has no ready pod'}"
    if status.phase is Phase.FAILED:
        return f"{told}: the Deployment put back to it makes it again" if gone else f"{told}: see {stable.deployment}"
    if status.step is None or status.step.index >= status.step.count:
        return told
    return f"{told}: promote-full takes all requests off it"


def _kept(release: Release, status: Status, observed: Observed) -> str:
    previous = status.previous
    if previous is None or not is_warm(release, previous, observed.now):
        return ""
    until = kept_until(release, previous)
    return f"; {previous.name} ({', '.join(previous.images)}) stays warm" + (f" until {clock(until)}" if until else "")


def _held(release: Release, status: Status, observed: Observed) -> str:
    """The problems first, each with its remedy; then what becomes of a release in progress meanwhile."""
    problems = "; ".join(observed.problems)
    candidate, step = status.candidate, status.step
    if status.phase is Phase.ROLLING_BACK:
        return f"rolling back: {status.failed_message}; {problems}"
    if status.failed_reason:
        return f"{problems}; rolled back before: {status.failed_message}"
    if candidate is None or status.stable is None or observed.blind:
        return problems
    at = percent(share(release, step.index)) if step else "0%"
    return f"{problems}; until then {candidate.name} is held at {at}, which only harm, a newer template or abort change"


def _preparing(release: Release, status: Status, observed: Observed) -> str:
    candidate = status.candidate
    assert candidate is not None
    seen = observed.workload.revision(candidate.name)
    what = f"bringing up {candidate.name} ({', '.join(candidate.images)})"
    if seen is None:
        return f"{what}: its Deployment is being made"
    if not seen.current or seen.available < seen.replicas:
        trouble = f": {seen.trouble}" if seen.trouble else ""
        return f"{what}: {seen.available} of {seen.replicas} pods available{trouble}"
    if candidate.routable_since is None:
        return f"{what}: its subset is being made"
    return (
        f"{what}: the mesh learns of its subset until {clock(candidate.routable_since + release.traffic.propagation)}"
    )


def _stepping(release: Release, status: Status, observed: Observed) -> str:
    step, candidate = status.step, status.candidate
    assert step is not None
    assert candidate is not None
    steps = plan(release)
    if step.index >= len(steps):
        return f"all requests go to {candidate.name}: waiting for that to be in effect"
    verb = "bakes at" if steps[step.index].bake else "at"
    where = f"{candidate.name} {verb} {percent(share(release, step.index))}, step {step.index + 1} of {len(steps)}"
    if step.target > step.index:
        seen = observed.workload.revision(candidate.name)
        # What it needs, not what its Deployment says: that is told a moment later.
        need = candidate_count(release, status, observed.workload.template)
        return (
            f"{where}: passed; waiting for the next step's pods ({seen.available if seen else 0} of {need} available)"
        )
    if mismatched(status) and step.measured:
        measured = step.measured
        return (
            f"{where}: asked for {percent(share(release, step.index))}, the mesh sends {measured.share:.1%} "
            f"({measured.candidate} of {measured.total} requests)"
        )
    if step.in_effect_since is None:
        return f"{where}: waiting for the routes to be in effect"
    planned = steps[step.index]
    if planned.approval:
        return f"{where}: waits for an approval by {planned.approval.group}"
    until = step.in_effect_since + planned.duration
    gates = judging(release, status)
    failing = [f"{gate.name}: {gate.reason}" for gate in gates if gate.verdict is Verdict.FAIL]
    open_ = [f"{gate.name}: {gate.reason}" for gate in gates if gate.verdict is not Verdict.PASS]
    if failing:
        return f"{where}: outside a limit ({'; '.join(failing)})"
    if until > observed.now:
        compared = next((gate for gate in status.gates if gate.name == OVERALL), None)
        outlook = f". {compared.reason}" if compared and compared.verdict is Verdict.INCONCLUSIVE else ""
        return f"{where} until at least {clock(until)}{outlook}"
    if not open_:
        return f"{where}: passed; goes on"
    return f"{where}: waits for evidence ({'; '.join(open_)})"


def _conditions(release: Release, status: Status, observed: Observed) -> tuple[Condition, ...]:
    template = observed.workload.template
    serves = (
        status.phase is Phase.IDLE
        and status.stable is not None
        and status.stable.ready > 0
        and template is not None
        and template.revision == status.stable.name
        and follows(wanted_traffic(release, status), observed)
    )
    busy = status.phase in IN_PROGRESS | {Phase.ROLLING_BACK, Phase.HANDING_BACK}
    stalled = status.phase in (Phase.FAILED, Phase.INVALID)
    reason = (status.failed_reason or "RolledBack") if status.phase is Phase.FAILED else str(status.phase)
    resumed = resumption_told(status, observed)
    why_changed, changed = changed_told(status, observed.now)
    wanted = [
        ("Ready", serves, "Serving" if serves else reason, status.message),
        ("Reconciling", busy, reason if busy else "Settled", status.message if busy else ""),
        (
            "Stalled",
            stalled,
            "RolledBack" if status.phase is Phase.FAILED else reason,
            status.message if stalled else "",
        ),
        ("TrafficMismatch", mismatched(status), "Share", status.message if mismatched(status) else ""),
        ("TemplateResumed", bool(resumed), "Resumed" if resumed else "Paused", resumed),
        ("Drift", bool(changed), why_changed, changed),
    ]
    past, why_past = past_told(release, status, observed)
    if past or status.condition(UNSPLIT):
        wanted.append((UNSPLIT, bool(past), why_past, past))
    skewed = skew_told(status, observed)
    if skewed or status.condition(CLOCK_SKEW):
        wanted.append((CLOCK_SKEW, bool(skewed), "Skewed" if skewed else "Agree", skewed))
    return tuple(
        _condition(status, kind, Truth.TRUE if true else Truth.FALSE, why, text, release.generation, observed.now)
        for kind, true, why, text in wanted
    )


def _condition(
    status: Status, kind: str, truth: Truth, reason: str, message: str, generation: int, now: float
) -> Condition:
    before = status.condition(kind)
    since = before.since if before and before.status is truth else now
    return Condition(kind, truth, reason, message, since, generation)
