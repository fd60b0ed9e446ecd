"""``spec.strategy``: how a release moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from controller.core.release import Fallback
from controller.crd.forms import GROUP, SHARE, WEIGHT, Form, duration, per_mille
from controller.crd.model import OneOf, WireModel
from controller.crd.re2 import refused_regex
from controller.crd.rules import Rule, at_least_one, listed, needs, simple
from controller.crd.wire.lists import at_most

_HEADER_NAME = r"^[a-z0-9!#$%&'*+.^_`|~-]{1,256}$"
_IGNORED_BY_ISTIO = ("authority", "method", "scheme", "uri")
_TEXT = Form("the text to compare with", r"^[^\x00-\x1f\x7f]+$", 256)
_REGEX = Form("a regular expression in RE2's syntax", r"^[^\x00-\x1f\x7f]+$", 1024, refused=refused_regex)


class ValueMatch(OneOf):
    """How a value is compared: exactly one of these."""

    alternatives: ClassVar[tuple[str, ...]] = ("exact", "prefix", "regex", "present")

    exact: Annotated[str, _TEXT] | None = None
    """The whole value."""
    prefix: Annotated[str, _TEXT] | None = None
    """What the value begins with."""
    regex: Annotated[str, _REGEX] | None = None
    """A regular expression (RE2) for the whole value."""
    present: Literal[True] | None = None
    """true: it is there, with any value."""


def _bad_header(name: object) -> str | None:
    form = Form("", _HEADER_NAME, 256)
    if name in _IGNORED_BY_ISTIO:
        return f"Istio ignores a header named {name}, so everybody would be a tester; use another header"
    if isinstance(name, str) and name != name.lower():
        return f"Istio matches header names in lower case only; write {name.lower()}"
    try:
        form.check(name)
    except ValueError:
        return f"{name!r} is no name of a header; write one such as x-canary"
    return None


def _judge_headers(raw: Any) -> str | None:
    headers = raw.get("headers")
    faults = [_bad_header(name) for name in headers] if isinstance(headers, dict) else []
    return next((fault for fault in faults if fault), None)


def _judge_params(raw: Any) -> str | None:
    params = raw.get("queryParams")
    if isinstance(params, dict) and not all(isinstance(name, str) and 1 <= len(name) <= 256 for name in params):
        return "a query parameter needs a name of 1 to 256 characters; write it before the colon"
    return None


class TesterMatch(WireModel):
    """One alternative that marks a tester's request; all of its conditions hold together."""

    rules: ClassVar[tuple[Rule, ...]] = (
        at_least_one("headers", "queryParams"),
        Rule(
            rf"!has(self.headers) || self.headers.all(name, name.matches(r'''{_HEADER_NAME}''') && "
            f"!(name in {list(_IGNORED_BY_ISTIO)}))",
            "header names are lower case, and none of authority, method, scheme, uri, which Istio ignores",
            _judge_headers,
            ".headers",
        ),
        Rule(
            "!has(self.queryParams) || self.queryParams.all(name, name.size() >= 1 && name.size() <= 256)",
            "the names of query parameters have 1 to 256 characters",
            _judge_params,
            ".queryParams",
        ),
    )

    headers: Annotated[dict[str, ValueMatch], at_most(8)] | None = None
    """Conditions by the name of the header, in lower case; a cookie is a regex on the header cookie."""
    query_params: Annotated[dict[str, ValueMatch], at_most(8)] | None = None
    """Conditions by the name of the query parameter."""


class Ramp(WireModel):
    """A row of equal strides from the weight before it."""

    to: Annotated[str, SHARE]
    """The weight at the end."""
    by: Annotated[str, SHARE]
    """The size of a stride, up or down; the way divides into it without rest."""
    every: Annotated[str, duration("1s")]
    """The least time on each stride."""


class Step(OneOf):
    """One step: a weight, a ramp of weights, or somebody's approval."""

    alternatives: ClassVar[tuple[str, ...]] = ("weight", "ramp", "approval")
    goes_with: ClassVar[dict[str, tuple[str, ...]]] = {"for": ("weight",), "timeout": ("approval",)}
    rules: ClassVar[tuple[Rule, ...]] = (needs("onTimeout", "timeout"),)

    weight: Annotated[str, WEIGHT] | None = None
    """The candidate's share of requests; 0% reaches it with testers only."""
    for_: Annotated[str, duration("0s")] | None = Field(default=None, alias="for")
    """The least time on this weight. Default: as long as the gates take."""
    ramp: Ramp | None = None
    """Weights in equal strides."""
    approval: Annotated[str, GROUP] | None = None
    """The group that has to approve before the release goes on; traffic stays meanwhile."""
    timeout: Annotated[str, duration("1s")] | None = None
    """How long to wait for the approval. Default: for ever."""
    on_timeout: Annotated[Fallback, Field(strict=False)] | None = None
    """What happens then. Default: rollback."""


class Bake(WireModel):
    """A time of proof after the switch: the old revision stands by, and requests go back to it if anything fails."""

    weight: Annotated[str, SHARE] | None = None
    """The candidate's share of requests. At 100% there is nothing to compare with, and only limits judge; at 95% or
    less the comparison goes on. Default: 100%."""
    for_: Annotated[str, duration("1s")] = Field(alias="for")
    """The least time on this weight, before the candidate is promoted."""


def _testers_at_zero(raw: Any) -> bool:
    steps = raw.get("steps")
    weights = [step.get("weight") for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    return "testers" in raw or not {"0%", "0.0%"} & {weight for weight in weights if isinstance(weight, str)}


class Canary(WireModel):
    """Weights in steps, each gated; testers reach the candidate at every weight."""

    rules: ClassVar[tuple[Rule, ...]] = (
        simple(
            "has(self.testers) || self.steps.all(step, !has(step.weight) || !(step.weight in ['0%', '0.0%']))",
            "at a weight of 0% only testers reach the candidate, and there are none; add testers or raise the weight",
            _testers_at_zero,
            ".steps",
        ),
    )

    testers: Annotated[list[TesterMatch], at_most(8)] | None = None
    """A request that meets any one of these always reaches the candidate while a release is in progress."""
    steps: Annotated[list[Step], at_most(64)]
    """The steps, in order; after the last one, and the bake, the candidate is promoted."""
    bake: Bake | None = None
    """After the steps: all requests, or nearly all, go to the candidate for a while before it is promoted."""

    def problems(self) -> Iterator[tuple[str, str]]:
        before = 0
        for index, step in enumerate(self.steps):
            if step.weight is not None:
                before = per_mille(step.weight)
            elif step.ramp is not None:
                sentence = _ramp_fault(before, per_mille(step.ramp.to), per_mille(step.ramp.by))
                if sentence:
                    yield f".steps[{index}].ramp", sentence
                before = per_mille(step.ramp.to)
        if self.bake is not None and self.bake.weight is not None and per_mille(self.bake.weight) < before:
            share = f"{before / 10:g}%"
            yield ".bake.weight", f"it is {self.bake.weight}, and the step before has {share}; write at least {share}"


def _ramp_fault(start: int, end: int, by: int) -> str | None:
    """Why a ramp between these weights (per mille) in strides of ``by`` is none, None if it is one."""
    way = abs(end - start)
    if not way:
        return f"it goes from {start / 10:g}% to {end / 10:g}% and does not move; remove it or change to"
    if way % by == 0:
        return None
    fitting = [stride for stride in range(1, way + 1) if way % stride == 0]
    nearest = sorted(
        {max((s for s in fitting if s < by), default=way), min((s for s in fitting if s > by), default=way)}
    )
    words = listed([f"{stride / 10:g}%" for stride in nearest], "or")
    return (
        f"the way from {start / 10:g}% to {end / 10:g}% does not divide into strides of {by / 10:g}%; write by: {words}"
    )


class Strategy(OneOf):
    """How a release moves: exactly one strategy."""

    alternatives: ClassVar[tuple[str, ...]] = ("canary",)

    canary: Canary
    """A growing share of requests, in gated steps."""
