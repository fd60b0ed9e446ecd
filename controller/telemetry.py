"""Sluice's own Prometheus series: what every room counts about itself.

May not go in: anything that knows a Release, a router or a Kubernetes object. Rooms hand over numbers and label
strings. Labels are bounded by construction (verbs, resources, codes, fixed outcomes), never names of objects, but for
the series of single releases, which go when their release goes. Times are in seconds, as Prometheus asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

# From a local answer to the longest time limit of a call.
_CALL_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_RELEASE_BUCKETS = (30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400)
_PASS_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Telemetry:
    """A registry of our own (never the process-wide default one) and the series that belong to no Release.

    Other rooms may add their series to :attr:`registry`; names start with ``sluice_``.
    """

    def __init__(self, version: str = "") -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self.build = Gauge("sluice_build_info", "1, with the version that runs", ["version"], registry=registry)
        self.build.labels(version).set(1)
        self._cluster(registry)
        self._queue(registry)
        self._leader(registry)
        self._provider(registry)
        self.releases = Releases(registry)

    def _cluster(self, registry: CollectorRegistry) -> None:
        self.api_requests = Counter(
            "sluice_kubernetes_requests_total",
            "Requests to the Kubernetes API; code is the HTTP status, or 'timeout' or 'unreachable' without one",
            ["verb", "kind", "code"],
            registry=registry,
        )
        self.api_seconds = Histogram(
            "sluice_kubernetes_request_seconds",
            "Time of one request to the Kubernetes API, watches excepted",
            ["verb", "kind"],
            buckets=_CALL_BUCKETS,
            registry=registry,
        )
        self.cache_objects = Gauge("sluice_cache_objects", "Objects held in a cache", ["kind"], registry=registry)
        self.cache_age = Gauge(
            "sluice_cache_age_seconds",
            "Time since the API server last said anything about this kind (bookmarks included)",
            ["kind"],
            registry=registry,
        )
        self.cache_changes = Counter(
            "sluice_cache_changes_total",
            "Differences seen; type is added, modified or deleted",
            ["kind", "type"],
            registry=registry,
        )
        self.cache_lists = Counter(
            "sluice_cache_lists_total", "Complete lists read to fill a cache anew", ["kind"], registry=registry
        )
        self.cache_watches = Counter(
            "sluice_cache_watches_total",
            "Watches that ended; end is closed, gone, silent or failed",
            ["kind", "end"],
            registry=registry,
        )
        self.events = Counter(
            "sluice_kubernetes_events_total",
            "Kubernetes events; outcome is created, updated, held (counted into a later write), dropped or failed",
            ["outcome"],
            registry=registry,
        )

    def _queue(self, registry: CollectorRegistry) -> None:
        self.queue_depth = Gauge(
            "sluice_queue_depth", "Keys that are due and wait for a worker", ["queue"], registry=registry
        )
        self.queue_oldest = Gauge(
            "sluice_queue_oldest_seconds", "How long the oldest due key has waited", ["queue"], registry=registry
        )
        self.queue_retries = Counter(
            "sluice_queue_retries_total", "Keys put back with backoff after a failure", ["queue"], registry=registry
        )
        self.queue_seconds = Histogram(
            "sluice_queue_pass_seconds",
            "Time of one pass; result is done, failed or interrupted",
            ["queue", "result"],
            buckets=_PASS_BUCKETS,
            registry=registry,
        )

    def _leader(self, registry: CollectorRegistry) -> None:
        self.leader = Gauge("sluice_leader", "1 while this process leads", ["lease"], registry=registry)
        self.leader_renewals = Counter(
            "sluice_leader_renewals_total",
            "Attempts to take or renew the lease; outcome is renewed, failed or lost",
            ["lease", "outcome"],
            registry=registry,
        )
        self.leader_terms = Counter(
            "sluice_leader_terms_total", "Times this process became leader", ["lease"], registry=registry
        )

    def _provider(self, registry: CollectorRegistry) -> None:
        self.provider_requests = Counter(
            "sluice_provider_requests_total",
            "Queries to a metrics provider; outcome is ok, refused (its own error), timeout or unreachable",
            ["provider", "outcome"],
            registry=registry,
        )
        self.provider_seconds = Histogram(
            "sluice_provider_request_seconds",
            "Time of one query to a metrics provider",
            ["provider"],
            buckets=_CALL_BUCKETS,
            registry=registry,
        )
        self.provider_skew = Gauge(
            "sluice_provider_clock_skew_seconds",
            "How far a metrics provider's clock is ahead of ours, in whole seconds; beyond 5 looks cover wrong seconds",
            ["provider"],
            registry=registry,
        )


class Comparison(NamedTuple):
    """One metric of one release's comparison, in the terms of its series."""

    metric: str
    excess: Mapping[str, float]
    requests: Mapping[str, float]
    bad: Mapping[str, float]
    harm: float
    good: float


class Comparisons(Collector):
    """What comparisons say, counted out when somebody asks: bounds cost several times what a look does.

    Each release gives a function; the last one is called at a scrape, and not again before another one was given.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._read: dict[tuple[str, str], Callable[[], Sequence[Comparison]]] = {}
        registry.register(self)

    def set(self, namespace: str, name: str, read: Callable[[], Sequence[Comparison]]) -> None:
        self._read[namespace, name] = cache(read)

    def drop(self, namespace: str, name: str) -> None:
        self._read.pop((namespace, name), None)

    def collect(self) -> Iterable[Metric]:
        """For at most two metrics of every release in progress: 13 series each."""
        one = ["namespace", "name", "metric"]

        def gauge(name: str, text: str, *more: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"sluice_compare_{name}", text, labels=[*one, *more])

        excess = gauge("excess_ratio", "Candidate's share of bad requests less stable's, with its bounds", "bound")
        requests = gauge("requests", "Requests that were compared in this release", "arm")
        bad = gauge("bad_requests", "Those of them that failed, or were slower than the bound in question", "arm")
        harm = gauge("harm_ratio", "Evidence of harm, as a share of what this metric alone needs for a rollback")
        good = gauge("good_ratio", "Least evidence that the step is good enough, as a share of what it needs")
        for (namespace, release), read in self._read.items():
            for found in read():
                labels = [namespace, release, found.metric]
                for family, values in ((excess, found.excess), (requests, found.requests), (bad, found.bad)):
                    for more, value in values.items():
                        family.add_metric([*labels, more], value)
                harm.add_metric(labels, found.harm)
                good.add_metric(labels, found.good)
        return excess, requests, bad, harm, good


class Releases:
    """Series of single releases, labelled by namespace and name; they go when the release goes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        one = ["namespace", "name"]

        def gauge(name: str, text: str, *more: str) -> Gauge:
            return Gauge(f"sluice_release_{name}", text, [*one, *more], registry=registry)

        self.phase = gauge("phase", "1 for the phase a release is in, 0 for those it was in before", "phase")
        self.step = gauge("step", "Number of the present step, from 1; 0 outside of a release")
        self.wanted = gauge("wanted_weight_ratio", "Share of requests wanted at the candidate")
        self.measured = gauge("measured_weight_ratio", "Share of requests that the mesh sent to the candidate")
        self.value = gauge("gate_value", "Last value of a gate, in its own unit (ratio, seconds, requests/s)", "gate")
        self.verdict = gauge("gate_verdict", "1 pass, 0 not enough evidence, -1 fail", "gate")
        self.outcomes = Counter(
            "sluice_releases_total",
            "Releases that were started, promoted, rolled_back, superseded or reverted; reason says why a rollback",
            [*one, "outcome", "reason"],
            registry=registry,
        )
        self.seconds = Histogram(
            "sluice_release_seconds",
            "From the start of a release to its end",
            [*one, "outcome"],
            buckets=_RELEASE_BUCKETS,
            registry=registry,
        )
        self.step_seconds = Histogram(
            "sluice_release_step_seconds",
            "Time a release stood at one step",
            one,
            buckets=_RELEASE_BUCKETS,
            registry=registry,
        )
        self.unrouted = Gauge(
            "sluice_unrouted_requests",
            "Requests to the Service in the last look that no proxy found a pod for (503 UH or NC, 404 NR)",
            one,
            registry=registry,
        )
        self.drifts = Counter(
            "sluice_drifts_total",
            "Times that others changed what Sluice had written, and it is written again; subject is Routes, Subsets, "
            "Revision, Configuration or Template",
            [*one, "subject"],
            registry=registry,
        )
        self.comparisons = Comparisons(registry)
        self._shown: dict[tuple[str, str], set[tuple[_Labelled, tuple[str, ...]]]] = {}

    def set(self, series: Gauge, value: float, namespace: str, name: str, *more: str) -> None:
        """One value; the series is remembered so that :meth:`drop` finds it."""
        series.labels(namespace, name, *more).set(value)
        self._remember(series, namespace, name, *more)

    def count(self, outcome: str, reason: str, namespace: str, name: str) -> None:
        self.outcomes.labels(namespace, name, outcome, reason).inc()
        self._remember(self.outcomes, namespace, name, outcome, reason)

    def drift(self, subject: str, namespace: str, name: str) -> None:
        self.drifts.labels(namespace, name, subject).inc()
        self._remember(self.drifts, namespace, name, subject)

    def observe(self, series: Histogram, seconds: float, namespace: str, name: str, *more: str) -> None:
        series.labels(namespace, name, *more).observe(seconds)
        self._remember(series, namespace, name, *more)

    def remove(self, series: Gauge, namespace: str, name: str, *more: str) -> None:
        """A series that says nothing any more, such as a gate's that the Release no longer has."""
        labels = (namespace, name, *more)
        if (series, labels) in self._shown.get((namespace, name), set()):
            self._shown[namespace, name].discard((series, labels))
            series.remove(*labels)

    def gates(self, namespace: str, name: str) -> frozenset[str]:
        """The gates of a release that have series."""
        return frozenset(
            labels[2] for series, labels in self._shown.get((namespace, name), ()) if series is self.verdict
        )

    def drop(self, namespace: str, name: str) -> None:
        """Every series of a release goes."""
        self.comparisons.drop(namespace, name)
        for series, labels in self._shown.pop((namespace, name), ()):
            series.remove(*labels)

    def _remember(self, series: _Labelled, *labels: str) -> None:
        self._shown.setdefault((labels[0], labels[1]), set()).add((series, labels))


_Labelled = Gauge | Counter | Histogram
