"""``spec`` itself."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from controller.crd.model import WireModel
from controller.crd.rules import Rule, simple
from controller.crd.wire.gates import Gates
from controller.crd.wire.strategy import Strategy
from controller.crd.wire.traffic import Traffic
from controller.crd.wire.workload import Workload


def _section(raw: Any, *path: str) -> Any:
    for name in path:
        raw = raw.get(name) if isinstance(raw, dict) else None
    return raw


def _judged(raw: Any) -> bool:
    steps = _section(raw, "strategy", "canary", "steps")
    return (
        _section(raw, "gates", "compare", "none") is not True
        or _section(raw, "gates", "limits") is not None
        or _section(raw, "gates", "none") is True
        or (isinstance(steps, list) and any(isinstance(step, dict) and "approval" in step for step in steps))
    )


def _bake_judged(raw: Any) -> bool:
    bake = _section(raw, "strategy", "canary", "bake")
    return (
        not isinstance(bake, dict)
        or bake.get("weight", "100%") not in ("100%", "100.0%")
        or _section(raw, "gates", "limits") is not None
        or _section(raw, "gates", "none") is True
    )


class Spec(WireModel):
    """What to release, where its requests pass, how it moves, and when it may."""

    rules: ClassVar[tuple[Rule, ...]] = (
        simple(
            "!has(self.gates) || !has(self.gates.compare) || !has(self.gates.compare.none) || !self.gates.compare.none"
            " || has(self.gates.limits) || (has(self.gates.none) && self.gates.none)"
            " || self.strategy.canary.steps.exists(step, has(step.approval))",
            "nothing would judge a release; add limits or an approval, compare it, or say gates: {none: true}",
            _judged,
            ".gates",
        ),
        simple(
            "!has(self.strategy.canary.bake) || (has(self.strategy.canary.bake.weight)"
            " && !(self.strategy.canary.bake.weight in ['100%', '100.0%']))"
            " || (has(self.gates) && (has(self.gates.limits) || (has(self.gates.none) && self.gates.none)))",
            "a bake at 100% has nothing to compare with, and there are no limits to judge it; add limits, "
            "or bake at 95%",
            _bake_judged,
            ".gates",
        ),
    )

    replicas: Annotated[int, Field(ge=0, le=100_000)] | None = None
    """Stable's number of replicas; wins over the template's once set. An autoscaler that targets the Release needs a
    first number here."""
    workload: Workload
    """What is released."""
    traffic: Traffic
    """Where its requests pass."""
    strategy: Strategy
    """How a release moves."""
    gates: Gates | None = None
    """When it may move."""
    paused: bool | None = None
    """true: a release in progress holds where it is, and none begins."""
