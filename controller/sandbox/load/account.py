"""The account as it is read: what every answer was, exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

# Upper bounds in milliseconds, inclusive, of Istio's istio_request_duration_milliseconds (Envoy's own defaults).
BUCKETS_MS = (
    *(0.5, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0),
    *(30_000.0, 60_000.0, 300_000.0, 600_000.0, 1_800_000.0, 3_600_000.0),
)


@dataclass(frozen=True)
class Tally:
    """All answers of one sort.

    ``version`` is the header x-demo-version, "" without one. ``code`` is the HTTP status; 0: no (whole) answer, and
    ``reason`` says why. With a status, ``reason`` holds the proxy's flags (names of x-envoy- headers), usually "".
    ``first`` and ``last`` are Unix times of their ends, in seconds; ``seconds`` is the sum of their latencies, from
    sending to the end of the answer. ``buckets`` count latencies by :data:`BUCKETS_MS`, each by itself; the last one
    counts what lies beyond them.
    """

    group: str
    version: str
    code: int
    reason: str
    count: int
    first: float
    last: float
    seconds: float
    buckets: tuple[int, ...]


@dataclass(frozen=True)
class Failure:
    """One answer without x-demo-version, or none; ``number`` counts them from 1, ``time`` is a Unix time."""

    number: int
    time: float
    group: str
    version: str
    code: int
    reason: str
    seconds: float


@dataclass(frozen=True)
class Traffic:
    """What a group did with the requests that became due: ``sent`` or ``skipped`` (too many outstanding).

    ``retried`` of the sent ones were sent a second time (see connection.py); they count once. ``outstanding`` have no
    answer yet. ``late`` is the most seconds by which one was sent after its time.
    """

    sent: int
    skipped: int
    retried: int
    outstanding: int
    late: float


@dataclass(frozen=True)
class Account:
    """Everything since a mark, or since the start. Times are Unix times in seconds.

    ``failures`` are the last ones only; ``lost_failures`` earlier ones were counted, but are no longer listed.
    """

    since: float
    until: float
    tallies: tuple[Tally, ...]
    failures: tuple[Failure, ...]
    lost_failures: int
    traffic: Mapping[str, Traffic]

    @classmethod
    def from_json(cls, data: Any) -> Self:
        return cls(
            since=data["since"],
            until=data["until"],
            tallies=tuple(Tally(**{**tally, "buckets": tuple(tally["buckets"])}) for tally in data["tallies"]),
            failures=tuple(Failure(**failure) for failure in data["failures"]),
            lost_failures=data["lost_failures"],
            traffic={name: Traffic(**traffic) for name, traffic in data["traffic"].items()},
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def select(
        self, *, group: str | None = None, version: str | None = None, code: int | None = None
    ) -> Iterator[Tally]:
        """The tallies with these values; None is any."""
        for tally in self.tallies:
            wanted = ((group, tally.group), (version, tally.version), (code, tally.code))
            if all(value is None or value == found for value, found in wanted):
                yield tally

    def count(self, *, group: str | None = None, version: str | None = None, code: int | None = None) -> int:
        """How many answers (and ends without one) had these values."""
        return sum(tally.count for tally in self.select(group=group, version=version, code=code))

    def versions(self, *, group: str | None = None) -> dict[str, int]:
        """Answers by version."""
        result: dict[str, int] = {}
        for tally in self.select(group=group):
            result[tally.version] = result.get(tally.version, 0) + tally.count
        return result

    def codes(self, *, group: str | None = None) -> dict[int, int]:
        """Answers by status; 0 is no answer."""
        result: dict[int, int] = {}
        for tally in self.select(group=group):
            result[tally.code] = result.get(tally.code, 0) + tally.count
        return result
