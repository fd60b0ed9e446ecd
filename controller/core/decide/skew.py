"""Prometheus' clock against ours: looks are asked for by time, so that the two must agree."""

from __future__ import annotations

from controller.core.decide.model import Observed
from controller.core.decide.phases import IN_PROGRESS
from controller.core.status import Status, Truth

CLOCK_SKEW = "ClockSkew"

MOST_SKEW = 5.0
"""Seconds. The answer's date has whole seconds and was some time on its way: less cannot be told from nothing."""


def skew_told(status: Status, observed: Observed) -> str:
    """What the newest answer says of the clocks, "" while they agree; until the next answer what the last one said."""
    skews = [judged.skew for judged in observed.looks if judged.skew is not None]
    if skews:
        skew = skews[-1]
        which = "ahead of" if skew > 0 else "behind"
        wrong = f"Prometheus' clock is {abs(skew):.0f} s {which} the controller's: looks cover the wrong seconds"
        return f"{wrong}; synchronise both machines' clocks" if abs(skew) > MOST_SKEW else ""
    before = status.condition(CLOCK_SKEW)
    known = before is not None and before.status is Truth.TRUE and status.phase in IN_PROGRESS
    return before.message if known and before else ""
