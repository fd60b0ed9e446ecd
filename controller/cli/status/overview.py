"""One line for each of many Releases. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from controller.cli.status import words
from controller.cli.status.words import Object

_COLUMNS = ("NAMESPACE", "NAME", "PHASE", "FOR", "STEP", "WEIGHT", "STABLE", "CANDIDATE", "MESSAGE")
_NUMBERS = 6  # of them are never broken or cut
_ROOM_FOR_IMAGES, _ROOM_FOR_MESSAGES = 95, 130  # columns of a terminal


@dataclass(frozen=True)
class Overview:
    """The table; with a column for the namespace where there can be several. ``now`` in epoch seconds.

    A narrow terminal has no columns for images and messages: what is going on then stands below the table.
    """

    releases: Sequence[Object]
    now: float
    namespaces: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        first = 0 if self.namespaces else 1
        wide = options.max_width >= _ROOM_FOR_MESSAGES
        last = len(_COLUMNS) if wide else _NUMBERS + 2 if options.max_width >= _ROOM_FOR_IMAGES else _NUMBERS
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
        for index, heading in enumerate(_COLUMNS[first:last], first):
            table.add_column(heading, no_wrap=index < _NUMBERS, justify="right" if heading == "WEIGHT" else "left",
                             overflow="fold")  # fmt: skip
        for release in self.releases:
            table.add_row(*cells(release, self.now)[first:last])
        yield table
        if not wide:
            yield from (Text(line) for line in map(self._below, self.releases) if line)

    def _below(self, release: Object) -> str:
        """What is going on there, "" when nothing is."""
        metadata, status = release["metadata"], words.status_of(release)
        if status.get("phase") == "Idle" or not status.get("message"):
            return ""
        name = f"{metadata['namespace']}/{metadata['name']}" if self.namespaces else metadata["name"]
        return f"{name}: {status['message']}"


def cells(release: Object, now: float) -> list[Text]:
    """One line of the table with all columns."""
    metadata, status = release["metadata"], words.status_of(release)
    phase, step = str(status.get("phase") or "new"), status.get("step") or {}
    return [
        Text(metadata["namespace"]),
        Text(metadata["name"], style="bold"),
        Text(phase, style=words.phase_style(phase)),
        Text(words.age(status.get("phaseSince"), now) or "-"),
        Text(str(step.get("position") or "-")),
        Text(str(status.get("weight") or "-")),
        Text(words.images(status.get("stable") or {}, short=True) or "-"),
        Text(words.images(status.get("candidate") or {}, short=True) or "-"),
        Text(str(status.get("message") or ("" if status else "no controller has looked at it yet"))),
    ]
