"""tls and tcp routes: a listener for each Service port or gateway port that a source was asked to open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from controller.sandbox.client import Object
from controller.sandbox.mesh.sources import GatewayClient, PlainClient
from controller.sandbox.mesh.translate import metrics
from controller.sandbox.mesh.translate.gateway import servers
from controller.sandbox.mesh.translate.hosts import MESH, intersection, matches, resolve
from controller.sandbox.mesh.translate.routes import Registry, destination_port
from controller.sandbox.mesh.translate.virtual_services import VirtualService, bound_to
from controller.sandbox.mesh.translate.world import View

_PROXY = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
_INSPECTOR = "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
TLS_INSPECTOR: Object = {"name": "envoy.filters.listener.tls_inspector", "typed_config": {"@type": _INSPECTOR}}


def tcp_proxy(stat_prefix: str, target: Object, access_log: list[Object]) -> Object:
    """``target`` is the proxy's ``cluster`` or ``weighted_clusters`` field."""
    config: Object = {
        "@type": _PROXY,
        "stat_prefix": stat_prefix,
        **target,
        "access_log": access_log,
        "access_log_options": {"flush_access_log_on_connected": True},
    }
    return {"name": "envoy.filters.network.tcp_proxy", "typed_config": config}


def tcp_chains(view: View, host: str, port: int) -> list[Object]:
    """Filter chains for connections to ``host:port``; one that nothing matches is closed.

    tls routes go by server name, before tcp routes. For a gateway, ``host`` only says whom the user meant to reach:
    the connection carries nothing but a port and, with TLS, a server name.
    """
    if isinstance(view.source, GatewayClient):
        return _gateway_chains(view, port)
    service = view.service(_full(view, host))
    if service is None or service.port(port) is None:
        return []
    plain: Object = {"cluster": view.cluster(service.host, port)}
    if isinstance(view.source, PlainClient):
        return [{"filters": [tcp_proxy("plain", plain, [])]}]
    registry = {one.host: (port,) for one in view.services if one.port(port)}
    chains: list[Object] = []
    for one in bound_to(view.world.virtual_services, MESH, view.source.namespace):
        if any(matches(pattern, service.host) for pattern in one.hosts) or one.tls:
            chains = _chains(view, one, port, MESH, registry, [service.host])
        if chains:
            break
    if not any("filter_chain_match" not in chain for chain in chains):
        chains.append({"filters": [tcp_proxy("outbound", plain, metrics.source_tcp(view.source))]})
    return chains


def _full(view: View, host: str) -> str:
    """A Service by any of the names that a client may use."""
    name, _, rest = host.partition(".")
    if rest and not rest.endswith("cluster.local"):
        return resolve(name, rest.split(".")[0])
    return resolve(host, view.source.namespace)


def _gateway_chains(view: View, port: int) -> list[Object]:
    assert isinstance(view.source, GatewayClient)
    registry = {one.host: tuple(each.number for each in one.ports) for one in view.services}
    chains: list[Object] = []
    for server in servers(view, http=False):
        if (server.get("port") or {}).get("number") != port:
            continue
        allowed = [str(host).rpartition("/")[2] for host in server.get("hosts") or []]
        for one in bound_to(view.world.virtual_services, view.source.gateway, view.source.namespace):
            if intersection(allowed, one.hosts):
                chains += _chains(view, one, port, view.source.gateway, registry, one.hosts)
    return _unique(chains)


def _unique(chains: list[Object]) -> list[Object]:
    """Envoy refuses two chains with one match: the first stays."""
    found: dict[str, Object] = {}
    for chain in chains:
        found.setdefault(str(chain.get("filter_chain_match")), chain)
    return list(found.values())


def _chains(
    view: View, one: VirtualService, port: int, gateway: str, registry: Registry, hosts: Iterable[str]
) -> list[Object]:
    found: list[Object] = []
    for route in one.tls:
        for match in route.get("match") or []:
            names = [str(name) for name in match.get("sniHosts") or []]
            wanted = gateway != MESH or any(matches(name, host) for name in names for host in hosts)
            if wanted and _applies(view, match, port, gateway):
                found.append({"filter_chain_match": _names(names), **_chain(view, route, port, registry)})
    for route in one.tcp:
        matched = [match for match in route.get("match") or [{}] if _applies(view, match, port, gateway)]
        if matched and (gateway != MESH or any(matches(name, host) for name in one.hosts for host in hosts)):
            found.append(_chain(view, route, port, registry))
            break  # a connection without a server name has nothing left to be told apart by
    return _unique(found)


def _names(names: list[str]) -> Object:
    if any(name == "*" for name in names):
        return {"transport_protocol": "tls"}
    return {"server_names": names}


def _applies(view: View, match: Object, port: int, gateway: str) -> bool:
    if match.get("port") and match["port"] != port:
        return False
    if match.get("gateways"):
        return gateway in match["gateways"]
    labels: Mapping[str, str] = match.get("sourceLabels") or {}
    return labels.items() <= view.source.labels.items() and match.get("sourceNamespace", "") in (
        "",
        view.source.namespace,
    )


def _chain(view: View, route: Object, port: int, registry: Registry) -> Object:
    def name(one: Object) -> str:
        destination = one["destination"]
        return view.cluster(
            destination["host"], destination_port(destination, port, registry), destination.get("subset") or ""
        )

    destinations: list[Object] = route.get("route") or []
    weighted = [one for one in destinations if one.get("weight")]
    if len(destinations) == 1:
        target: Object = {"cluster": name(destinations[0])}
    else:
        target = {"weighted_clusters": {"clusters": [{"name": name(one), "weight": one["weight"]} for one in weighted]}}
    return {"filters": [tcp_proxy("outbound", target, metrics.source_tcp(view.source))]}


def needs_inspector(chains: Iterable[Object]) -> bool:
    return any("filter_chain_match" in chain for chain in chains)
