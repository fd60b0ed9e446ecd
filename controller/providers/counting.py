"""What counts: the query that differences Istio's counters, what an error is, and which reporter is believed.

Counters are differenced per series, inside the query, and come back summed. Unlike ``increase()`` this keeps the first
value of a new series, which is a canary's first 503. Series of a target that was not scraped one look ago, though it
was known before, are no new ones: their whole history would come back as one look's.
https://istio.io/latest/docs/reference/config/metrics/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf, nan

REQUESTS = "istio_requests_total"
BUCKETS = "istio_request_duration_milliseconds_bucket"

REQUEST_LABELS = (
    "reporter, destination_workload, destination_workload_namespace, request_protocol, "
    "response_code, response_flags, grpc_response_status"
)
BUCKET_LABELS = "reporter, destination_workload, destination_workload_namespace, le"

_KNOWN = "1h"
"""A target that was scraped within so long is no new one, also after Prometheus itself was away."""

_GRPC_ERRORS = frozenset({"2", "4", "12", "13", "14", "15"}) | frozenset(
    {"unknown", "deadlineexceeded", "unimplemented", "internal", "unavailable", "dataloss"}
)
_CLIENT_LEFT = frozenset({"DC", "DR", "DPE"})
"""Response flags of requests that the client itself gave up or broke."""


@dataclass(frozen=True, slots=True, order=True)
class Workload:
    """What the mesh's metrics call a Deployment."""

    namespace: str
    name: str


def increase(metric: str, by: str, workloads: Iterable[Workload], duration: float) -> str:
    """PromQL: how much each series of these workloads grew in ``duration`` seconds, summed ``by`` these labels."""
    names = sorted({one.name for one in workloads})
    namespaces = sorted({one.namespace for one in workloads})
    chosen = f'{{destination_workload=~"{either(names)}", destination_workload_namespace=~"{either(namespaces)}"}}'
    return growth(metric, chosen, by, duration)


def growth(metric: str, chosen: str, by: str, duration: float) -> str:
    """PromQL: how much each of the ``chosen`` series grew in ``duration`` seconds, summed ``by`` these labels.

    A counter that fell was reset: what it shows now is the growth. Of a series that is new all of it is, unless its
    target was known but not up one look ago. The subquery's steps are the five minutes that a sample stands for.
    """
    back = f"offset {round(duration * 1000)}ms"
    now, before = f"{metric}{chosen}", f"{metric}{chosen} {back}"
    unscraped = f"(last_over_time(up[{_KNOWN}:5m] {back}) unless (up {back} == 1))"
    return (
        f"sum by ({by}) (({now} - {before} >= 0) or ({now} and {now} < {before}) "
        f"or (({now} unless {before}) unless on (job, instance) {unscraped}))"
    )


def either(names: list[str]) -> str:
    """A regular expression, escaped for a PromQL string."""
    return "|".join(re.escape(name).replace("\\", "\\\\") for name in names)


def is_error(labels: Mapping[str, str]) -> bool:
    """Whether a request with these labels failed for its user, by no doing of the user's own.

    gRPC: by its status (unknown, deadline exceeded, unimplemented, internal, unavailable, data loss; as a number, or as
    a name where telemetry is set so), or without one by an HTTP code other than 200. HTTP: 5xx, or no response at all.
    Without a response a client that left is none.
    """
    code, status = labels.get("response_code", ""), labels.get("grpc_response_status", "")
    if status and status != "-":
        return status.replace("_", "").lower() in _GRPC_ERRORS
    if code == "0":
        return not is_unanswered(labels)
    if labels.get("request_protocol") == "grpc":
        return code != "200"
    return code.startswith("5")


def is_unanswered(labels: Mapping[str, str]) -> bool:
    """Whether the client of a request with these labels left before any answer came, and no proxy says why else."""
    flags = set(labels.get("response_flags", "-").split(",")) - {"-", ""}
    told = labels.get("grpc_response_status", "") not in ("", "-")
    return labels.get("response_code", "") == "0" and not told and flags <= _CLIENT_LEFT


def reporters(requests: Mapping[tuple[str, Workload], float], workloads: Iterable[Workload]) -> tuple[str, ...]:
    """Whose reports to add up for these arms, both in the same way, by what there is of any of them.

    A waypoint reports what passes it, and the sources what bypasses it: together that is everything. Without one the
    sources alone are believed, since they see refused connections too and never count a mirrored copy; a destination
    only where no source reports.
    """
    arms = list(workloads)
    have = {name for (name, arm), count in requests.items() if count > 0.0 and arm in arms}
    if "waypoint" in have:
        return ("waypoint", "source")
    return ("destination",) if "source" not in have and "destination" in have else ("source",)


def key(labels: Mapping[str, str]) -> tuple[str, Workload]:
    """The reporter and the workload that a row is about."""
    workload = Workload(labels.get("destination_workload_namespace", ""), labels.get("destination_workload", ""))
    return labels.get("reporter", ""), workload


def seconds(le: str) -> float:
    """A bucket's bound in seconds; Istio's are in milliseconds. NaN where there is none."""
    if le == "+Inf":
        return inf
    try:
        return float(le) / 1000.0
    except ValueError:
        return nan
