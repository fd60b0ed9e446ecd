"""What the demo shows: a live screen on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

_COLOURS = {"pass": "green", "fail": "red", "inconclusive": "yellow"}
_MOST_LINES = 14


@dataclass(frozen=True)
class Scene:
    """One moment: the Release's status, all requests so far, those without an answer of the app, answers by version."""

    status: dict[str, Any]
    requests: int
    failed: int
    versions: dict[str, int]


class View(Protocol):
    """Where the demo is shown. A context manager."""

    def __enter__(self) -> View: ...

    def __exit__(self, *_: object) -> None: ...

    def say(self, text: str) -> None:
        """One thing that happened."""

    def show(self, scene: Scene) -> None:
        """How it looks now; called several times a second."""


class Lines:
    """A line for everything that happened, and one for each new message of the Release."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begin = time.monotonic()
        self._last = ""

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def say(self, text: str) -> None:
        self._console.print(f"{time.monotonic() - self._begin:6.1f}  {text}", markup=False, soft_wrap=True)

    def show(self, scene: Scene) -> None:
        status = scene.status
        line = f"{status.get('phase', '')}: {status.get('message', '')}"
        if status.get("message") and line != self._last:
            self._last = line
            self.say(f"{line}   [{scene.requests:,} requests, {scene.failed} failed]")


class Screen:
    """A live screen."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=4, transient=False)
        self._begin = time.monotonic()
        self._log: deque[str] = deque(maxlen=_MOST_LINES)
        self._scene = Scene({}, 0, 0, {})

    def __enter__(self) -> Screen:
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.__exit__(None, None, None)

    def say(self, text: str) -> None:
        self._log.append(f"{time.monotonic() - self._begin:6.1f}  {text}")
        self._live.update(self._render())

    def show(self, scene: Scene) -> None:
        self._scene = scene
        self._live.update(self._render())

    def _render(self) -> RenderableType:
        status = self._scene.status
        log = Text("\n".join(self._log), no_wrap=False)
        message = Text(status.get("message", "..."), style="bold")
        return Group(
            Panel(
                Group(message, Text(""), _facts(self._scene), Text(""), _gates(status)), title="Release shop/podinfo"
            ),
            Panel(log, title="what happened"),
        )


def _facts(scene: Scene) -> Table:
    status, table = scene.status, Table(show_header=False, box=None, padding=(0, 2))
    step = status.get("step") or {}
    measured = step.get("measured") or {}
    share = (
        f"{measured['candidate'] / measured['total']:.1%} of {measured['total']:,}" if measured.get("total") else "-"
    )
    table.add_row("phase", str(status.get("phase", "-")), "step", str(step.get("position", "-")))
    table.add_row("weight asked", str(status.get("weight", "-")), "weight measured", share)
    failed = Text(str(scene.failed), style="red" if scene.failed else "green")
    table.add_row("requests", f"{scene.requests:,}", "failed by moving", failed)
    answers = ", ".join(f"{version} {number:,}" for version, number in sorted(scene.versions.items()) if version)
    table.add_row("answers", answers or "-", "", "")
    return table


def _gates(status: dict[str, Any]) -> Table:
    table = Table("gate", "verdict", "sample", "says", box=None, padding=(0, 2), header_style="dim")
    for gate in status.get("gates") or []:
        verdict = str(gate.get("verdict", ""))
        value = gate.get("reason") or f"{gate.get('value', '')} ({gate.get('limits', '')})"
        table.add_row(gate["name"], Text(verdict, style=_COLOURS.get(verdict, "")), str(gate.get("sample", "")), value)
    return table
