"""What a process knows of a release beyond the status on the wire, and when that is worth a write."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from controller.core.release import Release
from controller.core.status import Stage, Status
from controller.errors import ClusterError, Conflict, Forbidden, NotFound, Rejected

CHECKPOINT = 60.0
"""Seconds between two status writes that say nothing but newer numbers."""

_FEW = 3
"""Errors that a message names; more than these say the same."""

_NUMBERS = re.compile(r"[-+−]?\d[\d,]*(\.\d+)?( (%|s|ms|minutes|hours|days)\b)?")
"""With sign and unit: a time that falls below a minute is no other word."""


@dataclass(slots=True)
class Memory:
    """``wire`` is the status as it stands in the API and ``recorded`` what we wrote there; ``status`` is the newest,
    with numbers that were not written yet. A status that somebody else wrote makes all of it void.

    ``written``: when, in epoch seconds. ``accepted``: the spec that the release in progress follows, as read from
    ``packed``, which is what the status says of it; ``admitted``: the last one that could be followed. ``fenced``:
    whether this term's leader has written the routes of the release in progress. ``mended``: objects that the last pass
    wrote. ``settled`` is the stage of a hand-back in which the last pass had nothing to write, ``failures`` what the
    last pass could not.
    """

    wire: dict[str, Any]
    recorded: Status
    status: Status
    written: float
    accepted: Release | None = None
    packed: str = ""
    fenced: bool = False
    mended: frozenset[str] = frozenset()
    settled: Stage | None = None
    failures: tuple[str, ...] = ()
    admitted: Release | None = None

    def due(self, status: Status, now: float) -> bool:
        """Whether a person or a restart would miss it."""
        if not self.wire or essence(status) != essence(self.recorded):
            return True
        return status != self.recorded and now - self.written >= CHECKPOINT


def failures(errors: Iterable[ClusterError], *, last: bool) -> tuple[str, ...]:
    """What people are told of writes that failed: what was refused, and of a Release that is deleted all the rest too.

    What only was not answered goes by itself, and the status could seldom be written then.
    """
    told = ClusterError if last else (Forbidden, NotFound, Rejected)
    return tuple(str(one) for one in errors if isinstance(one, told) and not isinstance(one, Conflict))[:_FEW]


def spread(key: tuple[str, str]) -> float:
    """Seconds of CHECKPOINT, by key: after a restart not all releases write their numbers in the same second."""
    return zlib.crc32("/".join(key).encode()) % int(CHECKPOINT)


def essence(status: Status) -> Status:
    """A status without what changes with every look: numbers alone cause no write, other words do.

    The first evidence does too: it holds what was learned from stable's history, which is asked for only once.
    """
    step = status.step and replace(status.step, measured=None, looked_until=None, mismatches_in_a_row=0, failing=None)
    gates = tuple(
        replace(gate, value=None, sample=0, reason="", pool_requests=0.0, pool_bad=0.0) for gate in status.gates
    )
    conditions = tuple(replace(condition, message="") for condition in status.conditions)
    message = _NUMBERS.sub("#", status.message)
    known = bool(status.evidence)
    return replace(
        status, step=step, gates=gates, conditions=conditions, evidence=known, message=message, unrouted=None
    )
