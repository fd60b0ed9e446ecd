"""A strategy -> a tuple of Steps. The strategies differ in this file and nowhere else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from controller.core.release import ApprovalStep, Canary, Capacity, RampStep, Release, WeightStep
from controller.core.traffic import WHOLE

_FULL_CAPACITY_ABOVE = 500
"""Per mille: above this share the candidate has as many replicas as stable, whatever its share."""


@dataclass(frozen=True, slots=True)
class Step:
    """One place where a release stands still until it may move.

    ``weight`` is the candidate's share in per mille, ``duration`` the least time in seconds from the moment the share
    is in effect, ``label`` what people read. With an ``approval`` it waits for a person as well. ``bake``: it comes
    after the switch, and has the old revision stand by with all of its pods.
    """

    weight: int
    duration: float
    label: str
    approval: ApprovalStep | None = None
    bake: bool = False


def plan(release: Release) -> tuple[Step, ...]:
    """Every step of the release in order. The switch of everything to the candidate comes after the last one."""
    return _canary(release.strategy, release.gates.minimum_step)


@lru_cache(maxsize=1024)
def _canary(canary: Canary, minimum: float) -> tuple[Step, ...]:
    steps: list[Step] = []
    weight = 0
    for step in canary.steps:
        match step:
            case WeightStep():
                weight = step.weight
                steps.append(Step(weight, max(step.duration, minimum), percent(weight)))
            case RampStep():
                for stride in step.weights(weight):
                    steps.append(Step(stride, max(step.every, minimum), f"{percent(stride)} of ramp"))
                weight = step.to
            case ApprovalStep():
                # Waiting for a person takes as long as it takes: no least time on top.
                steps.append(Step(weight, 0.0, f"approval by {step.group} at {percent(weight)}", step))
    if canary.bake:
        bake = canary.bake
        steps.append(Step(bake.weight, max(bake.duration, minimum), f"bake at {percent(bake.weight)}", bake=True))
    return tuple(steps)


def percent(share: int) -> str:
    """A share in per mille as people write it: 5 -> "0.5%", 50 -> "5%"."""
    return f"{share // 10}%" if share % 10 == 0 else f"{share / 10:.1f}%"


def replicas_for(share: int, stable: int, capacity: Capacity) -> int:
    """Pods that the candidate needs before it may get ``share`` per mille, beside ``stable`` pods of the stable one."""
    if share > _FULL_CAPACITY_ABOVE or capacity is Capacity.FULL:
        return max(1, stable)
    return max(1, math.ceil(share * stable / WHOLE))
