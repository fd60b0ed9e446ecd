"""The columns of what makes pods: deployments, sets, jobs, autoscalers, disruption budgets."""

from __future__ import annotations

from typing import Any

from controller.sandbox.api.resources import Column
from controller.sandbox.api.selectors import format_selector
from controller.sandbox.api.tables.cells import (
    AGE,
    NAME,
    NONE,
    UNKNOWN,
    age,
    at,
    column,
    containers,
    field,
    human_duration,
    pairs,
    seconds,
)
from controller.sandbox.client import Object

_TEMPLATE = containers("spec", "template", "spec")
_CRON_TEMPLATE = containers("spec", "jobTemplate", "spec", "template", "spec")
_MORE_METRICS_THAN = 2


def _number(*path: str) -> Any:
    return field(*path, absent=0)


def _selector(item: Object) -> str:
    return format_selector(at(item, "spec", "selector")) or NONE


_SELECTOR = column("Selector", _selector, wide=True)


def _ready(item: Object) -> str:
    return f"{at(item, 'status', 'readyReplicas') or 0}/{at(item, 'spec', 'replicas') or 0}"


def deployment_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("Ready", _ready),
        column("Up-to-date", _number("status", "updatedReplicas")),
        column("Available", _number("status", "availableReplicas")),
        AGE,
        *_TEMPLATE,
        _SELECTOR,
    )


def replicaset_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("Desired", _number("spec", "replicas"), "integer"),
        column("Current", _number("status", "replicas"), "integer"),
        column("Ready", _number("status", "readyReplicas"), "integer"),
        AGE,
        *_TEMPLATE,
        _SELECTOR,
    )


def statefulset_columns() -> tuple[Column, ...]:
    return (NAME, column("Ready", _ready), AGE, *_TEMPLATE)


def daemonset_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("Desired", _number("status", "desiredNumberScheduled"), "integer"),
        column("Current", _number("status", "currentNumberScheduled"), "integer"),
        column("Ready", _number("status", "numberReady"), "integer"),
        column("Up-to-date", _number("status", "updatedNumberScheduled"), "integer"),
        column("Available", _number("status", "numberAvailable"), "integer"),
        column("Node Selector", lambda item: pairs(at(item, "spec", "template", "spec", "nodeSelector"))),
        AGE,
        *_TEMPLATE,
        _SELECTOR,
    )


def job_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("Status", _job_status),
        column("Completions", _completions),
        Column("Duration", _duration),
        AGE,
        *_TEMPLATE,
        _SELECTOR,
    )


def _job_status(job: Object) -> str:
    listed = at(job, "status", "conditions") or []
    true = {entry["type"] for entry in listed if entry.get("status") == "True"}
    for word in ("Complete", "Failed"):
        if word in true:
            return word
    if at(job, "metadata", "deletionTimestamp"):
        return "Terminating"
    return next((word for word in ("Suspended", "FailureTarget", "SuccessCriteriaMet") if word in true), "Running")


def _completions(job: Object) -> str:
    done, wanted = at(job, "status", "succeeded") or 0, at(job, "spec", "completions")
    if wanted is not None:
        return f"{done}/{wanted}"
    parallel = at(job, "spec", "parallelism") or 0
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def _duration(job: Object, now: float) -> str:
    start, end = at(job, "status", "startTime"), at(job, "status", "completionTime")
    if not start:
        return ""
    return human_duration((seconds(end) if end else now) - seconds(start))


def cronjob_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("Schedule", field("spec", "schedule")),
        column("Timezone", field("spec", "timeZone", absent=NONE)),
        column("Suspend", _suspend, "boolean"),
        column("Active", lambda item: len(at(item, "status", "active") or []), "integer"),
        Column("Last Schedule", _last_schedule),
        AGE,
        *_CRON_TEMPLATE,
        column(
            "Selector",
            lambda item: format_selector(at(item, "spec", "jobTemplate", "spec", "selector")) or NONE,
            wide=True,
        ),
    )


def _suspend(item: Object) -> str:
    value = at(item, "spec", "suspend")
    return "<unset>" if value is None else str(bool(value))


def _last_schedule(item: Object, now: float) -> str:
    last = at(item, "status", "lastScheduleTime")
    return age(last, now) if last else NONE


def hpa_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("Reference", _reference),
        column("Targets", _targets),
        column("MinPods", lambda item: str(_present(at(item, "spec", "minReplicas"), "<unset>"))),
        column("MaxPods", _number("spec", "maxReplicas")),
        column("Replicas", _number("status", "currentReplicas")),
        AGE,
    )


def _reference(hpa: Object) -> str:
    target = at(hpa, "spec", "scaleTargetRef") or {}
    return f"{target.get('kind', '')}/{target.get('name', '')}"


def _targets(hpa: Object) -> str:
    wanted = at(hpa, "spec", "metrics") or []
    if not wanted:
        return NONE
    current = at(hpa, "status", "currentMetrics") or []
    shown = [_metric(spec, current[i] if i < len(current) else {}) for i, spec in enumerate(wanted)]
    if len(shown) <= _MORE_METRICS_THAN:
        return ", ".join(shown)
    return f"{', '.join(shown[:_MORE_METRICS_THAN])} + {len(shown) - _MORE_METRICS_THAN} more..."


def _metric(spec: Object, status: Object) -> str:
    kind = spec.get("type", "")
    part = kind[:1].lower() + kind[1:]
    wanted, found = at(spec, part, "target") or {}, at(status, part, "current") or {}
    name = f"{at(spec, part, 'name')}: " if kind in ("Resource", "ContainerResource") else ""
    if wanted.get("averageUtilization") is not None or (name and not wanted.get("averageValue")):
        now = found.get("averageUtilization")
        target = f"{wanted['averageUtilization']}%" if wanted.get("averageUtilization") is not None else "<auto>"
        return f"{name}{UNKNOWN if now is None else f'{now}%'}/{target}"
    if wanted.get("averageValue") is not None:
        average = "" if name or kind == "Pods" else " (avg)"
        return f"{name}{_present(found.get('averageValue'), UNKNOWN)}/{wanted['averageValue']}{average}"
    return f"{_present(found.get('value'), UNKNOWN)}/{wanted.get('value', '')}"


def _present(value: Any, absent: Any) -> Any:
    return absent if value is None else value


def pdb_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("Min Available", lambda item: str(_present(at(item, "spec", "minAvailable"), "N/A"))),
        column("Max Unavailable", lambda item: str(_present(at(item, "spec", "maxUnavailable"), "N/A"))),
        column("Allowed Disruptions", _number("status", "disruptionsAllowed"), "integer"),
        AGE,
    )
