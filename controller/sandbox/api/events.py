"""Events have two shapes, core/v1 and events.k8s.io/v1, of the same stored object (the core one).

The pairs of fields are those of Kubernetes' conversion in pkg/apis/events/v1.
"""

from __future__ import annotations

from controller.sandbox.client import Object

_PAIRS = (  # core, events.k8s.io
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
)


def core_event(item: Object) -> Object:
    """An events.k8s.io/v1 Event as a core one."""
    found = _renamed(item, {new: core for core, new in _PAIRS}, "v1")
    return {"firstTimestamp": None, "lastTimestamp": None, "eventTime": None, **found}


def new_event(item: Object) -> Object:
    """A core Event as one of events.k8s.io/v1."""
    found = _renamed(item, dict(_PAIRS), "events.k8s.io/v1")
    return {name: value for name, value in found.items() if value != ""}


def _renamed(item: Object, names: dict[str, str], api_version: str) -> Object:
    if item.get("apiVersion") == api_version:
        return item
    return {names.get(name, name): value for name, value in item.items()} | {"apiVersion": api_version}
