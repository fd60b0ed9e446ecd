"""What a provider gives back: rows of plain numbers, or the reason why there are none. Never an exception."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class Row(NamedTuple):
    """One series at one time. The value may be NaN or infinite, as the provider said."""

    labels: Mapping[str, str]
    value: float


class Line(NamedTuple):
    """One series over several times, in order: Unix seconds and the value, NaN and infinities as the provider said."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Measurement:
    """The answer to one query at one time.

    With an ``error`` there are no rows, and nothing is known: that is no evidence, neither good nor bad. No rows and
    no error means that the provider looked and found no such series.
    """

    at: float  # Unix seconds that the query was asked for
    rows: tuple[Row, ...] = ()
    error: str = ""
    warnings: tuple[str, ...] = field(default=())
    skew: float | None = None  # seconds by which the provider's clock is ahead of ours (whole seconds), None if unknown


@dataclass(frozen=True)
class Past:
    """The answer to one query at many times; as a Measurement otherwise. A time without a value is not in a line."""

    lines: tuple[Line, ...] = ()
    error: str = ""


class Provider(Protocol):
    """A source of measurements."""

    async def measure(self, query: str, at: float) -> Measurement:
        """The query's value at ``at`` (Unix seconds). Never raises for what the provider or the network does."""

    async def past(self, query: str, start: float, end: float, step: float) -> Past:
        """The query's values at ``start``, every ``step`` seconds after it, up to ``end``. Never raises either."""
