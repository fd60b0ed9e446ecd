"""A release's own series: what anybody would alert on."""

from __future__ import annotations

from controller.core.analysis import Finding
from controller.core.decide import Decision, compared
from controller.core.release import Release
from controller.core.status import Status, StepStatus, Truth, Verdict
from controller.telemetry import Comparison, Releases

_VERDICTS = {Verdict.PASS: 1, Verdict.INCONCLUSIVE: 0, Verdict.FAIL: -1}
_OUTCOMES = {
    "Started": "started",
    "Promoted": "promoted",
    "RolledBack": "rolled_back",
    "Superseded": "superseded",
    "Reverted": "reverted",
}
_ENDS = frozenset({"promoted", "rolled_back", "superseded", "reverted"})


def show(series: Releases, release: Release, before: Status, decision: Decision, now: float) -> None:
    """Set the series to what was decided; ``before`` is the status that it was decided on."""
    status, one = decision.status, (release.namespace, release.name)
    if before.phase is not status.phase:
        series.set(series.phase, 0, *one, str(before.phase))
    series.set(series.phase, 1, *one, str(status.phase))
    _step(series, one, status, status.step)
    _gates(series, one, status)
    _comparison(series, release, status, now)
    _others(series, one, before, status)
    _outcomes(series, one, before, decision, now)
    left = before.step if status.step is None or before.step is None or status.step.index != before.step.index else None
    if left and left.in_effect_since:
        series.observe(series.step_seconds, now - left.in_effect_since, *one)


def _step(series: Releases, one: tuple[str, str], status: Status, step: StepStatus | None) -> None:
    series.set(series.step, step.index + 1 if step else 0, *one)
    wanted = step.wanted[status.candidate.name] / 1000 if step and step.wanted and status.candidate else 0.0
    series.set(series.wanted, wanted, *one)
    if step and step.measured:
        series.set(series.measured, step.measured.share, *one)
    else:
        series.remove(series.measured, *one)


def _others(series: Releases, one: tuple[str, str], before: Status, status: Status) -> None:
    """What others did to our objects, and what the mesh found no pod for."""
    known = {(drift.object, drift.at) for drift in before.drifts}
    for drift in status.drifts:
        if (drift.object, drift.at) not in known:
            series.drift(drift.subject, *one)
    if status.unrouted is not None:
        series.set(series.unrouted, status.unrouted.latest, *one)
    else:
        series.remove(series.unrouted, *one)


def _gates(series: Releases, one: tuple[str, str], status: Status) -> None:
    for gone in series.gates(*one) - {gate.name for gate in status.gates}:
        series.remove(series.verdict, *one, gone)
        series.remove(series.value, *one, gone)
    for gate in status.gates:
        series.set(series.verdict, _VERDICTS[gate.verdict], *one, gate.name)
        if gate.value is not None:
            series.set(series.value, gate.value, *one, gate.name)


def _comparison(series: Releases, release: Release, status: Status, now: float) -> None:
    one = (release.namespace, release.name)
    if not status.evidence:
        series.comparisons.drop(*one)
        return

    def read() -> tuple[Comparison, ...]:
        found = compared(release, status, now)
        return tuple(_numbers(finding) for finding in found.findings) if found else ()

    series.comparisons.set(*one, read)


def _numbers(finding: Finding) -> Comparison:
    return Comparison(
        finding.metric,
        finding.excess._asdict(),
        {"candidate": finding.requests_c, "stable": finding.requests_b},
        {"candidate": finding.bad_c, "stable": finding.bad_b},
        finding.harm / finding.harm_limit,
        finding.good / finding.good_limit,
    )


def _outcomes(series: Releases, one: tuple[str, str], before: Status, decision: Decision, now: float) -> None:
    begun = before.condition("Reconciling")
    if begun and begun.status is not Truth.TRUE:
        begun = None  # nothing was in progress
    for event in decision.events:
        outcome = _OUTCOMES.get(event.reason, "")
        if not outcome:
            continue
        series.count(outcome, decision.status.failed_reason if outcome == "rolled_back" else "", *one)
        if outcome in _ENDS and before.stable and begun and begun.since is not None:
            series.observe(series.seconds, now - begun.since, *one, outcome)
