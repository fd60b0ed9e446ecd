"""What an exit status says. One table for all commands; scripts and pipelines rely on it."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit status of every command."""

    DONE = 0
    NO = 1
    USAGE = 2
    TIME_OUT = 2  # the same: release-api.md fixes it for `wait`, and every other tool for a wrong command line
    SUPERSEDED = 3
    CLUSTER = 4
    INTERRUPTED = 130


MEANINGS: dict[Exit, str] = {
    Exit.DONE: "done; `wait`: promoted; `status`: nothing is wrong",
    Exit.NO: "no: rolled back, ignored, a Release Failed or Invalid; `lint`: errors",
    Exit.TIME_OUT: "out of time; or a wrong command line, or a file that cannot be read",
    Exit.SUPERSEDED: "`wait`: a newer revision took this one's place",
    Exit.CLUSTER: "the cluster did not answer, or refused; or nothing of that name",
    Exit.INTERRUPTED: "stopped by Ctrl-C",
}


def table() -> str:
    """One line each, for ``--help``."""
    return "\n".join(f"{code.value:>3}  {meaning}" for code, meaning in MEANINGS.items())
