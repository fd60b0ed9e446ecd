"""The phase that a status belongs to by what it holds: Invalid only hides it, and a pause stands on top of it.

So nothing has to be remembered about a release that is held, and nothing can be remembered wrongly.
"""

from __future__ import annotations

from controller.core.decide.phases import IN_PROGRESS
from controller.core.plan import plan
from controller.core.release import Release
from controller.core.status import Phase, Status


def standing(release: Release, status: Status) -> Phase:
    """The phase as it would be without a problem."""
    if status.phase is not Phase.INVALID:
        return status.phase
    phase = underlying(release, status)
    step = status.step
    at_end = phase is Phase.PROMOTING and step is not None and step.index >= step.count
    pausable = phase in IN_PROGRESS and status.stable is not None and not (at_end or status.returning)
    return Phase.PAUSED if pausable and (status.paused or release.paused) else phase


def underway(status: Status) -> bool:
    """Whether requests may reach another revision than stable: then the accepted spec must not be forgotten."""
    left = (*status.retiring, *((status.previous,) if status.previous else ()))
    named = any(one.unrouted_since is None for one in left)
    return status.stable is not None and (status.candidate is not None or named)


def underlying(release: Release, status: Status) -> Phase:
    """The phase without problems and pauses."""
    if status.candidate is None:
        return Phase.FAILED if status.failed_reason else Phase.IDLE
    if status.failed_reason:
        return Phase.ROLLING_BACK
    if status.step is None:
        return Phase.PREPARING
    if status.step.target >= len(plan(release)):
        return Phase.PROMOTING
    return phase_at(release, status.step.index)


def phase_at(release: Release, index: int) -> Phase:
    """The phase of a release at this step of the plan."""
    steps = plan(release)
    if index >= len(steps):
        return Phase.PROMOTING
    if steps[index].bake:
        return Phase.BAKING
    return Phase.WAITING if steps[index].approval else Phase.PROGRESSING
