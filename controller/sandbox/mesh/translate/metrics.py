"""Istio's standard metrics, made by Envoy's own stats access logger.

What Istio's stats filter reports, and where from: istio.io/latest/docs/reference/config/metrics. The source reporter
knows the destination from the metadata of the endpoint and of the cluster; the destination reporter knows the source
from headers that the source's proxy adds and that are taken off before the app (Istio exchanges the same facts in
headers, or finds them by address). An empty value becomes ``unknown`` when Prometheus scrapes it (scrape.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.sandbox.client import Object
from controller.sandbox.mesh.sources import GatewayClient, PlainClient, Source
from controller.sandbox.mesh.translate.registry import Service, Workload, describe

PREFIX = "istio"
NAMESPACE = "istio"  # of the metadata
_LOGGER = "type.googleapis.com/envoy.extensions.access_loggers.stats.v3.Config"
_HEADER_TO_METADATA = "type.googleapis.com/envoy.extensions.filters.http.header_to_metadata.v3.Config"
_HEADER = "x-sandbox-peer-"
_FACTS = {
    "workload": "name",
    "workload_namespace": "namespace",
    "app": "app",
    "version": "version",
    "canonical_service": "canonical_service",
    "canonical_revision": "canonical_revision",
}
# Evaluated for every request: a formatter's plain look-up where one exists, CEL where a choice is needed.
_PROTOCOL = (
    "%CEL('content-type' in request.headers && "
    "request.headers['content-type'].startsWith('application/grpc') ? 'grpc' : 'http')%"
)


def facts(workload: Workload) -> Object:
    """A workload as the metadata of an endpoint; what it does not say is left out."""
    found = {label: str(getattr(workload, field)) for label, field in _FACTS.items()}
    return {label: value for label, value in found.items() if value}


def service_facts(service: Service) -> Object:
    """A Service as the metadata of a cluster."""
    return {"host": service.host, "name": service.name, "namespace": service.namespace}


def metadata(values: Object) -> Object:
    return {"filter_metadata": {NAMESPACE: values}}


def identity_headers(source: Source) -> list[Object]:
    """What a source's proxy tells the destination's about itself; nothing from a client without sidecar."""
    if isinstance(source, PlainClient):
        return []
    values = facts(describe(source.workload, source.namespace, source.labels))
    return [
        {
            "header": {"key": _HEADER + label.replace("_", "-"), "value": value},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }
        for label, value in values.items()
    ]


def identity_filter() -> Object:
    """The destination's part: headers become metadata of the request and do not reach the app."""
    rules = [
        {
            "header": _HEADER + label.replace("_", "-"),
            "on_header_present": {"metadata_namespace": NAMESPACE, "key": label, "type": "STRING"},
            "remove": True,
        }
        for label in _FACTS
    ]
    return {
        "name": "envoy.filters.http.header_to_metadata",
        "typed_config": {"@type": _HEADER_TO_METADATA, "request_rules": rules},
    }


def source_http(source: Source) -> list[Object]:
    """The access log of a source's HTTP proxy."""
    fallback = "''" if isinstance(source, GatewayClient) else "request.host"
    tags = {
        **_source_tags(source),
        **_upstream_tags(),
        # Without a cluster (no route, unknown subset) a sidecar names the Host header, a gateway nothing.
        "destination_service": _service("host", fallback),
        "destination_service_name": _service("name", fallback),
        "destination_service_namespace": f"%METADATA(CLUSTER:{NAMESPACE}:namespace)%",
        **_http_tags("unknown"),
    }
    return [_http_logger(tags)]


def destination_http(workload: Workload, service: Service | None) -> list[Object]:
    """The access log of a pod's HTTP proxy. ``service`` is the one that its port belongs to."""
    tags = {**_destination_tags(workload, service), **_http_tags(_security())}
    tags |= {f"source_{label}": f"%DYNAMIC_METADATA({NAMESPACE}:{label})%" for label in _FACTS}
    return [_http_logger(tags)]


def source_tcp(source: Source) -> list[Object]:
    tags = {
        **_source_tags(source),
        **_upstream_tags(),
        "destination_service": f"%METADATA(CLUSTER:{NAMESPACE}:host)%",
        "destination_service_name": f"%METADATA(CLUSTER:{NAMESPACE}:name)%",
        "destination_service_namespace": f"%METADATA(CLUSTER:{NAMESPACE}:namespace)%",
        **_tcp_tags(),
    }
    return _tcp_loggers(tags)


def destination_tcp(workload: Workload, service: Service | None) -> list[Object]:
    """As for HTTP, but the source stays unknown: a TCP stream has no headers to carry it."""
    return _tcp_loggers({**_destination_tags(workload, service), **_tcp_tags()})


def _source_tags(source: Source) -> dict[str, str]:
    found = facts(describe(source.workload, source.namespace, source.labels))
    return {"reporter": "source", **{f"source_{label}": _literal(value) for label, value in found.items()}}


def _upstream_tags() -> dict[str, str]:
    return {f"destination_{label}": f"%METADATA(UPSTREAM_HOST:{NAMESPACE}:{label})%" for label in _FACTS}


def _destination_tags(workload: Workload, service: Service | None) -> dict[str, str]:
    """Without a Service the destination goes by its canonical name, as in Istio."""
    found = {f"destination_{label}": _literal(value) for label, value in facts(workload).items()}
    return {
        "reporter": "destination",
        **found,
        "destination_service": _literal(service.host if service else workload.canonical_service),
        "destination_service_name": _literal(service.name if service else workload.canonical_service),
        "destination_service_namespace": _literal(workload.namespace),
    }


def _service(fact: str, otherwise: str) -> str:
    known = f"xds.cluster_metadata.filter_metadata['{NAMESPACE}']['{fact}']"
    return f"%CEL(has(xds.cluster_metadata) ? {known} : {otherwise})%"


def _security() -> str:
    """A pod cannot see how it was called but by what the caller's proxy said: a proxy means mutual TLS."""
    return f"%CEL(has(metadata.filter_metadata.{NAMESPACE}) ? 'mutual_tls' : 'none')%"


def _http_tags(security: str) -> dict[str, str]:
    return {
        "request_protocol": _PROTOCOL,
        "response_code": "%RESPONSE_CODE%",
        "response_flags": "%RESPONSE_FLAGS%",
        "grpc_response_status": "%GRPC_STATUS_NUMBER%",
        "connection_security_policy": security,
    }


def _tcp_tags() -> dict[str, str]:
    return {"request_protocol": "tcp", "response_flags": "%RESPONSE_FLAGS%", "connection_security_policy": "unknown"}


def _literal(value: str) -> str:
    """A value that is no format string, whatever is in it."""
    return value.replace("%", "%%") or "unknown"


def _stat(name: str, tags: Mapping[str, str]) -> Object:
    return {"name": name, "tags": [{"name": name, "value_format": value} for name, value in sorted(tags.items())]}


def _logger(config: Object, log_types: list[str] | None = None) -> Object:
    found: Object = {
        "name": "envoy.access_loggers.stats",
        "typed_config": {"@type": _LOGGER, "stats_scope": {"prefix": PREFIX}, **config},
    }
    if log_types:
        found["filter"] = {"log_type_filter": {"types": log_types}}
    return found


def _http_logger(tags: Mapping[str, str]) -> Object:
    duration = {
        "stat": _stat("request_duration_milliseconds", tags),
        "unit": "Milliseconds",
        "value_format": "%DURATION%",
    }
    return _logger({"counters": [{"stat": _stat("requests_total", tags), "value_fixed": 1}], "histograms": [duration]})


def _tcp_loggers(tags: Mapping[str, str]) -> list[Object]:
    """Bytes are counted when a connection ends (Istio counts them every few seconds as well)."""
    opened = {"counters": [{"stat": _stat("tcp_connections_opened_total", tags), "value_fixed": 1}]}
    closed = {
        "counters": [
            {"stat": _stat("tcp_connections_closed_total", tags), "value_fixed": 1},
            {"stat": _stat("tcp_sent_bytes_total", tags), "value_format": "%BYTES_SENT%"},
            {"stat": _stat("tcp_received_bytes_total", tags), "value_format": "%BYTES_RECEIVED%"},
        ]
    }
    return [_logger(opened, ["TcpUpstreamConnected"]), _logger(closed, ["TcpConnectionEnd"])]
