"""Istio's standard metrics -> the counts of one look, for any number of workloads in one query each.

Counters are differenced per series, inside the query, and come back summed. Unlike ``increase()`` this keeps the first
value of a new series, which is a canary's first 503. A series whose target could not be scraped one look ago is no new
one: its whole history would come back as one look's. https://istio.io/latest/docs/reference/config/metrics/
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf, isfinite

from controller.core.observed import Counts
from controller.providers.measurement import Provider, Row

REQUESTS = "istio_requests_total"
BUCKETS = "istio_request_duration_milliseconds_bucket"
_MOST = 200
"""Workloads in one query, so that it stays below the length that Prometheus parses quickly."""
_GATHER = 0.02
"""Seconds to wait for other releases that ask for the same look."""

_LABELS = (
    "reporter, destination_workload, destination_workload_namespace, request_protocol, "
    "response_code, response_flags, grpc_response_status"
)
_LE = "reporter, destination_workload, destination_workload_namespace, le"
_GRPC_ERRORS = frozenset({"2", "4", "12", "13", "14", "15"})
_CLIENT_LEFT = frozenset({"DC", "DR", "DPE"})
"""Response flags of requests that the client itself gave up or broke."""


@dataclass(frozen=True, slots=True, order=True)
class Workload:
    """What the mesh's metrics call a Deployment."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the mesh counted in one look. ``counts`` has an entry for each workload asked for.

    ``missing`` and ``latency_missing`` say why there is nothing, as in core.observed.Look.
    """

    counts: Mapping[Workload, Counts] = field(default_factory=dict)
    missing: str = ""
    latency_missing: str = ""


class MeshMetrics:
    """Looks at the mesh's metrics; releases that ask for the same seconds share the queries."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._open: dict[tuple[float, float], tuple[set[Workload], asyncio.Task[Traffic]]] = {}

    async def look(self, workloads: Iterable[Workload], end: float, duration: float) -> Traffic:
        """What these workloads did in the ``duration`` seconds before ``end`` (epoch seconds). Raises nothing."""
        wanted = set(workloads)
        key = (end, duration)
        if key not in self._open:
            names: set[Workload] = set()
            self._open[key] = (names, asyncio.create_task(self._gather(key, names), name=f"look {end:.0f}"))
        names, task = self._open[key]
        names |= wanted
        # One release that goes away must not take the answer from the others.
        whole = await asyncio.shield(task)
        counts = {one: whole.counts.get(one, Counts()) for one in wanted}
        return Traffic(counts, whole.missing, whole.latency_missing)

    async def _gather(self, key: tuple[float, float], names: set[Workload]) -> Traffic:
        await asyncio.sleep(_GATHER)
        del self._open[key]
        end, duration = key
        ordered = sorted(names)
        parts = [ordered[at : at + _MOST] for at in range(0, len(ordered), _MOST)]
        answers = await asyncio.gather(*(self._ask(part, end, duration) for part in parts))
        counts: dict[Workload, Counts] = {}
        for answer in answers:
            counts.update(answer.counts)
        return Traffic(
            counts,
            next((answer.missing for answer in answers if answer.missing), ""),
            next((answer.latency_missing for answer in answers if answer.latency_missing), ""),
        )

    async def _ask(self, workloads: list[Workload], end: float, duration: float) -> Traffic:
        requests, buckets = await asyncio.gather(
            self._provider.measure(increase(REQUESTS, _LABELS, workloads, duration), end),
            self._provider.measure(increase(BUCKETS, _LE, workloads, duration), end),
        )
        if requests.error:
            return Traffic(missing=requests.error)
        missing = buckets.error or _no_infinity(buckets.rows)
        return Traffic(_counts(workloads, requests.rows, () if missing else buckets.rows), latency_missing=missing)


def increase(metric: str, by: str, workloads: Iterable[Workload], duration: float) -> str:
    """PromQL: how much each series of these workloads grew in ``duration`` seconds, summed ``by`` these labels."""
    names = sorted({one.name for one in workloads})
    namespaces = sorted({one.namespace for one in workloads})
    chosen = f'{{destination_workload=~"{_any(names)}", destination_workload_namespace=~"{_any(namespaces)}"}}'
    now = f"{metric}{chosen}"
    before = f"{metric}{chosen} offset {round(duration * 1000)}ms"
    unscraped = f"(up offset {round(duration * 1000)}ms == 0)"
    return (
        f"sum by ({by}) (({now} - {before} >= 0) or ({now} and {now} < {before}) "
        f"or (({now} unless {before}) unless on (job, instance) {unscraped}))"
    )


def _any(names: list[str]) -> str:
    """A regular expression, escaped for a PromQL string."""
    return "|".join(re.escape(name).replace("\\", "\\\\") for name in names)


def is_error(labels: Mapping[str, str]) -> bool:
    """Whether a request with these labels failed for its user, by no doing of the user's own.

    gRPC: by its status (unknown, deadline exceeded, unimplemented, internal, unavailable, data loss), or without one
    by an HTTP code other than 200. HTTP: 5xx, or no response at all unless the client left.
    """
    code, status = labels.get("response_code", ""), labels.get("grpc_response_status", "")
    if status:
        return status in _GRPC_ERRORS
    if labels.get("request_protocol") == "grpc":
        return code != "200"
    if code == "0":
        flags = set(labels.get("response_flags", "-").split(",")) - {"-", ""}
        return bool(flags - _CLIENT_LEFT)
    return code.startswith("5")


def _counts(workloads: list[Workload], requests: tuple[Row, ...], buckets: tuple[Row, ...]) -> dict[Workload, Counts]:
    """The counts by workload, from the reporter that has data for any of them; the client's side is preferred."""
    totals: dict[tuple[str, Workload], float] = defaultdict(float)
    errors: dict[tuple[str, Workload], float] = defaultdict(float)
    within: dict[tuple[str, Workload], dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for labels, value in requests:
        if isfinite(value):
            key = _key(labels)
            totals[key] += value
            errors[key] += value if is_error(labels) else 0.0
    for labels, value in buckets:
        if isfinite(value):
            within[_key(labels)][_seconds(labels.get("le", ""))] += value
    found: dict[Workload, Counts] = {}
    reporters = {reporter for (reporter, _), total in totals.items() if total > 0}
    reporter = next((one for one in ("source", "waypoint", "destination") if one in reporters), "source")
    for one in workloads:
        key = (reporter, one)
        found[one] = Counts(totals.get(key, 0.0), errors.get(key, 0.0), *_cumulative(within.get(key, {})))
    return found


def _key(labels: Mapping[str, str]) -> tuple[str, Workload]:
    workload = Workload(labels.get("destination_workload_namespace", ""), labels.get("destination_workload", ""))
    return labels.get("reporter", ""), workload


def _cumulative(buckets: Mapping[float, float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Rising bounds, and the requests at or below each; one that a torn scrape left too small counts as the lower."""
    bounds = tuple(sorted(buckets))
    if not bounds or bounds[-1] != inf:
        return (), ()
    return bounds, tuple(accumulate((buckets[bound] for bound in bounds), max))


def _seconds(le: str) -> float:
    """A bucket's bound in seconds; Istio's are in milliseconds."""
    return inf if le == "+Inf" else float(le) / 1000.0


def _no_infinity(rows: tuple[Row, ...]) -> str:
    if rows and not any(labels.get("le") == "+Inf" for labels, _ in rows):
        return f"{BUCKETS} has no bucket +Inf"
    return ""
