"""Checks of Events, in the shape of each of their two versions."""

from __future__ import annotations

from typing import Any

from controller.sandbox.api.schema import errors, names
from controller.sandbox.api.schema.checks.common import Errors, Object, complaints, immutable

_DEPRECATED = {
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "source": "deprecatedSource",
}
"""Fields of core/v1 by the names that errors have for them, and as events.k8s.io/v1 calls them."""
_KEPT = {
    "involvedObject": "regarding",
    "reason": "reason",
    "message": "note",
    **_DEPRECATED,
    "type": "type",
    "eventTime": "eventTime",
    "action": "action",
    "related": "related",
    "reportingController": "reportingController",
    "reportingInstance": "reportingInstance",
}
_OBJECT_FIELDS = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_LEAST_SERIES = 2


def core_event(obj: Object, old: Object | None = None) -> Errors:
    """The older rules, which both versions of Events keep."""
    yield from _about(obj, "involvedObject", "reportingComponent", "message")


def new_event(obj: Object, old: Object | None = None) -> Errors:
    """An Event of events.k8s.io: complete when it is made; later only its series changes."""
    yield from _series(obj) if old is not None else ()
    yield from _about(obj, "regarding", "reportingController", "note")
    if old is not None:
        for shown, field in _KEPT.items():
            yield from immutable(_internal(obj, field), _internal(old, field), shown)
        return
    yield from _series(obj)
    if not obj.get("eventTime"):
        yield errors.required("eventTime")
    if obj.get("type") not in ("Normal", "Warning"):
        yield errors.invalid("type", "", f"has invalid value: {obj.get('type', '')}")
    for shown, field in _DEPRECATED.items():
        if obj.get(field):
            yield errors.invalid(shown, "", "needs to be unset")


def _about(obj: Object, regarding: str, controller: str, note: str) -> Errors:
    """Whom it is about and who reports it; the arguments are what this version calls three fields."""
    namespace, about = obj["metadata"].get("namespace", ""), obj.get(regarding, {}).get("namespace", "")
    mismatch = errors.invalid("involvedObject.namespace", about, "does not match event.namespace")
    if not obj.get("eventTime"):
        if (about and about != namespace) or (not about and namespace not in ("", "default")):
            yield mismatch
        return
    if not about and namespace not in ("default", "kube-system"):
        yield mismatch
    reporter = obj.get(controller, "")
    if not reporter:
        yield errors.required(controller)
    yield from complaints(controller, reporter, names.qualified(reporter))
    limits = {"reportingInstance": 128, "action": 128, "reason": 128, note: 1024}
    for field, limit in limits.items():
        shown = "message" if field == note else field
        if not obj.get(field) and field != note:
            yield errors.required(shown)
        if len(obj.get(field, "")) > limit:
            yield errors.invalid(shown, "", f"can have at most {limit} characters")


def _series(obj: Object) -> Errors:
    series = obj.get("series")
    if series is None:
        return
    if series.get("count", 0) < _LEAST_SERIES:
        yield errors.invalid("series.count", "", f"should be at least {_LEAST_SERIES}")
    if not series.get("lastObservedTime"):
        yield errors.required("series.lastObservedTime")


def _internal(obj: Object, field: str) -> Any:
    """A field as the server's internal type shows it, whose structs have Go's names and all of their fields."""
    value = obj.get(field)
    if field == "deprecatedSource":
        value = value or {}
        return errors.Struct(Component=value.get("component", ""), Host=value.get("host", ""))
    if field not in ("regarding", "related") or value is None:
        return value
    go = {"uid": "UID", "apiVersion": "APIVersion"}
    return errors.Struct((go.get(name, name[0].upper() + name[1:]), value.get(name, "")) for name in _OBJECT_FIELDS)
