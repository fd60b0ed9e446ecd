"""Sluice's own Prometheus series: what every room counts about itself.

May not go in: anything that knows a Release, a router or a Kubernetes object. Rooms hand over numbers and label
strings. Labels are bounded by construction (verbs, resources, codes, fixed outcomes), never names of objects.
Times are in seconds, as Prometheus asks for.
"""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

# From a local answer to the longest time limit of a call.
_CALL_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
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
