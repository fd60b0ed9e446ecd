"""Durations: Kubernetes objects carry Go's form (``1m30s``, ``250ms``), Envoy takes seconds (``90s``, ``0.25s``)."""

from __future__ import annotations

import re
from decimal import Decimal

_UNITS = {
    "h": Decimal(3600),
    "m": Decimal(60),
    "s": Decimal(1),
    "ms": Decimal("0.001"),
    "us": Decimal("0.000001"),
    "µs": Decimal("0.000001"),
    "ns": Decimal("0.000000001"),
}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|us|µs|ns|m|s)")


def seconds(text: str) -> Decimal:
    """Seconds of a Go duration. Raises ValueError for anything else."""
    parts = _PART.findall(text)
    if "".join(number + unit for number, unit in parts) != text or not parts:
        raise ValueError(f"{text!r} is not a duration such as 1m30s or 250ms")
    return sum((Decimal(number) * _UNITS[unit] for number, unit in parts), Decimal(0))


def envoy(text: str) -> str:
    """The same duration as Envoy's JSON wants it."""
    return f"{seconds(text).normalize():f}s"
