"""What is valid and hardly meant: of one Release, by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from controller.cli.lint.findings import Advice, Severity
from controller.core.plan import percent
from controller.core.release import (
    ApprovalStep,
    Fallback,
    Limit,
    PrometheusLimit,
    RampStep,
    Release,
    RequestRateLimit,
    SuccessRateLimit,
    WeightStep,
)
from controller.core.traffic import WHOLE
from controller.crd import COMMAND

_STEPS = "spec.strategy.canary.steps"
_MOST_TOLERANCE = 0.2
"""Above this share of bad requests more than stable's a comparison finds outages only."""


def advice(release: Release, annotations: Mapping[str, str]) -> Iterator[Advice]:
    """Everything worth saying, in the order of the fields."""
    if COMMAND in annotations:
        yield (
            Severity.WARNING,
            f"metadata.annotations.{COMMAND}",
            "a command in a file is given again whenever the file is applied; take it out and annotate by hand",
        )
    yield from _order(release)
    yield from _times(release)
    yield from _approvals(release)
    yield from _judges(release)
    if release.paused:
        yield Severity.HINT, "spec.paused", "no release begins until it is false"


def _order(release: Release) -> Iterator[Advice]:
    before, last = 0, None
    for number, step in enumerate(release.strategy.steps):
        field = f"{_STEPS}[{number}]"
        if isinstance(step, WeightStep):
            if step.weight < before:
                text = f"the weight falls from {percent(before)} to {percent(step.weight)}"
                yield Severity.WARNING, f"{field}.weight", f"{text}; put the steps in rising order, if it is not meant"
            elif isinstance(last, WeightStep | RampStep) and step.weight == before:
                text = f"the step before it is at {percent(before)} already; make that one longer and remove this"
                yield Severity.WARNING, f"{field}.weight", text
            before = step.weight
        elif isinstance(step, RampStep):
            if step.to < before:
                text = f"the ramp goes down, from {percent(before)} to {percent(step.to)}"
                yield Severity.WARNING, f"{field}.ramp.to", f"{text}; name a higher weight, if it is not meant"
            before = step.to
        elif isinstance(last, ApprovalStep):
            text = "a second approval follows with nothing between; put the step between that it is to judge"
            yield Severity.HINT, f"{field}.approval", text
        last = step


def _times(release: Release) -> Iterator[Advice]:
    gates = release.gates
    for number, step in enumerate(release.strategy.steps):
        if isinstance(step, WeightStep):
            field, length = f"{_STEPS}[{number}].for", step.duration
        elif isinstance(step, RampStep):
            field, length = f"{_STEPS}[{number}].ramp.every", step.every
        else:
            continue
        if 0 < length < gates.minimum_step:
            text = f"it is {length:g}s, and no step is shorter than gates.minimumStep ({gates.minimum_step:g}s)"
            yield Severity.WARNING, field, f"{text}: make it longer, or lower minimumStep"
        if length > gates.step_deadline and gates.judged:
            text = f"it is {length:g}s, longer than gates.stepDeadline ({gates.step_deadline:g}s)"
            what = f"{gates.on_inconclusive} applies at once when the time is over without evidence"
            yield Severity.WARNING, field, f"{text}, so that onInconclusive: {what}; raise stepDeadline above it"


def _approvals(release: Release) -> Iterator[Advice]:
    for number, step in enumerate(release.strategy.steps):
        if not isinstance(step, ApprovalStep):
            continue
        field = f"{_STEPS}[{number}].approval"
        if step.timeout is None:
            yield Severity.HINT, field, "without a timeout it waits for ever; add timeout: 24h, if that is not meant"
        elif step.on_timeout is Fallback.PROMOTE:
            yield Severity.HINT, field, "onTimeout: promote goes on without anybody's word; rollback is the safe choice"


def _judges(release: Release) -> Iterator[Advice]:
    gates, steps = release.gates, release.strategy.steps
    weights = [step.weight for step in steps if isinstance(step, WeightStep)]
    weights += [step.to for step in steps if isinstance(step, RampStep)]
    approved = any(isinstance(step, ApprovalStep) for step in steps)
    if not weights:
        text = "there are approvals only, so that everything goes to the candidate at once; add a weight before them"
        yield Severity.WARNING, _STEPS, text
    elif gates.compare is not None and not any(0 < weight < WHOLE for weight in weights):
        rest = "" if gates.limits or approved else ", and nothing else judges the release"
        text = f"no step divides the requests, so that the comparison has nothing to compare{rest}"
        yield Severity.WARNING, _STEPS, f"{text}; add a step between 0% and 100%"
    if gates.compare is not None:
        for name, tolerance in (("errors", gates.compare.errors), ("latency", gates.compare.latency)):
            if tolerance.absolute >= _MOST_TOLERANCE:
                text = f"{tolerance.absolute:.0%} of all requests may be bad beyond stable's before this says anything"
                yield Severity.WARNING, f"spec.gates.compare.{name}.absolute", f"{text}; write a smaller share"
    for number, limit in enumerate(gates.limits):
        field = f"spec.gates.limits[{number}]"
        if idle := _judges_nothing(limit):
            below, sentence = idle
            yield Severity.WARNING, f"{field}.{below}", sentence
        if isinstance(limit.check, PrometheusLimit) and not _of_one_arm(limit.check.query):
            text = "it names neither candidate nor stable, so that it may say the same whatever the candidate does"
            yield Severity.HINT, f"{field}.prometheus.query", f"{text}; use {{{{ candidate.podRegex }}}}"


def _judges_nothing(limit: Limit) -> tuple[str, str] | None:
    """The field of a limit that everything meets, and why."""
    match limit.check:
        case SuccessRateLimit(minimum) if minimum <= 0:
            return "successRate.min", "every version succeeds in at least 0%; write a higher share"
        case RequestRateLimit(minimum) if minimum <= 0:
            return "requestRate.min", "every version answers at least 0 requests per second; write a higher rate"
    return None


def _of_one_arm(query: str) -> bool:
    return "candidate" in query or "stable" in query
