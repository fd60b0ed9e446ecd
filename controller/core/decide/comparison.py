"""The comparison with stable, as part of a release's status: its evidence, and what people see of it as gates."""

from __future__ import annotations

from dataclasses import replace

from controller.core.analysis import AtStep, Kept, Report, Settings, observe, report, standing, start, unpack
from controller.core.decide.model import Observed
from controller.core.decide.phases import STEPPING
from controller.core.decide.standing import standing as standing_phase
from controller.core.decide.timers import next_look
from controller.core.decide.traffic import share
from controller.core.plan import plan
from controller.core.release import Release
from controller.core.status import GateStatus, Phase, Status, StepStatus, Verdict
from controller.core.traffic import WHOLE

OVERALL = "compare"
"""The gate that says what the comparison says; those of its metrics are called ``compare/errors`` and so on."""
ALONE = "nothing to compare with: at 100% stable gets no requests, and only fixed limits judge"
"""What it says where everybody's requests go to the candidate."""


def settings_of(release: Release) -> Settings | None:
    """How this release is compared; None when it is not."""
    if release.gates.compare is None:
        return None
    judged = [step for step in plan(release) if 0 < step.weight < WHOLE]
    return Settings.of(release.gates, len(judged))


def history_until(release: Release, status: Status, now: float) -> float | None:
    """The moment up to which stable's history is wanted, epoch seconds; None when it is not.

    It is asked for once, before the first weight; at the first look, should nobody have answered until then. What is
    made of it stays in the evidence.
    """
    if settings_of(release) is None or status.evidence or status.stable is None or status.candidate is None:
        return None
    if status.returning or (status.step and share(release, status.step.index) == WHOLE):
        return None  # there is nothing to compare with
    if status.phase is Phase.PREPARING:
        return now if status.candidate.deployment else None  # nobody's pods wait for a provider
    look = next_look(release, status)
    return look - release.gates.interval if look is not None else None


def begin(release: Release, status: Status, observed: Observed) -> Status:
    """The evidence before the first look, once stable's history is known; an error may be asked again."""
    settings, history = settings_of(release), observed.history
    if status.phase is not Phase.PREPARING or settings is None or history is None or history.missing:
        return status
    return replace(status, evidence=Kept(start(settings, history.looks)))


def compare(release: Release, status: Status, step: StepStatus, observed: Observed) -> Status:
    """The evidence after every look that ended since the last one judged; and the gates, where they say something new.

    Newer numbers alone are left to ``renewed``: what a report costs is only worth it when somebody reads it.
    """
    settings = settings_of(release)
    if settings is None or step.in_effect_since is None or share(release, step.index) == WHOLE:
        return status
    at = _at(release, step, step.in_effect_since)
    kept = _kept(settings, status.evidence, observed)
    state = kept.state
    for judged in observed.looks:
        if judged.look.end > (step.looked_until or step.in_effect_since):
            state = observe(state, judged.look, at)
    if state is kept.state:
        return status
    stands = standing(state, at, observed.now)
    gates = status.gates
    # A step begins with gates that say nothing of it, though the comparison may stand where it stood before.
    if stands != kept.told or overall(gates) == gates:
        gates = (*without(gates), *_gates(report(state, at, observed.now)))
    return replace(status, evidence=Kept(state, stands), gates=gates)


def renewed(release: Release, status: Status, now: float) -> Status:
    """The status with the newest numbers of the comparison in its gates, for somebody who reads it."""
    found = compared(release, status, now)
    if found is None or overall(status.gates) == status.gates:
        return status  # no look at this step yet
    return replace(status, gates=(*without(status.gates), *_gates(found)))


def compared(release: Release, status: Status, now: float) -> Report | None:
    """The comparison in numbers; None where there is none at present."""
    step, kept = status.step, status.evidence
    if not isinstance(kept, Kept) or step is None or step.in_effect_since is None:
        return None
    if standing_phase(release, status) not in STEPPING | {Phase.PROMOTING} or share(release, step.index) == WHOLE:
        return None
    return report(kept.state, _at(release, step, step.in_effect_since), now)


def harmful(status: Status) -> str:
    """Why the evidence says that the candidate is worse than stable, in one sentence; "" while it does not."""
    gate = next((gate for gate in status.gates if gate.name == OVERALL), None)
    return gate.reason if gate is not None and gate.verdict is Verdict.FAIL else ""


def waiting(release: Release, status: Status, index: int, now: float) -> tuple[GateStatus, ...]:
    """The gate of the comparison at the beginning of the step ``index``: about how long it will take."""
    settings = settings_of(release)
    if settings is None:
        return ()
    weight = share(release, index)
    reason = ALONE if weight == WHOLE else "no look yet"
    if status.evidence and 0 < weight < WHOLE:
        kept = _kept(settings, status.evidence, None)
        reason = report(kept.state, _at(release, StepStatus(index), now)).reason
    return (GateStatus(OVERALL, reason=reason),)


def without(gates: tuple[GateStatus, ...]) -> tuple[GateStatus, ...]:
    """The gates that are fixed limits."""
    return tuple(gate for gate in gates if gate.name != OVERALL and not gate.name.startswith(f"{OVERALL}/"))


def overall(gates: tuple[GateStatus, ...]) -> tuple[GateStatus, ...]:
    """The gates that say whether a step may be left: the single metrics of the comparison are told beside it."""
    return tuple(gate for gate in gates if not gate.name.startswith(f"{OVERALL}/"))


def _at(release: Release, step: StepStatus, since: float) -> AtStep:
    return AtStep(step.index, share(release, step.index) / WHOLE, since)


def _kept(settings: Settings, evidence: object, observed: Observed | None) -> Kept:
    """The evidence so far. After a restart it is read; of another version of this program it is gathered anew, as it
    is where the Release compares something else by now.
    """
    if isinstance(evidence, Kept) and evidence.state.settings == settings:
        return evidence
    if evidence:
        try:
            return Kept(unpack(settings, str(evidence)))
        except ValueError:
            pass
    history = observed.history if observed else None
    return Kept(start(settings, *((history.looks, history.missing) if history else ((), "it was not asked for"))))


def _gates(found: Report) -> tuple[GateStatus, ...]:
    overall = GateStatus(OVERALL, verdict=found.verdict, reason=found.reason)
    return (overall, *(replace(one.gate, name=f"{OVERALL}/{one.metric}") for one in found.findings))
