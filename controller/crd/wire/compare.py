"""``spec.gates.compare``: the candidate against stable, over the same seconds."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from controller.crd.forms import CHANCE, PERCENT
from controller.crd.model import WireModel
from controller.crd.rules import Rule, simple


class Tolerance(WireModel):
    """The candidate may be at most this much worse than stable: relative times stable's rate, plus absolute."""

    relative: Annotated[float, Field(ge=1, le=100, allow_inf_nan=False)] | None = None
    """A factor, such as 1.1 for a tenth more."""
    absolute: Annotated[str, PERCENT] | None = None
    """A share of requests, such as 0.1%."""


def _alone(raw: Any) -> bool:
    return raw.get("none") is not True or len(raw) == 1


class Compare(WireModel):
    """The comparison of the candidate with stable; on unless none says otherwise."""

    rules: ClassVar[tuple[Rule, ...]] = (
        simple(
            "!has(self.none) || !self.none || "
            "!(has(self.errors) || has(self.latency) || has(self.falseAlarm) || has(self.budget))",
            "none: true switches the comparison off; remove it or the fields beside it",
            _alone,
            ".none",
        ),
    )

    errors: Tolerance | None = None
    """Tolerated errors. Default: relative 1.1, absolute 0.1%."""
    latency: Tolerance | None = None
    """Tolerated slow requests. Default: relative 1.25, absolute 0.25%."""
    false_alarm: Annotated[str, CHANCE] | None = None
    """The chance per release that a version within tolerance is rolled back is at most this. Default: 5%."""
    budget: Annotated[str, CHANCE] | None = None
    """A step may cost at most this share of all requests. Default: 0.2%."""
    none: bool | None = None
    """true: the candidate is not compared with stable; limits and approvals judge alone."""
