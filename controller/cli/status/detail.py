"""Everything there is to see of one Release. Pure: a Release and the present moment -> what rich prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from controller.cli.status import words
from controller.cli.status.words import Object
from controller.core.release import COMMAND, COMMAND_BY

_ROOM_FOR_REASONS = 110  # columns: below that a gate's reason gets lines of its own


def detail(release: Object, now: float) -> RenderableType:
    """Phase, step, weights, revisions, gates, what is abnormal, and the last command. ``now`` in epoch seconds."""
    status = words.status_of(release)
    parts: list[RenderableType] = [_title(release, status, now)]
    if not status:
        parts.append(Text("no controller has looked at it yet"))
        return Group(*parts)
    parts.append(Text(str(status.get("message") or "")))
    facts = list(_facts(release, status, now))
    if facts:
        parts += [Text(), _grid(facts)]
    parts += [Text(), _revisions(status)]
    gates = [gate for gate in status.get("gates") or () if isinstance(gate, dict)]
    if gates:
        parts += [Text(), _Gates(gates)]
    abnormal: list[tuple[str, Text | str]] = list(_abnormal(status, now))
    if abnormal:
        parts += [Text(), _grid(abnormal)]
    return Group(*parts)


def _title(release: Object, status: Object, now: float) -> Text:
    metadata, phase = release["metadata"], str(status.get("phase") or "new")
    since = words.age(status.get("phaseSince"), now)
    title = Text.assemble("Release ", (f"{metadata['namespace']}/{metadata['name']}", "bold"), ": ")
    title.append(phase, words.phase_style(phase))
    return title.append(f" for {since}" if since else "")


def _grid(rows: list[tuple[str, Text | str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for label, value in rows:
        table.add_row(label, value if isinstance(value, Text) else Text(value))
    return table


def _facts(release: Object, status: Object, now: float) -> Iterator[tuple[str, Text | str]]:
    step = status.get("step") or {}
    if status.get("release"):
        yield "release", str(status["release"])
    if words.position(status):
        in_effect = words.age(step.get("inEffectSince"), now)
        clock = f", in effect for {in_effect}" if in_effect else ", not yet in effect"
        yield "step", words.position(status) + clock
    if status.get("weight"):
        yield "weight", f"asked {status['weight']}, measured {words.measured(status) or 'nothing yet'}"
    failed = status.get("failed") or {}
    if failed.get("revision"):
        yield "rolled back", f"{failed['revision']} ({failed.get('reason') or 'RolledBack'})"
    for approval in status.get("approvals") or ():
        yield "approved", words.told({**approval, "name": f"step {approval.get('step', 0) + 1}"}, now)
    annotations = release["metadata"].get("annotations") or {}
    if annotations.get(COMMAND):
        given = {"name": annotations[COMMAND], "by": annotations.get(COMMAND_BY)}
        yield "not handled yet", Text(words.told(given, now), style="yellow")
    if status.get("handled"):
        yield "last command", words.told(status["handled"], now)


def _revisions(status: Object) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for heading in ("", "revision", "ready"):
        table.add_column(heading, no_wrap=True)
    table.add_column("images", overflow="fold")
    named = [(role, status[role]) for role in ("stable", "candidate", "previous") if status.get(role)]
    named += [("drains", one) for one in status.get("retiring") or () if one.get("replicas") or one.get("ready")]
    for role, one in named:
        ready, replicas = one.get("ready", 0), one.get("replicas", 0)
        count = Text(f"{ready}/{replicas}", style="" if ready >= replicas else "yellow")
        table.add_row(role, str(one.get("revision", "")), count, words.images(one))
    return table


@dataclass(frozen=True)
class _Gates:
    """The gates' table. On a narrow terminal reasons stand below it, so that no number is cut."""

    gates: list[dict[str, Any]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.max_width >= _ROOM_FOR_REASONS
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
        table.add_column("gate", overflow="fold")
        for heading in ("verdict", "value", "limits", "sample"):
            right = heading in ("value", "sample")
            table.add_column(heading, no_wrap=True, justify="right" if right else "left")
        if wide:
            table.add_column("reason", overflow="fold")
        for gate in self.gates:
            table.add_row(*self._cells(gate, reason=wide))
        yield table
        if not wide:
            for gate in self.gates:
                if gate.get("reason"):
                    yield Padding(Text(f"{gate['name']}: {gate['reason']}", overflow="fold"), (0, 0, 0, 2))

    @staticmethod
    def _cells(gate: dict[str, Any], *, reason: bool) -> Iterator[Text]:
        limits, verdict = str(gate.get("limits") or ""), str(gate.get("verdict") or "")
        yield Text(str(gate.get("name", "")))
        yield Text(verdict, style=words.verdict_style(verdict))
        yield Text(words.amount(gate.get("value"), limits))
        yield Text(limits or "-")
        yield Text(f"{gate['sample']:,}" if gate.get("sample") else "-")
        if reason:
            yield Text(str(gate.get("reason") or ""))


def _abnormal(status: Object, now: float) -> Iterator[tuple[str, Text]]:
    """Conditions that are not as they are when all is well; those that only repeat the phase are left out."""
    phase = status.get("phase")
    for condition in status.get("conditions") or ():
        kind, truth = str(condition.get("type")), condition.get("status")
        well = "True" if kind == "Ready" else "False"
        repeats = kind == "Reconciling" or (kind == "Ready" and phase != "Idle")
        repeats = repeats or (kind == "Stalled" and phase in words.WRONG)
        if repeats or truth == well:
            continue
        since = words.age(condition.get("lastTransitionTime"), now)
        message = str(condition.get("message") or "")
        text = f"{truth} ({condition.get('reason')})" + (f" for {since}" if since else "")
        if message and message != status.get("message"):
            text += f": {message}"
        yield kind, Text(text, style="yellow")
