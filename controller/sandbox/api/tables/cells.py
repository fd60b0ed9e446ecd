"""What several kinds' cells have in common: ages, lists, ports, containers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from controller.sandbox.api.resources import Column
from controller.sandbox.client import Object

NONE = "<none>"
UNKNOWN = "<unknown>"
Cell = Callable[[Object], Any]


def at(item: Any, *path: str) -> Any:
    """The value at a path of names, None where it is absent."""
    for name in path:
        item = item.get(name) if isinstance(item, dict) else None
    return item


def field(*path: str, absent: Any = "") -> Cell:
    """A cell that shows one field."""

    def read(item: Object) -> Any:
        value = at(item, *path)
        return absent if value in (None, "") else value

    return read


def column(name: str, read: Cell, kind: str = "string", *, wide: bool = False) -> Column:
    """A column without a clock; ``wide``: only shown by ``-o wide``."""
    return Column(name, lambda item, _now: read(item), type=kind, priority=int(wide))


def text_list(values: Iterable[Any] | None, absent: str = NONE) -> str:
    return ",".join(str(value) for value in values or ()) or absent


def pairs(mapping: Object | None) -> str:
    """Labels as kubectl shows them: ``a=b,c=d``."""
    return text_list(f"{key}={value}" for key, value in sorted((mapping or {}).items()))


def containers(*path: str) -> tuple[Column, Column]:
    """The wide columns of a pod template's containers and images."""

    def of(item: Object, name: str) -> str:
        return ",".join(str(entry.get(name, "")) for entry in at(item, *path, "containers") or [])

    return (
        column("Containers", lambda item: of(item, "name"), wide=True),
        column("Images", lambda item: of(item, "image"), wide=True),
    )


@lru_cache(4096)
def seconds(timestamp: str) -> float:
    """A timestamp of the API in Unix seconds."""
    return datetime.fromisoformat(timestamp).timestamp()


def age(timestamp: str | None, now: float) -> str:
    """How long ago, in kubectl's short form."""
    return human_duration(now - seconds(timestamp)) if timestamp else UNKNOWN


def human_duration(duration: float) -> str:
    """A duration as k8s.io/apimachinery/pkg/util/duration.HumanDuration words it: 45s, 3m20s, 5h, 2d3h, 1y40d."""
    whole = int(duration)
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    minutes, hours, days, years = whole // 60, whole // 3600, whole // 86400, whole // 86400 // 365
    steps = (
        (whole < 120, whole, "s", 0, ""),
        (minutes < 10, minutes, "m", whole % 60, "s"),
        (minutes < 180, minutes, "m", 0, ""),
        (hours < 8, hours, "h", minutes % 60, "m"),
        (hours < 48, hours, "h", 0, ""),
        (days < 8, days, "d", hours % 24, "h"),
        (days < 730, days, "d", 0, ""),
        (years < 8, years, "y", days % 365, "d"),
        (True, years, "y", 0, ""),
    )
    first, unit, second, small = next(step[1:] for step in steps if step[0])
    return f"{first}{unit}{second}{small}" if second else f"{first}{unit}"


NAME = Column("Name", lambda item, _now: item["metadata"].get("name", ""), format="name")
AGE = Column("Age", lambda item, now: age(item["metadata"].get("creationTimestamp"), now))
CREATED_AT = Column("Created At", lambda item, _now: item["metadata"].get("creationTimestamp"), type="date")
