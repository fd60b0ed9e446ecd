"""Checks of Jobs and CronJobs."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from controller.sandbox.api.schema import errors, names
from controller.sandbox.api.schema.checks import pods
from controller.sandbox.api.schema.checks.common import (
    Errors,
    Object,
    immutable,
    matches,
    nonnegative,
    one_of,
    selector,
)

_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_DAYS = "sun mon tue wed thu fri sat"
_WORDS = dict(zip(_MONTHS.split(), range(1, 13), strict=True)) | dict(zip(_DAYS.split(), range(7), strict=True))
_MACROS = frozenset(("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"))


def job(obj: Object, old: Object | None = None) -> Errors:
    spec = obj["spec"]
    yield from job_spec(spec, "spec")
    chosen = spec.get("selector")
    if chosen is None:
        yield errors.required("spec.selector")
    yield from selector(chosen, "spec.selector")
    labels = spec["template"].get("metadata", {}).get("labels")
    if chosen is not None and not matches(chosen, labels or {}):
        yield errors.invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    if old is not None:
        before = old["spec"]
        if spec.get("completionMode") != "Indexed":
            yield from immutable(spec.get("completions"), before.get("completions"), "spec.completions")
        for field in ("selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "successPolicy"):
            yield from immutable(spec.get(field), before.get(field), f"spec.{field}")
        if not before.get("suspend"):
            yield from immutable(spec.get("template"), before.get("template"), "spec.template")


def job_status(obj: Object, old: Object | None = None) -> Errors:
    yield from nonnegative(obj.get("status", {}), "status", "active", "succeeded", "failed", "ready", "terminating")


def job_spec(spec: Object, path: str) -> Errors:
    """The part of a Job that a CronJob's template has too."""
    yield from nonnegative(
        spec,
        path,
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    )
    mode = spec.get("completionMode", "NonIndexed")
    if mode not in ("NonIndexed", "Indexed"):
        yield errors.not_supported(f"{path}.completionMode", mode, ["NonIndexed", "Indexed"])
    if mode == "Indexed" and "completions" not in spec:
        yield errors.required(f"{path}.completions", "when completion mode is Indexed")
    if mode == "NonIndexed":
        for field in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if field in spec:
                yield errors.invalid(f"{path}.{field}", spec[field], "requires indexed completion mode")
    yield from pods.template(spec.get("template", {}), f"{path}.template")
    policy = spec.get("template", {}).get("spec", {}).get("restartPolicy", "")
    at = f"{path}.template.spec.restartPolicy"
    if policy in ("", "Always"):
        yield errors.required(at, 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        yield errors.not_supported(at, policy, ["OnFailure", "Never"])
    elif "podFailurePolicy" in spec and policy != "Never":
        yield errors.invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified')


def cron_job(obj: Object, old: Object | None = None) -> Errors:
    spec, name = obj["spec"], obj["metadata"].get("name", "")
    if old is None and len(name) > 52:
        yield errors.invalid("metadata.name", name, names.max_length(52))
    schedule = spec.get("schedule", "")
    if not schedule:
        yield errors.required("spec.schedule")
    elif "TZ" in schedule:
        text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        yield errors.invalid("spec.schedule", schedule, text)
    elif complaint := _schedule(schedule):
        yield errors.invalid("spec.schedule", schedule, complaint)
    yield from nonnegative(spec, "spec", "startingDeadlineSeconds")
    yield from _time_zone(spec.get("timeZone"))
    yield from one_of(spec, "concurrencyPolicy", "spec", ("Allow", "Forbid", "Replace"))
    yield from job_spec(spec["jobTemplate"].get("spec", {}), "spec.jobTemplate.spec")
    yield from nonnegative(spec, "spec", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")


def _time_zone(zone: str | None) -> Errors:
    if zone is None:
        return
    if not zone:
        yield errors.invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string")
        return
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        yield errors.invalid("spec.timeZone", zone, f"unknown time zone {zone}")


def _schedule(text: str) -> str:
    """What is wrong with a schedule in cron's form; the words are the robfig/cron parser's where short."""
    if text.startswith("@"):
        if text in _MACROS or re.fullmatch(r"@every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+", text):
            return ""
        return f"unrecognized descriptor: {text}"
    fields = text.split()
    if len(fields) != 5:
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    for field, (low, high) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            if complaint := _range(part, low, high):
                return complaint
    return ""


def _range(part: str, low: int, high: int) -> str:
    span, _, step = part.partition("/")
    if step and (not step.isdigit() or int(step) == 0):
        return (
            f"step of range should be a positive number: {part}"
            if step.isdigit()
            else f"failed to parse int from {step}"
        )
    if span in ("*", "?"):
        return ""
    ends = []
    for end in span.split("-"):
        number = _WORDS.get(end.lower(), int(end) if end.isdigit() else None)
        if number is None:
            return f'failed to parse int from {end}: strconv.Atoi: parsing "{end}": invalid syntax'
        ends.append(number)
    if len(ends) > 2:
        return f"too many hyphens: {part}"
    if ends[0] < low:
        return f"beginning of range ({ends[0]}) below minimum ({low}): {part}"
    if ends[-1] > high:
        return f"end of range ({ends[-1]}) above maximum ({high}): {part}"
    if ends[0] > ends[-1]:
        return f"beginning of range ({ends[0]}) beyond end of range ({ends[-1]}): {part}"
    return ""
