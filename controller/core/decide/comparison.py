"""The comparison with stable, as part of a release's status: its evidence, and what people see of it as gates."""

from __future__ import annotations

from dataclasses import replace

from controller.core.analysis import AtStep, Report, Settings, State, observe, pack, report, start, unpack
from controller.core.decide.model import Observed
from controller.core.decide.traffic import share
from controller.core.plan import plan
from controller.core.release import Release
from controller.core.status import GateStatus, Status, StepStatus, Verdict
from controller.core.traffic import WHOLE

OVERALL = "compare"
"""The gate that says what the comparison says; those of its metrics are called ``compare/errors`` and so on."""


def settings_of(release: Release) -> Settings | None:
    """How this release is compared; None when it is not."""
    if release.gates.compare is None:
        return None
    judged = [step for step in plan(release) if 0 < step.weight < WHOLE]
    return Settings.of(release.gates, len(judged))


def compare(release: Release, status: Status, step: StepStatus, observed: Observed) -> Status:
    """The evidence and the gates of the comparison after every look that ended since the last one judged."""
    settings = settings_of(release)
    if settings is None or step.in_effect_since is None:
        return status
    at = AtStep(step.index, share(release, step.index) / WHOLE, step.in_effect_since)
    state = _state(settings, status.evidence, observed)
    before = state
    for judged in observed.looks:
        if judged.look.end > (step.looked_until or step.in_effect_since):
            state = observe(state, judged.look, at)
    if state is before:
        return status
    found = report(state, at, observed.now)
    return replace(status, evidence=pack(state), gates=(*without(status.gates), *_gates(found)))


def harmful(status: Status) -> str:
    """Why the evidence says that the candidate is worse than stable, in one sentence; "" while it does not."""
    gate = next((gate for gate in status.gates if gate.name == OVERALL), None)
    return gate.reason if gate is not None and gate.verdict is Verdict.FAIL else ""


def waiting(release: Release) -> tuple[GateStatus, ...]:
    """The gate of the comparison at the beginning of a step."""
    if release.gates.compare is None:
        return ()
    return (GateStatus(OVERALL, reason="no look yet"),)


def without(gates: tuple[GateStatus, ...]) -> tuple[GateStatus, ...]:
    """The gates that are fixed limits."""
    return tuple(gate for gate in gates if gate.name != OVERALL and not gate.name.startswith(f"{OVERALL}/"))


def overall(gates: tuple[GateStatus, ...]) -> tuple[GateStatus, ...]:
    """The gates that say whether a step may be left: the single metrics of the comparison are told beside it."""
    return tuple(gate for gate in gates if not gate.name.startswith(f"{OVERALL}/"))


def _state(settings: Settings, evidence: str, observed: Observed) -> State:
    if evidence:
        try:
            return unpack(settings, evidence)
        except ValueError:
            pass  # written by another version of this program: the evidence is gathered anew
    return start(settings, observed.history)


def _gates(found: Report) -> tuple[GateStatus, ...]:
    overall = GateStatus(OVERALL, verdict=found.verdict, reason=found.reason)
    return (overall, *(replace(one.gate, name=f"{OVERALL}/{one.metric}") for one in found.findings))
