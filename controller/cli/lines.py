"""What happens to Releases as plain lines, one for each change: for logs, pipes and pipelines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controller.cli.status import words


class Lines:
    """``write`` takes a line, ``now`` gives epoch seconds for the time of day in front of it."""

    def __init__(self, write: Callable[[str], None], now: Callable[[], float], *, names: bool = False) -> None:
        self._write = write
        self._now = now
        self._names = names
        self._last: dict[str, str] = {}

    def tell(self, text: str) -> None:
        """One thing that happened."""
        self._write(f"{words.clock(self._now())}  {text}")

    def show(self, release: Mapping[str, Any]) -> None:
        """How a Release is now; nothing where that reads as before."""
        metadata = release["metadata"]
        name = f"{metadata['namespace']}/{metadata['name']}"
        text = line(words.status_of(release))
        if self._last.get(name) != text:
            self._last[name] = text
            self.tell(f"{name}  {text}" if self._names else text)

    def gone(self, name: str) -> None:
        """A Release was deleted."""
        self._last.pop(name, None)
        self.tell(f"{name}  deleted")


def line(status: Mapping[str, Any]) -> str:
    """A status in one line: phase, step, weight, message. Pure."""
    if not status:
        return "no controller has looked at it yet"
    step = (status.get("step") or {}).get("position", "")
    parts = [str(status.get("phase", "")), f"{step} {status.get('weight', '')}".strip()]
    return "  ".join(part for part in (*parts, str(status.get("message") or "")) if part)
