"""Listeners and HTTP connection managers, set as istiod sets a sidecar's."""

from __future__ import annotations

from collections.abc import Iterable

from controller.sandbox.client import Object

LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
ROUTES = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
_HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_FILTERS = {
    "envoy.filters.http.fault": "envoy.extensions.filters.http.fault.v3.HTTPFault",
    "envoy.filters.http.cors": "envoy.extensions.filters.http.cors.v3.Cors",
    "envoy.filters.http.router": "envoy.extensions.filters.http.router.v3.Router",
}


def http_filter(name: str) -> Object:
    """A filter of Envoy's own that needs no settings of its own."""
    return {"name": name, "typed_config": {"@type": f"type.googleapis.com/{_FILTERS[name]}"}}


def http_manager(stat_prefix: str, routes: Object, filters: Iterable[Object], access_log: list[Object]) -> Object:
    """The network filter that speaks HTTP. ``routes`` is its ``rds`` or ``route_config`` field."""
    config: Object = {
        "@type": _HCM,
        "stat_prefix": stat_prefix,
        **routes,
        "access_log": access_log,
        "http_filters": [*filters, http_filter("envoy.filters.http.router")],
        "stream_idle_timeout": "0s",
        "normalize_path": True,
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "server_header_transformation": "PASS_THROUGH",
    }
    return {"name": "envoy.filters.network.http_connection_manager", "typed_config": config}


def listener(name: str, port: int | None, chains: list[Object], **more: object) -> Object:
    """A listener on 127.0.0.1, or an internal one when ``port`` is None."""
    where: Object = {"internal_listener": {}}
    if port is not None:
        where = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}
    return {"@type": LISTENER, "name": name, **where, "filter_chains": chains, **more}


def route_config(name: str, virtual_hosts: list[Object]) -> Object:
    """Clusters are not checked: a route to one that is missing answers 503 with flag NC, as in Istio."""
    return {
        "@type": ROUTES,
        "name": name,
        "virtual_hosts": virtual_hosts,
        "validate_clusters": False,
        "max_direct_response_body_size_bytes": 1024 * 1024,
    }
