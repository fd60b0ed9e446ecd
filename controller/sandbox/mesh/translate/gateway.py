"""The HTTP routes of an Istio Gateway."""

from __future__ import annotations

from controller.sandbox.client import Object
from controller.sandbox.mesh.sources import GatewayClient
from controller.sandbox.mesh.translate.hosts import intersection, is_wildcard
from controller.sandbox.mesh.translate.match import is_catch_all
from controller.sandbox.mesh.translate.routes import http_routes
from controller.sandbox.mesh.translate.virtual_services import VirtualService, bound_to
from controller.sandbox.mesh.translate.world import View

_HTTP = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTPS")


def gateway_object(view: View) -> Object | None:
    """The Gateway that this source stands behind; None while there is none."""
    assert isinstance(view.source, GatewayClient)
    namespace, name = view.source.gateway.split("/")
    return view.world.gateways.get((namespace, name))


def servers(view: View, *, http: bool) -> list[Object]:
    """The servers that speak HTTP, or those that do not. TLS that ends at the gateway is played as plain HTTP."""
    spec: Object = (gateway_object(view) or {}).get("spec") or {}
    return [server for server in spec.get("servers") or [] if _is_http(server) == http]


def gateway_hosts(view: View) -> list[Object]:
    """Virtual hosts of all HTTP servers. VirtualServices for one host are merged, the oldest first.

    A gateway listens on each port; here one listener serves them all, and the port in the Host header tells which
    server is meant: none, or one that the Gateway does not have, is the first server's. Unknown hosts, and everything
    while there is no Gateway, answer 404 with flag NR.
    """
    found: list[Object] = []
    taken: set[str] = set()
    http = servers(view, http=True)
    first = _port(http[0]) if http else 0
    for port in dict.fromkeys(_port(server) for server in http):
        for host in _server_hosts(view, [server for server in http if _port(server) == port], port):
            name = host["name"]
            names = [f"{name}:{port}"] if name != "*" else ["*"] if port == first else [f"*:{port}"]
            if port == first and name != "*":
                names += [name] if is_wildcard(name) else [name, f"{name}:*"]
            free = [each for each in names if each not in taken]
            taken.update(free)
            if free:
                found.append({**host, "name": f"{name}:{port}", "domains": free, "include_request_attempt_count": True})
    if "*" not in taken:
        found.append({"name": "blackhole", "domains": ["*"], "routes": []})
    return found


def _server_hosts(view: View, http: list[Object], port: int) -> list[Object]:
    """The virtual hosts of one port, named by host and without domains; catch-all routes go to the end of each."""
    assert isinstance(view.source, GatewayClient)
    merged: dict[str, list[Object]] = {}
    redirected: set[str] = set()
    bound = bound_to(view.world.virtual_services, view.source.gateway, view.source.namespace)
    registry = {service.host: tuple(each.number for each in service.ports) for service in view.services}
    for server in http:
        for one in bound:
            shared = intersection(_hosts_for(server, one, view.source.namespace), one.hosts)
            routes = http_routes(view, one, port, view.source.gateway, registry) if shared else []
            for host in shared if routes else []:
                merged[host.lower()] = [*merged.get(host.lower(), []), *routes]
        if (server.get("tls") or {}).get("httpsRedirect"):
            redirected.update(_bare(host).lower() for host in server.get("hosts") or [])
    found: list[Object] = []
    for name in dict.fromkeys([*merged, *sorted(redirected)]):
        routes = merged.get(name, [])
        ordered = [r for r in routes if not is_catch_all(r["match"])] + [r for r in routes if is_catch_all(r["match"])]
        entry: Object = {"name": name, "routes": ordered}
        if any(intersection([name], [pattern]) for pattern in redirected):
            entry["require_tls"] = "ALL"
        found.append(entry)
    return found


def _hosts_for(server: Object, one: VirtualService, namespace: str) -> list[str]:
    """The server's hosts that VirtualServices of this namespace may use (``namespace/host``, ``./host``, ``host``)."""
    found: list[str] = []
    for host in server.get("hosts") or []:
        space, slash, _ = str(host).partition("/")
        allowed = not slash or space in ("*", one.namespace) or (space == "." and one.namespace == namespace)
        if allowed:
            found.append(_bare(host))
    return found


def _bare(host: str) -> str:
    return host.rpartition("/")[2]


def _port(server: Object) -> int:
    return int((server.get("port") or {}).get("number") or 0)


def _is_http(server: Object) -> bool:
    protocol = str((server.get("port") or {}).get("protocol") or "").upper()
    if protocol == "HTTPS" and (server.get("tls") or {}).get("mode") in ("PASSTHROUGH", "AUTO_PASSTHROUGH"):
        return False
    return protocol in _HTTP
