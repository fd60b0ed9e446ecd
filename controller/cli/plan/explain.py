"""A rehearsal in rows: what each step asks for, how long it takes at least, and what judges it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from controller.core.analysis import requests_needed, start
from controller.core.decide.comparison import settings_of
from controller.core.limits import bounds
from controller.core.observed import Counts
from controller.core.plan import Step, percent
from controller.core.release import ApprovalStep, Release
from controller.core.traffic import WHOLE, MatchKind, TesterMatch, ValueMatch
from controller.simulate import Rehearsal, Stage

_CLEAN = (Counts(requests=1000.0),) * 120
"""The past of a version without errors."""


@dataclass(frozen=True)
class Row:
    """One step. ``share`` is the candidate's in per mille. ``begins`` and ``lasts`` are seconds: from the beginning of
    the release, and at least. ``requests``: about how many (both versions) the comparison needs, None without one.
    """

    number: int
    label: str
    share: int
    stable_replicas: int
    candidate_replicas: int
    begins: float
    lasts: float
    requests: float | None
    judges: tuple[str, ...]
    waits_for: str = ""


def rows(release: Release, rehearsal: Rehearsal) -> list[Row]:
    """Every step in order; the switch of everything to the candidate is the last."""
    return [_row(release, rehearsal, stage) for stage in rehearsal.stages]


def _row(release: Release, rehearsal: Rehearsal, stage: Stage) -> Row:
    step, share = stage.step, stage.traffic.weights[rehearsal.candidate]
    return Row(
        number=stage.index + 1,
        label=step.label if step else percent(WHOLE),
        share=share,
        stable_replicas=stage.stable_replicas,
        candidate_replicas=stage.candidate_replicas,
        begins=stage.entered,
        lasts=stage.left - stage.entered,
        requests=_requests(release, share) if step and not step.approval else None,
        judges=_judges(release, step, share),
        waits_for=_answer(step.approval) if step and step.approval else "",
    )


def _requests(release: Release, share: int) -> float | None:
    """As the controller forecasts it where stable has no errors."""
    settings = settings_of(release)
    if settings is None or not 0 < share < WHOLE:
        return None
    needed = requests_needed(start(settings, _CLEAN), share / WHOLE)
    return needed if needed < inf else None


def _judges(release: Release, step: Step | None, share: int) -> tuple[str, ...]:
    if step is None or step.approval:
        return ()
    compared = ("comparison",) if release.gates.compare is not None and 0 < share < WHOLE else ()
    return (*compared, *(limit.name for limit in release.gates.limits))


def _answer(approval: ApprovalStep) -> str:
    if approval.timeout is None:
        return f"somebody of {approval.group}, for ever"
    return f"somebody of {approval.group}, {length(approval.timeout)} at most, then {approval.on_timeout}"


def gates(release: Release) -> list[str]:
    """Each judge with what it asks for, in a line."""
    found, compare = [], release.gates.compare
    if compare is not None:
        for name, tolerance in (("errors", compare.errors), ("slow requests", compare.latency)):
            most = f"{tolerance.relative:g} times stable's share plus {tolerance.absolute * 100:g}%"
            found.append(f"comparison: {name} at most {most}")
    for limit in release.gates.limits:
        sample = f", over at least {limit.min_requests} requests" if limit.min_requests else ""
        found.append(f"{limit.name}: {bounds(limit)}{sample}")
    if not found:
        found.append("nothing measured" + (", as the Release says (gates: {none: true})" if release.gates.none else ""))
    return found


def testers(release: Release) -> list[str]:
    """Who reaches the candidate at every weight, an alternative each."""
    return [_tester(one) for one in release.strategy.testers]


def _tester(match: TesterMatch) -> str:
    parts = [f"header {_condition(one)}" for one in match.headers]
    parts += [f"query parameter {_condition(one)}" for one in match.query_params]
    return " and ".join(parts)


def _condition(one: ValueMatch) -> str:
    if one.kind is MatchKind.PRESENT:
        return f"{one.name} (any value)"
    words = {MatchKind.EXACT: ":", MatchKind.PREFIX: " begins with", MatchKind.REGEX: " matches"}
    return f"{one.name}{words[one.kind]} {one.value}"


def length(seconds: float) -> str:
    """``45s``, ``5m``, ``1h 30m``: exact to the second."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{amount}{unit}" for amount, unit in ((hours, "h"), (minutes, "m"), (left, "s")) if amount]
    return " ".join(parts) or "0s"
