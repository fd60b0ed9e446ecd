"""Requests that no proxy found a pod for, counted for each Service: one query for all that ask about the same look.

Istio's labels say whose they are only in part. Where the subset has no healthy pod (UH) the cluster is known, and with
it the Service's host. Where there is no such subset (NC) or no route (NR) a sidecar puts the Host header there, as its
caller wrote it; a gateway puts nothing, and what it cannot find a pod for is nobody's here.
https://istio.io/latest/docs/reference/config/metrics/
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

from controller.providers.counting import REQUESTS, either, growth
from controller.providers.measurement import Provider

_MOST = 200
"""Services in one query, as with workloads."""
_GATHER = 0.02
"""Seconds to wait for other releases that ask for the same look."""

_DOMAIN = r"(?:\.svc(?:\.cluster\.local)?)?"
_PORT = r"(?::[0-9]+)?"
_HOST = re.compile(rf"(?P<name>[^.:]+)(?:\.(?P<namespace>[^.:]+){_DOMAIN})?{_PORT}")


@dataclass(frozen=True, slots=True, order=True)
class Service:
    """A Kubernetes Service."""

    namespace: str
    name: str


class MeshUnrouted:
    """Looks at the requests that reached no pod; releases that ask for the same seconds share the query."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._open: dict[tuple[float, float], tuple[set[Service], asyncio.Task[_Found]]] = {}

    async def of(self, service: Service, end: float, duration: float) -> float | None:
        """How many there were in the ``duration`` seconds before ``end`` (epoch seconds); None when nobody answered."""
        at = (end, duration)
        if at not in self._open:
            names: set[Service] = set()
            self._open[at] = (names, asyncio.create_task(self._gather(at, names), name=f"unrouted {end:.0f}"))
        names, task = self._open[at]
        names.add(service)
        # One release that goes away must not take the answer from the others.
        found = await asyncio.shield(task)
        return found.get(service, 0.0) if found is not None else None

    async def _gather(self, at: tuple[float, float], names: set[Service]) -> _Found:
        await asyncio.sleep(_GATHER)
        del self._open[at]
        ordered = sorted(names)
        parts = [ordered[first : first + _MOST] for first in range(0, len(ordered), _MOST)]
        answers = await asyncio.gather(*(self._ask(part, *at) for part in parts))
        found = [answer for answer in answers if answer is not None]
        return {service: count for answer in found for service, count in answer.items()} if found == answers else None

    async def _ask(self, services: list[Service], end: float, duration: float) -> _Found:
        answer = await self._provider.measure(query(services, duration), end)
        if answer.error:
            return None
        found: dict[Service, float] = defaultdict(float)
        for labels, value in answer.rows:
            service = addressed(labels)
            if service in services and isfinite(value):
                found[service] += value
        return found


_Found = Mapping[Service, float] | None


def query(services: Iterable[Service], duration: float) -> str:
    """PromQL: the growth of what callers' proxies, and waypoints, could not route, by what it was addressed to."""
    names = either(sorted({one.name for one in services}))
    namespaces = either(sorted({one.namespace for one in services}))
    dot, domain, port = (text.replace("\\", "\\\\") for text in (r"\.", _DOMAIN, _PORT))
    host = f"(?:{names})(?:{dot}(?:{namespaces}){domain})?{port}"
    chosen = (
        '{reporter=~"source|waypoint", destination_workload="unknown", '
        f'response_flags=~"(?:.*,)?(?:UH|NC|NR)(?:,.*)?", destination_service=~"{host}"}}'
    )
    return growth(REQUESTS, chosen, "destination_service, source_workload_namespace", duration)


def addressed(labels: Mapping[str, str]) -> Service | None:
    """The Service that requests were for; None where their labels do not say. A short name is one of the caller's."""
    host = _HOST.fullmatch(labels.get("destination_service", ""))
    if host is None:
        return None
    namespace = host["namespace"] or labels.get("source_workload_namespace", "")
    return None if namespace in ("", "unknown") else Service(namespace, host["name"])
