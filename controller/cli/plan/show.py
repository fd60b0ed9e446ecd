"""A plan for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from controller.cli.plan.explain import Row, gates, length, rows, testers
from controller.cli.plan.inputs import Inputs
from controller.cli.plan.manifests import as_yaml, changed, difference
from controller.core.plan import percent
from controller.simulate import Rehearsal, Stage

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def table(out: Console, inputs: Inputs, rehearsal: Rehearsal) -> None:
    """Every step in a row, then who judges, who tests, and the least time of it all."""
    release = inputs.release
    found = rows(release, rehearsal)
    out.print(Text.assemble(("Release ", "bold"), (str(release.ref), "bold"), f": {_versions(inputs, rehearsal)}"))
    for sentence in inputs.assumed:
        out.print(Text(f"  {sentence}", "dim"))
    steps = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("", "traffic", "pods", "starts", "lasts", "requests", "has to pass"):
        steps.add_column(title, justify="left" if title in ("traffic", "has to pass") else "right")
    for row in found:
        steps.add_row(*_cells(row))
    out.print(steps)
    out.print(Text(f"at least {length(rehearsal.seconds)} in all, {_beside(found)}"))
    for line in gates(release):
        out.print(Text(f"  {line}"))
    if found_testers := testers(release):
        out.print(Text(f"testers reach the candidate in every step: {'; or '.join(found_testers)}"))


def _cells(row: Row) -> list[str]:
    return [
        str(row.number),
        percent(row.share) if row.waits_for else row.label,
        f"{row.candidate_replicas} + {row.stable_replicas}",
        f"+{length(row.begins)}",
        "-" if row.waits_for else length(row.lasts),
        f"~{_round(row.requests)}" if row.requests else "-",
        f"a word of {row.waits_for}" if row.waits_for else ", ".join(row.judges) or "-",
    ]


def _round(requests: float) -> str:
    """Two digits are as many as a forecast has."""
    scale = 10 ** max(0, len(str(int(requests))) - 2)
    return f"{round(requests / scale) * scale:,}"


def _beside(found: list[Row]) -> str:
    words = " and people to answer" if any(row.waits_for for row in found) else ""
    more = (
        "; longer where the requests (to both versions) take longer to come"
        if any(row.requests for row in found)
        else ""
    )
    return f"beside what pods take to start{words}{more}"


def _versions(inputs: Inputs, rehearsal: Rehearsal) -> str:
    new = (
        f"revision {rehearsal.candidate}" if inputs.knows_candidate else f"a next version ({rehearsal.candidate} here)"
    )
    old = rehearsal.stable if inputs.knows_stable else f"what serves now ({rehearsal.stable} here)"
    return f"{new} in place of {old}"


def stage_of(rehearsal: Rehearsal, number: int | None) -> Stage | None:
    """The stage of a step (from 1); of None the first; None when there is no such one."""
    if number is None:
        return rehearsal.stages[0]
    return next((stage for stage in rehearsal.stages if stage.index + 1 == number), None)


def objects(out: Console, inputs: Inputs, stage: Stage) -> None:
    """The objects as YAML, those that Sluice makes or changes by then."""
    for _, _, new in changed(inputs.base, stage.objects):
        if new is not None:
            out.print(Text(f"---\n{as_yaml(new)}"), soft_wrap=True, end="")


def differences(out: Console, inputs: Inputs, stage: Stage) -> None:
    """A unified diff of each object that will be another one than now."""
    for one in changed(inputs.base, stage.objects):
        for line in difference(one):
            out.print(Text(line, _COLOURS.get(line[:1], "")), soft_wrap=True)


def as_json(inputs: Inputs, rehearsal: Rehearsal, stage: Stage | None) -> dict[str, Any]:
    """The whole plan; with a ``stage`` also its objects, each with what there is now (null: nothing)."""
    found: dict[str, Any] = {
        "namespace": inputs.release.namespace,
        "name": inputs.release.name,
        "stable": rehearsal.stable,
        "candidate": rehearsal.candidate,
        "assumed": inputs.assumed,
        "leastSeconds": rehearsal.seconds,
        "steps": [_json_row(row) for row in rows(inputs.release, rehearsal)],
        "gates": gates(inputs.release),
        "testers": testers(inputs.release),
    }
    if stage is not None:
        found["objects"] = [{"now": old, "then": new} for _, old, new in changed(inputs.base, stage.objects)]
    return found


def _json_row(row: Row) -> dict[str, Any]:
    plain = asdict(row)
    return {_camel(key): list(value) if isinstance(value, tuple) else value for key, value in plain.items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
