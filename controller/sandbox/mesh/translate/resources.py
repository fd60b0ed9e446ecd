"""All of Envoy's resources for a set of views."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from controller.sandbox.client import Object
from controller.sandbox.mesh.sources import GatewayClient, PlainClient
from controller.sandbox.mesh.translate import metrics
from controller.sandbox.mesh.translate.clusters import clusters
from controller.sandbox.mesh.translate.gateway import gateway_hosts
from controller.sandbox.mesh.translate.inbound import inbound
from controller.sandbox.mesh.translate.proxy import http_filter, http_manager, listener, route_config
from controller.sandbox.mesh.translate.sidecar import plain_hosts, sidecar_hosts
from controller.sandbox.mesh.translate.tcp import TLS_INSPECTOR, needs_inspector, tcp_chains
from controller.sandbox.mesh.translate.world import View, World


@dataclass(frozen=True)
class TcpListener:
    """A listener that a source was asked to open for a host's port; ``local`` is the port on 127.0.0.1."""

    host: str
    port: int
    local: int


@dataclass
class Resources:
    """By name. ``outbound`` are the listeners of sources, ``inbound`` those of pods."""

    clusters: dict[str, Object] = field(default_factory=dict)
    inbound: dict[str, Object] = field(default_factory=dict)
    outbound: dict[str, Object] = field(default_factory=dict)
    routes: dict[str, Object] = field(default_factory=dict)

    def merge(self, other: Resources) -> None:
        self.clusters |= other.clusters
        self.inbound |= other.inbound
        self.outbound |= other.outbound
        self.routes |= other.routes


def pods(world: World) -> Resources:
    """The sidecars of all pods: what is there, whatever any source knows of it."""
    listeners, found = inbound(world)
    return Resources(clusters=found, inbound=listeners)


def source(view: View, port: int, rds: Mapping[str, object], tcp: Iterable[TcpListener] = ()) -> Resources:
    """What one source knows: its listener on 127.0.0.1:``port``, its routes, its clusters, its TCP listeners.

    ``rds`` is Envoy's ConfigSource for the routes.
    """
    key = view.source.key
    plain = isinstance(view.source, PlainClient)
    manager = http_manager(
        key,
        {"rds": {"route_config_name": key, "config_source": rds}},
        [] if plain else [http_filter("envoy.filters.http.fault"), http_filter("envoy.filters.http.cors")],
        [] if plain else metrics.source_http(view.source),
    )
    listeners = {key: listener(key, port, [{"filters": [manager]}])}
    for one in tcp:
        name = f"{key}|tcp|{one.port}|{one.host}"
        chains = tcp_chains(view, one.host, one.port)
        if chains:
            more = {"listener_filters": [TLS_INSPECTOR]} if needs_inspector(chains) else {}
            listeners[name] = listener(name, one.local, chains, **more)
    hosts = (
        plain_hosts(view)
        if plain
        else gateway_hosts(view)
        if isinstance(view.source, GatewayClient)
        else sidecar_hosts(view)
    )
    routes = route_config(key, hosts)
    if identity := metrics.identity_headers(view.source):
        routes["request_headers_to_add"] = identity
    return Resources(clusters=clusters(view), outbound=listeners, routes={key: routes})
