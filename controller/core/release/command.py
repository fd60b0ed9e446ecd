"""A person's word in the middle of a release, given by annotation so that the spec stays as Git has it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

COMMAND = "sluice.dev/command"
COMMAND_BY = "sluice.dev/by"
COMMAND_REASON = "sluice.dev/reason"
"""The annotations of a Release that give a command: what, who says so, why."""


class CommandName(StrEnum):
    """What may stand in the annotation COMMAND."""

    PROMOTE = "promote"
    PROMOTE_FULL = "promote-full"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    RETRY = "retry"
    ROLLBACK = "rollback"
    APPROVE = "approve"
    REJECT = "reject"


APPROVALS = frozenset({CommandName.APPROVE, CommandName.REJECT})
"""The commands that answer an approval step."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command as it stands in the annotations; equal annotations are the same command until seen absent.

    ``name`` is what was written: it may be no command at all, which deserves an answer too. Compare it with the members
    of CommandName, or ask ``known``.
    """

    name: str
    by: str = ""
    reason: str = ""

    @property
    def known(self) -> CommandName | None:
        """The command that the name stands for, None if there is no such command."""
        return CommandName(self.name) if self.name in set(CommandName) else None
