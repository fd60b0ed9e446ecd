"""Where requests are wanted, looked up in the plan by the step's number: never computed from observed weights."""

from __future__ import annotations

from controller.core.decide.phases import STEPPING
from controller.core.decide.standing import standing
from controller.core.plan import plan
from controller.core.release import Release
from controller.core.status import Phase, Status
from controller.core.traffic import WHOLE, Testers, Traffic, Weights


def share(release: Release, index: int) -> int:
    """The candidate's share at a step in per mille; everything after the last step."""
    steps = plan(release)
    return steps[index].weight if index < len(steps) else WHOLE


def wanted_traffic(release: Release, status: Status) -> Traffic | None:
    """The traffic that a status asks for, held or not; None while there is nothing of ours that routes could name."""
    stable, candidate = status.stable, status.candidate
    stepping = standing(release, status) in STEPPING | {Phase.PROMOTING}
    moving = candidate is not None and status.step is not None and stepping
    if stable is None:
        return Traffic(Weights.all_to(candidate.name)) if candidate and moving else None
    if not (moving and candidate and status.step):
        return Traffic(Weights.all_to(stable.name))
    matches = release.strategy.testers
    return Traffic(
        Weights.split(stable.name, candidate.name, share(release, status.step.index)),
        Testers(candidate.name, matches) if matches else None,
    )
