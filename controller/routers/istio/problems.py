"""Why the objects found cannot be used: one sentence each, with the remedy. Empty when they can."""

from __future__ import annotations

from collections.abc import Iterator

from controller.core.objects import Found, Object
from controller.core.release import Release
from controller.routers.istio import rules, services
from controller.routers.istio.names import in_full, service_host

_FIELD = "spec.traffic.istio"


def problems(release: Release, found: Found) -> tuple[str, ...]:
    """Everything that is wrong, at once."""
    return (*_service(release, found), *_rule(release, found), *_routes(release, found))


def _service(release: Release, found: Found) -> Iterator[str]:
    traffic = release.traffic
    service = found.get("Service", release.namespace, traffic.service)
    if service is None:
        yield f"spec.traffic.service: there is no Service {release.namespace}/{traffic.service}; create it"
        return
    spec = service.get("spec") or {}
    ports = [port.get("port") for port in spec.get("ports") or []]
    listed = ", ".join(str(port) for port in ports)
    if traffic.port is not None and traffic.port not in ports:
        yield f"spec.traffic.port: Service {traffic.service} has no port {traffic.port}; it has {listed}"
    if traffic.port is None and len(ports) > 1:
        yield f"spec.traffic.port: Service {traffic.service} has several ports; choose one of {listed}"
    if spec.get("clusterIP") == "None" and "mesh" in traffic.router.gateways:
        yield (
            f"spec.traffic.service: {traffic.service} is headless, and sidecars ignore weights there; "
            "give it a cluster IP, or name only gateways"
        )


def _rule(release: Release, found: Found) -> Iterator[str]:
    one = rules.rule(release, found)
    if one is None:
        return
    host = (one.get("spec") or {}).get("host", "")
    if in_full(host, release.namespace) != service_host(release):
        yield (
            f"{_FIELD}.destinationRule: {release.traffic.router.destination_rule} is for the host {host}, "
            f"not for {service_host(release)}; name the rule of that host, or a name that is free"
        )


def _routes(release: Release, found: Found) -> Iterator[str]:
    for ref in release.traffic.router.virtual_services:
        one = found.get("VirtualService", ref.namespace, ref.name)
        if one is not None:
            yield from _named(release, one, str(ref))


def _named(release: Release, one: Object, where: str) -> Iterator[str]:
    routes = [route for route in services.http(one) if not services.inserted(release, route)]
    names = [str(route.get("name", "")) for route in routes]
    listed = ", ".join(name for name in names if name) or "none"
    wanted = release.traffic.router.routes
    for name in wanted:
        if names.count(name) != 1:
            how = "no http route" if name not in names else "several http routes"
            yield f"{_FIELD}.routes: VirtualService {where} has {how} named {name!r}; its named routes are {listed}"
    if not wanted and len(routes) != 1:
        what = f"has {len(routes)} http routes" if routes else "has no http route"
        yield f"{_FIELD}.routes: VirtualService {where} {what}; name those to be split (it names {listed})"
        return
    for place in services.named(release, one):
        route = services.http(one)[place]
        title = f"route {route['name']!r}" if route.get("name") else "the route"
        if not route.get("route"):
            yield f"VirtualService {where}: {title} has no destination; give it one, or name another route"
        for entry in route.get("route") or []:
            destination = entry.get("destination") or {}
            if not services.is_service(one, destination, release):
                yield (
                    f"VirtualService {where}: {title} also goes to {destination.get('host')}, which is not Service "
                    f"{release.traffic.service}; take that destination out, or name another route"
                )
