"""What was measured since the last pass, folded into the status; and whether any of it ends the release."""

from __future__ import annotations

from dataclasses import replace

from controller.core.decide.change import Move, roll_back
from controller.core.decide.comparison import begin, compare, harmful, overall, without
from controller.core.decide.fight import FIGHT, fights
from controller.core.decide.model import Observed
from controller.core.decide.phases import IN_PROGRESS, STEPPING
from controller.core.decide.traffic import share
from controller.core.decide.unsplit import weights_alone
from controller.core.limits import judge
from controller.core.plan import percent
from controller.core.release import Release
from controller.core.share import LOOKS, add, ejected, follow
from controller.core.status import GateStatus, Phase, Status, Unrouted, Verdict
from controller.core.traffic import WHOLE
from controller.core.unrouted import count, surge


def weigh(release: Release, status: Status, observed: Observed) -> Status:
    """The gates and the measured share after every look that ended since the last pass."""
    step, status = status.step, begin(release, status, observed)
    if step is None or status.stable is None or status.phase not in STEPPING | {Phase.PROMOTING}:
        return status
    status = compare(release, status, step, observed)
    gates, compared = without(status.gates), status.gates[len(without(status.gates)) :]
    wanted = share(release, step.index)
    unrouted, alone = status.unrouted, stable_down(status, observed)
    if alone and unrouted is not None:
        unrouted = Unrouted(unrouted.before, unrouted.latest)
    if unrouted is None and observed.unrouted_before is not None:
        unrouted = Unrouted(observed.unrouted_before)
    for judged in observed.looks:
        effect = step.in_effect_since
        if effect is None or judged.look.end <= (step.looked_until or effect):
            continue
        warm = judged.look.start >= effect + release.gates.warm_up
        gates = judge(release.gates.limits, gates, judged.look, judged.values, warm=warm)
        if not alone:  # else stable's own share finds no pod, which a candidate must not be blamed for
            unrouted = unrouted and count(unrouted, judged.look)
        before = step.mismatches_in_a_row
        if 0 < wanted < WHOLE:
            step = add(step, judged.look, wanted, both_ways=weights_alone(release))
            step = replace(step, failing=follow(step.failing, judged.look))
        if before >= LOOKS and step.mismatches_in_a_row == 0:
            step = replace(step, in_effect_since=judged.look.end)  # the share is right again: the clock starts anew
        step = replace(step, looked_until=judged.look.end)
    return replace(status, gates=(*gates, *compared), step=step, unrouted=unrouted)


def stable_down(status: Status, observed: Observed) -> bool:
    """Whether stable has no ready pod, so that its share of the requests fails whatever the candidate does."""
    seen = observed.workload.revision(status.stable.name) if status.stable else None
    return status.stable is not None and (seen is None or seen.ready == 0)


def unrouted_until(status: Status) -> float | None:
    """The moment up to which it is asked what was usual of unrouted requests; None when that is known.

    It is that of the first weight, or of a later one where nobody answered before: then less is taken for a surge.
    """
    return status.step.started if status.step is not None and status.unrouted is None else None


def harm(release: Release, status: Status, observed: Observed) -> Move | None:
    """The rollback that the evidence asks for, None while it asks for none."""
    candidate, now = status.candidate, observed.now
    if candidate is None or status.phase not in IN_PROGRESS:
        return None
    if why := harmful(status):
        return roll_back(status, "Harmful", f"{candidate.name}: {why.removesuffix('.')}", now)
    for gate in status.gates:
        if gate.failures_in_a_row >= release.gates.failure_limit:
            times = f"{gate.failures_in_a_row} looks in a row" if gate.failures_in_a_row > 1 else "one look"
            return roll_back(status, "GateFailed", f"{candidate.name}: gate {gate.name}: {gate.reason} ({times})", now)
    if why := _ejected(release, status):  # first: with all pods ejected, requests find none either
        return roll_back(status, "Ejected", f"{candidate.name} {why}", now)
    if why := surge(status.unrouted):
        return roll_back(status, "NoHealthyUpstream", f"{candidate.name}: {why}", now)
    return _pods(release, status, observed)


def fought(status: Status, observed: Observed) -> Move | None:
    """The end of a release whose routes or subsets were just changed back once too often."""
    candidate, now = status.candidate, observed.now
    if candidate is None or status.phase not in IN_PROGRESS:
        return None
    for one in fights(status, now):
        if one.at == now:  # an older fight is no reason: it may have been settled
            text = f"{candidate.name}: {one.told()}; then annotate the Release with sluice.dev/command=retry"
            return roll_back(status, FIGHT, text, now)
    return None


def mismatched(status: Status) -> bool:
    """Whether the mesh keeps sending another share than was asked for."""
    return status.step is not None and status.step.mismatches_in_a_row >= LOOKS


def inconclusive(release: Release, status: Status) -> bool:
    """Whether any gate has not said pass since the step began.

    Where nobody but testers reaches the candidate there are not the requests to say it: there a gate can only fail.
    Where everybody does there is nothing to compare with.
    """
    assert status.step is not None
    if share(release, status.step.index) == 0:
        return any(gate.verdict is Verdict.FAIL for gate in status.gates)
    return any(gate.verdict is not Verdict.PASS for gate in judging(release, status))


def judging(release: Release, status: Status) -> tuple[GateStatus, ...]:
    """The gates that say whether the present step may be left."""
    everybody = status.step is not None and share(release, status.step.index) == WHOLE
    return without(status.gates) if everybody else overall(status.gates)


def _ejected(release: Release, status: Status) -> str:
    """Why the candidate is taken for ejected, in one clause; "" while it is not."""
    step = status.step
    if step is None or step.failing is None or not ejected(step.failing, share(release, step.index)):
        return ""
    last = step.failing
    return (
        f"gets no requests any more after errors ({last.errors} of its last {last.requests} failed; since then stable "
        f"got {last.missed}, and the candidate none of {percent(share(release, step.index))} that are asked for): the "
        "mesh has ejected its pods, as a DestinationRule's outlierDetection does"
    )


def _pods(release: Release, status: Status, observed: Observed) -> Move | None:
    candidate, step, now = status.candidate, status.step, observed.now
    assert candidate is not None
    seen = observed.workload.revision(candidate.name)
    trouble = seen.trouble if seen else ""
    routed = status.phase is not Phase.PREPARING and step is not None and share(release, step.index) > 0
    if routed and status.stable is not None and (seen is None or seen.ready == 0):
        text = f"{candidate.name} has no ready pod left while requests are sent to it"
        return roll_back(status, "NoReadyPods", f"{text}: {trouble}" if trouble else text, now)
    since = status.timers.progress_since
    waiting = status.phase is Phase.PREPARING or (step is not None and step.target > step.index)
    if observed.problems:
        return None  # on a hold nothing is asked of the pods
    if (
        waiting
        and since is not None
        and now >= since + release.workload.progress_deadline
        and not _ready(status, observed)
    ):
        text = f"{candidate.name} made no progress for {release.workload.progress_deadline:g} s"
        return roll_back(status, "ProgressDeadline", f"{text}: {trouble or 'its pods do not become ready'}", now)
    return None


def _ready(status: Status, observed: Observed) -> bool:
    assert status.candidate is not None
    seen = observed.workload.revision(status.candidate.name)
    return seen is not None and seen.current and seen.replicas > 0 and seen.available >= seen.replicas
