"""``spec.gates``: when a release may move."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from controller.core import release as core
from controller.core.release import Fallback
from controller.crd.forms import LABEL, PERCENT, Form, as_duration, duration, refuse, seconds
from controller.crd.model import OneOf, WireModel
from controller.crd.rules import Rule, at_least_one, ordered, simple
from controller.crd.wire.compare import Compare

_QUERY = Form("a PromQL query", r"\S", 4096)
_Number = Annotated[float, Field(allow_inf_nan=False)]


class SuccessRate(WireModel):
    """The share of good answers."""

    min: Annotated[str, PERCENT]
    """The least share, such as 99%."""


class Latency(WireModel):
    """A quantile of the response time."""

    quantile: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
    """Between 0 and 1, such as 0.99."""
    max: Annotated[str, duration("1ms", usual="ms")]
    """The longest time, such as 500ms."""


class RequestRate(WireModel):
    """How much the candidate is asked."""

    min: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """The least requests per second."""


class Prometheus(WireModel):
    """The value of a query of your own."""

    rules: ClassVar[tuple[Rule, ...]] = (at_least_one("min", "max"), ordered("min", "max"))

    query: Annotated[str, _QUERY]
    """PromQL that gives one number; {{ candidate.podRegex }}, {{ interval }} and the like are filled in."""
    min: _Number | None = None
    """The least good value."""
    max: _Number | None = None
    """The greatest good value."""


class Limit(OneOf):
    """One fixed limit: exactly one of successRate, latency, requestRate, prometheus."""

    alternatives: ClassVar[tuple[str, ...]] = ("successRate", "latency", "requestRate", "prometheus")
    goes_with: ClassVar[dict[str, tuple[str, ...]]] = {"minRequests": ("successRate", "latency", "prometheus")}

    name: Annotated[str, LABEL]
    """How status and messages call it."""
    success_rate: SuccessRate | None = None
    """The share of good answers. Requests that clients gave up before any answer count as bad where most are such, else
    not at all."""
    latency: Latency | None = None
    """A quantile of the response time."""
    request_rate: RequestRate | None = None
    """Requests per second; it needs no minRequests."""
    prometheus: Prometheus | None = None
    """A query of your own."""
    min_requests: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    """Fewer requests in a look are not enough evidence. Default: 100, for a query 0."""


def _unique_names(limits: list[Limit]) -> list[Limit]:
    names = [limit.name for limit in limits]
    for name in names:
        if names.count(name) > 1:
            raise refuse(f"two limits are named {name}; rename one")
    return limits


def _none_alone(raw: Any) -> bool:
    return raw.get("none") is not True or not {"limits", "compare"} & set(raw)


class Gates(WireModel):
    """When a release may move: what judges it, and the times around that."""

    rules: ClassVar[tuple[Rule, ...]] = (
        simple(
            "!has(self.none) || !self.none || !(has(self.limits) || has(self.compare))",
            "none: true says that nothing judges the release; remove it, or limits and compare",
            _none_alone,
            ".none",
        ),
    )

    interval: Annotated[str, duration("1s")] | None = None
    """One look; not shorter than the scrape interval. Default: 15s."""
    compare: Compare | None = None
    """The candidate against stable, over the same seconds."""
    limits: (
        Annotated[
            list[Limit],
            Field(
                min_length=1,
                max_length=16,
                json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
            ),
            AfterValidator(_unique_names),
        ]
        | None
    ) = None
    """Fixed limits, each with a minimum sample."""
    failure_limit: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Looks in a row outside a fixed limit before the release is rolled back. Default: 2."""
    on_inconclusive: Annotated[Fallback, Field(strict=False)] | None = None
    """What happens after stepDeadline without enough evidence. Default: hold."""
    step_deadline: Annotated[str, duration("1s")] | None = None
    """How long a step may go without enough evidence. Default: 15m."""
    minimum_step: Annotated[str, duration("0s")] | None = None
    """No step is shorter. Default: 60s."""
    warm_up: Annotated[str, duration("0s")] | None = None
    """After a change of weights neither latency nor good-enough evidence counts for this long. Default: 30s."""
    none: bool | None = None
    """true: nothing judges the release, and that is meant."""

    def problems(self) -> Iterator[tuple[str, str]]:
        defaults = core.Gates()
        deadline = self.step_deadline or as_duration(defaults.step_deadline)
        for field, given, default in (
            ("interval", self.interval, defaults.interval),
            ("minimumStep", self.minimum_step, defaults.minimum_step),
            ("warmUp", self.warm_up, defaults.warm_up),
        ):
            length = given or as_duration(default)
            if seconds(length) > seconds(deadline):
                yield ".stepDeadline", f"it is {deadline}, and {field} alone takes {length}; raise it or lower {field}"
