"""Where a watch is shown: a screen that is drawn anew, or lines."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from controller.cli.lines import Lines
from controller.cli.status import words
from controller.cli.status.detail import detail
from controller.cli.status.overview import Overview
from controller.cluster import Key, Object, key_of

_NOTES = 8


class View(Protocol):
    """Where a watch is shown. A context manager."""

    def __enter__(self) -> View: ...

    def __exit__(self, *_: object) -> None: ...

    def tell(self, text: str) -> None:
        """One thing that happened."""

    def show(self, item: Object) -> None:
        """A Release as it is now."""

    def gone(self, key: Key) -> None:
        """A Release was deleted."""

    def tick(self) -> None:
        """A second went by."""


class Printed:
    """A line for each change."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def __enter__(self) -> Printed:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def tell(self, text: str) -> None:
        self._lines.tell(text)

    def show(self, item: Object) -> None:
        self._lines.show(item)

    def gone(self, key: Key) -> None:
        self._lines.gone("/".join(key))

    def tick(self) -> None:
        return


class Screen:
    """What ``sluice status`` shows, drawn anew with every change and every second, with the last notes below.

    ``now`` gives epoch seconds; ``one``: a single Release in full, else a line for each.
    """

    def __init__(self, console: Console, now: Callable[[], float], *, one: bool, namespaces: bool) -> None:
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._now = now
        self._one = one
        self._namespaces = namespaces
        self._items: dict[Key, Object] = {}
        self._notes: deque[str] = deque(maxlen=_NOTES)

    def __enter__(self) -> Screen:
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)

    def tell(self, text: str) -> None:
        self._notes.append(f"{words.clock(self._now())}  {text}")
        self.tick()

    def show(self, item: Object) -> None:
        self._items[key_of(item)] = item
        self.tick()

    def gone(self, key: Key) -> None:
        self._items.pop(key, None)
        self.tell(f"{'/'.join(key)} was deleted")

    def tick(self) -> None:
        self._live.update(self.drawn(), refresh=True)

    def drawn(self) -> RenderableType:
        """What stands on the screen now."""
        now = self._now()
        items = [self._items[key] for key in sorted(self._items)]
        shown: list[RenderableType] = [detail(item, now) for item in items]
        if not self._one:
            shown = [Overview(items, now, self._namespaces)]
        return Group(*shown, *([Text()] if self._notes else []), *(Text(note, style="dim") for note in self._notes))
