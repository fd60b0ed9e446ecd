"""The HTTP routes of a sidecar, and of a client without one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from controller.sandbox.client import Key, Object
from controller.sandbox.mesh.translate.actions import default_route
from controller.sandbox.mesh.translate.hosts import MESH, HostSet, domains, is_wildcard, matches
from controller.sandbox.mesh.translate.policy import hash_policy
from controller.sandbox.mesh.translate.registry import Service
from controller.sandbox.mesh.translate.routes import http_routes
from controller.sandbox.mesh.translate.virtual_services import VirtualService, bound_to
from controller.sandbox.mesh.translate.world import View


def sidecar_hosts(view: View) -> list[Object]:
    """Virtual hosts for every port of every visible Service, and for other hosts of VirtualServices at port 80.

    A sidecar listens on each port; here one listener serves them all, and the port in the Host header tells which is
    meant (none: the Service's port 80, else its first). A host that nothing knows answers 502, as a mesh does with
    outboundTrafficPolicy REGISTRY_ONLY.
    """
    found = bound_to(view.world.virtual_services, MESH, view.source.namespace)
    owners = _owners(view, found)
    numbers = {port.number for service in view.services for port in service.ports if port.is_http} | {80}
    hosts = _Hosts()
    for port in sorted(numbers):
        _port(view, port, found, owners, hosts)
    return hosts.finish()


def plain_hosts(view: View) -> list[Object]:
    """What kube-proxy does: the Service's pods and nothing else."""
    hosts = _Hosts()
    for service in view.services:
        for port in service.ports:
            if port.is_http:
                route = {
                    "match": {"prefix": "/"},
                    "route": {"cluster": view.cluster(service.host, port.number), "timeout": "0s"},
                }
                hosts.add(service.host, port.number, _names(view, service, port.number), [route])
    return hosts.finish()


class _Hosts:
    """Virtual hosts whose domains are unique: the first to name a domain has it."""

    def __init__(self) -> None:
        self._found: list[Object] = []
        self._taken: set[str] = set()

    def add(self, host: str, port: int, names: Iterable[str], routes: list[Object]) -> None:
        free = [name for name in dict.fromkeys(names) if name.lower() not in self._taken]
        if free:
            self._taken.update(name.lower() for name in free)
            found: Object = {"name": f"{host}:{port}", "domains": free, "routes": routes}
            self._found.append(found | {"include_request_attempt_count": True})

    def finish(self) -> list[Object]:
        if "*" not in self._taken:
            refuse = {"name": "block_all", "match": {"prefix": "/"}, "direct_response": {"status": 502}}
            self._found.append({"name": "block_all", "domains": ["*"], "routes": [refuse]})
        return self._found


def _owners(view: View, found: list[VirtualService]) -> Mapping[str, Key]:
    """Which VirtualService a Service's host obeys: the first that names it, else the narrowest wildcard's first."""
    named: dict[str, Key] = {}
    for one in found:
        for host in one.hosts:
            named.setdefault(host, one.key)
    known = HostSet(named)
    best = {service.host: known.most_specific(service.host) for service in view.services}
    return {host: named[name] for host, name in best.items() if name is not None}


def _port(view: View, port: int, found: list[VirtualService], owners: Mapping[str, Key], hosts: _Hosts) -> None:
    """One port of istiod's route configuration: VirtualServices first, then Services without one."""
    registry = {service.host: service for service in view.services if (own := service.port(port)) and own.is_http}
    left = dict(registry)
    for one in found:
        services, others = _named(one, registry, owners)
        if port != 80 and not services:
            continue
        routes = http_routes(view, one, port, MESH, {service.host: (port,) for service in registry.values()})
        if not routes:
            continue  # no route for this port and this source: the Services keep their plain routing
        for host in others:
            # Without a port in the Host header a Service's name means the Service's own port, not this one.
            bare = port == 80 and view.service(host) is None
            hosts.add(host, port, _with_port(host, port, default=bare), routes)
        for service in services:
            hosts.add(service.host, port, _names(view, service, port), routes)
            left.pop(service.host, None)
    for service in left.values():
        route = default_route(view.cluster(service.host, port), hash_policy(view.rule(service), "", port))
        hosts.add(service.host, port, _names(view, service, port), [route])


def _named(
    one: VirtualService, registry: Mapping[str, Service], owners: Mapping[str, Key]
) -> tuple[list[Service], list[str]]:
    """The Services of this port that a VirtualService rules, and its hosts that are no Service."""
    services = [registry[host] for host in one.hosts if host in registry]
    others = [host for host in one.hosts if not is_wildcard(host) and host not in registry]
    for pattern in filter(is_wildcard, one.hosts):
        hit = [host for host in registry if matches(pattern, host)]
        services.extend(registry[host] for host in hit if owners.get(host) == one.key and host not in one.hosts)
        if not hit:
            others.append(pattern)
    return services, others


def _names(view: View, service: Service, port: int) -> list[str]:
    names = domains(service.host, view.source.namespace)
    if service.headless:
        names += [f"*.{name}" for name in names]
    names += list(service.addresses)
    return [each for name in names for each in _with_port(name, port, default=port == service.default_port)]


def _with_port(name: str, port: int, *, default: bool) -> list[str]:
    shown = f"[{name}]" if ":" in name else name
    return [f"{shown}:{port}", shown] if default else [f"{shown}:{port}"]
