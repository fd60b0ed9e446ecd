"""What the command line asked for, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from controller.errors import SettingsError

LONGEST = 1000
"""Characters of a reason: as many as a status keeps whole."""


@dataclass(frozen=True)
class Order:
    """One command for one Release, or for all that it makes sense for (``name`` is "" then).

    ``wait``: the longest time in seconds to wait for the answer, None: not at all. ``yes``: nobody is asked before.
    Raises SettingsError for a reason that is too long.
    """

    command: str
    name: str = ""
    reason: str = ""
    force: bool = False
    wait: float | None = None
    yes: bool = False
    everywhere: bool = False

    def __post_init__(self) -> None:
        if len(self.reason) > LONGEST:
            raise SettingsError(f"--reason: {len(self.reason)} characters are too long; write at most {LONGEST}")
