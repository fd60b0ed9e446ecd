"""Tables, as `kubectl get` shows them, and PartialObjectMetadata."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from controller.sandbox.api.content import Form
from controller.sandbox.api.resources import Column, Resource
from controller.sandbox.client import Object


def table(items: Iterable[Object], resource: Resource, form: Form, now: float, metadata: Object) -> Object:
    """``items`` (in the resource's version) as a meta.k8s.io Table; ``now`` in Unix seconds."""
    columns = resource.columns or DEFAULT_COLUMNS
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{form.version}",
        "metadata": metadata,
        "columnDefinitions": [_definition(column) for column in columns],
        "rows": [_row(item, columns, form, now) for item in items],
    }


def partial(item: Object, form: Form) -> Object:
    """The object's metadata alone."""
    version = f"meta.k8s.io/{form.version}"
    return {"kind": "PartialObjectMetadata", "apiVersion": version, "metadata": item["metadata"]}


def _definition(column: Column) -> Object:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description,
        "priority": column.priority,
    }


def _row(item: Object, columns: Iterable[Column], form: Form, now: float) -> Object:
    row: Object = {"cells": [column.read(item, now) for column in columns]}
    if form.include == "Object":
        row["object"] = item
    elif form.include == "Metadata":
        row["object"] = partial(item, form)
    return row


def age(timestamp: str | None, now: float) -> str:
    """How long ago, in kubectl's short form."""
    if not timestamp:
        return "<unknown>"
    return human_duration(now - _seconds(timestamp))


@lru_cache(4096)
def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()


def human_duration(seconds: float) -> str:
    """A duration as k8s.io/apimachinery/pkg/util/duration.HumanDuration words it: 45s, 3m20s, 5h, 2d3h, 1y40d."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    years = days // 365
    return _two(years, "y", days % 365, "d") if years < 8 else f"{years}y"


def _two(first: int, unit: str, second: int, small: str) -> str:
    return f"{first}{unit}{second}{small}" if second else f"{first}{unit}"


_NAME_TEXT = (
    "Name must be unique within a namespace. It is given when the object is created and cannot be changed afterwards."
)
NAME = Column("Name", lambda item, _now: item["metadata"].get("name", ""), format="name", description=_NAME_TEXT)
AGE = Column(
    "Age", lambda item, now: age(item["metadata"].get("creationTimestamp"), now), description="Time since creation."
)
CREATED_AT = Column(
    "Created At",
    lambda item, _now: item["metadata"].get("creationTimestamp"),
    type="date",
    description="When the object was created.",
)
DEFAULT_COLUMNS = (NAME, CREATED_AT)
