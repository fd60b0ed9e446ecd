"""A DestinationRule's trafficPolicy as fields of an Envoy cluster."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from controller.sandbox.client import Object
from controller.sandbox.mesh.translate import durations

_TYPE = "type.googleapis.com/"
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_NO_LIMIT = 4294967295  # what istiod sets; Envoy's own default of 1024 is met at once by a load test
_COMPONENTS = ("connectionPool", "outlierDetection", "loadBalancer")
_SIMPLE = {
    "ROUND_ROBIN": "ROUND_ROBIN",
    "RANDOM": "RANDOM",
    "LEAST_REQUEST": "LEAST_REQUEST",
    "LEAST_CONN": "LEAST_REQUEST",
    "PASSTHROUGH": "ROUND_ROBIN",  # there is no original destination to pass through to
}


def policy_for(rule: Object | None, subset: str, port: int) -> Object:
    """The policy for one port of one subset ("" for the Service itself).

    A subset's components replace the rule's one by one. Settings of a port replace all components of their level, also
    those they leave out.
    """
    levels: list[Object] = [(rule or {}).get("trafficPolicy") or {}]
    if subset:
        levels.append(subset_of(rule, subset).get("trafficPolicy") or {})
    merged: Object = {}
    for level in levels:
        own = _port_settings(level.get("portLevelSettings") or [], port)
        for name in _COMPONENTS:
            if own is not None:
                merged[name] = own.get(name)
            elif level.get(name) is not None:
                merged[name] = level[name]
    return {name: value for name, value in merged.items() if value is not None}


def subset_of(rule: Object | None, name: str) -> Object:
    """The subset of this name, or an empty one."""
    subsets: list[Object] = (rule or {}).get("subsets") or []
    return next((subset for subset in subsets if subset.get("name") == name), {})


def _port_settings(settings: Iterable[Object], port: int) -> Object | None:
    return next((one for one in settings if (one.get("port") or {}).get("number") == port), None)


def cluster_fields(policy: Object, protocol: str) -> Object:
    """Load balancing, limits, outlier detection and protocol options; absent settings give istiod's defaults."""
    pool = policy.get("connectionPool") or {}
    tcp, http = pool.get("tcp") or {}, pool.get("http") or {}
    fields: Object = {
        "connect_timeout": durations.envoy(tcp.get("connectTimeout") or "10s"),
        "circuit_breakers": {"thresholds": [_limits(tcp, http)]},
        **_load_balancer(policy.get("loadBalancer") or {}),
    }
    options = _http_options(http, protocol)
    if options:
        fields["typed_extension_protocol_options"] = {HTTP_OPTIONS: {"@type": _TYPE + HTTP_OPTIONS, **options}}
    outlier = policy.get("outlierDetection")
    if outlier is not None:
        fields["outlier_detection"] = _outlier(outlier)
        # istiod turns the panic mode off unless minHealthPercent asks for it: all ejected means 503 UH.
        threshold = {"value": outlier.get("minHealthPercent") or 0}
        fields.setdefault("common_lb_config", {})["healthy_panic_threshold"] = threshold
    return fields


def _limits(tcp: Object, http: Object) -> Object:
    return {
        "max_connections": tcp.get("maxConnections") or _NO_LIMIT,
        "max_pending_requests": http.get("http1MaxPendingRequests") or _NO_LIMIT,
        "max_requests": http.get("http2MaxRequests") or _NO_LIMIT,
        "max_retries": http.get("maxRetries") or _NO_LIMIT,
    }


def _load_balancer(settings: Object) -> Object:
    hashing = settings.get("consistentHash")
    if hashing:
        if "maglev" in hashing:
            size = int((hashing["maglev"] or {}).get("tableSize") or 0)
            return {"lb_policy": "MAGLEV", **({"maglev_lb_config": {"table_size": size}} if size else {})}
        ring = (hashing.get("ringHash") or {}).get("minimumRingSize") or hashing.get("minimumRingSize")
        return {"lb_policy": "RING_HASH", "ring_hash_lb_config": {"minimum_ring_size": int(ring or 1024)}}
    fields: Object = {"lb_policy": _SIMPLE.get(settings.get("simple") or "", "LEAST_REQUEST")}
    warmup = (settings.get("warmup") or {}).get("duration") or settings.get("warmupDurationSecs")
    if warmup and fields["lb_policy"] in ("ROUND_ROBIN", "LEAST_REQUEST"):
        name = "round_robin_lb_config" if fields["lb_policy"] == "ROUND_ROBIN" else "least_request_lb_config"
        fields[name] = {"slow_start_config": {"slow_start_window": durations.envoy(warmup)}}
    return fields


def _http_options(http: Object, protocol: str) -> Object:
    common: Object = {}
    if http.get("maxRequestsPerConnection"):
        common["max_requests_per_connection"] = http["maxRequestsPerConnection"]
    if http.get("idleTimeout"):
        common["idle_timeout"] = durations.envoy(http["idleTimeout"])
    upgrade = http.get("h2UpgradePolicy") == "UPGRADE"
    version: Object = {"http_protocol_options": {}}
    if protocol in ("grpc", "http2") or (protocol == "http" and upgrade):
        streams = http.get("maxConcurrentStreams")
        version = {"http2_protocol_options": {"max_concurrent_streams": streams} if streams else {}}
    elif not common:
        return {}
    options: Object = {"explicit_http_config": version}
    if common:
        options["common_http_protocol_options"] = common
    return options


def _outlier(settings: Object) -> Object:
    found: Object = {"enforcing_success_rate": 0}
    for ours, name in (("consecutive5xxErrors", "5xx"), ("consecutiveGatewayErrors", "gateway_failure")):
        if settings.get(ours) is not None:
            found[f"consecutive_{name}"] = settings[ours]
            found[f"enforcing_consecutive_{name}"] = 100 if settings[ours] > 0 else 0
    for ours, name in (("interval", "interval"), ("baseEjectionTime", "base_ejection_time")):
        if settings.get(ours):
            found[name] = durations.envoy(settings[ours])
    if settings.get("maxEjectionPercent"):
        found["max_ejection_percent"] = settings["maxEjectionPercent"]
    if settings.get("splitExternalLocalOriginErrors"):
        found["split_external_local_origin_errors"] = True
        if settings.get("consecutiveLocalOriginFailures"):
            found["consecutive_local_origin_failure"] = settings["consecutiveLocalOriginFailures"]
            found["enforcing_consecutive_local_origin_failure"] = 100
        found["enforcing_local_origin_success_rate"] = 0
    return found


def hash_policy(rule: Object | None, subset: str, port: int | None) -> Any:
    """The route's part of consistent hashing for one destination, or None.

    ``port`` is the one that the destination names: istiod reads no settings of a port that a route leaves out.
    """
    policy = policy_for(rule, subset, port if port is not None else -1)
    hashing = (policy.get("loadBalancer") or {}).get("consistentHash") or {}
    if hashing.get("httpHeaderName"):
        return {"header": {"header_name": hashing["httpHeaderName"]}}
    if hashing.get("httpCookie"):
        cookie = {key: value for key, value in hashing["httpCookie"].items() if key in ("name", "path")}
        if hashing["httpCookie"].get("ttl"):
            cookie["ttl"] = durations.envoy(hashing["httpCookie"]["ttl"])
        return {"cookie": cookie}
    if hashing.get("useSourceIp"):
        return {"connection_properties": {"source_ip": True}}
    if hashing.get("httpQueryParameterName"):
        return {"query_parameter": {"name": hashing["httpQueryParameterName"]}}
    return None
