"""Why the objects found cannot be used: one sentence each, with the remedy. Empty when they can."""

from __future__ import annotations

from collections.abc import Iterator

from controller.core.objects import Object, where
from controller.core.release import Unsplit
from controller.routers.istio import notes
from controller.routers.istio.created import route_name
from controller.routers.istio.delegates import dropped, is_delegate, roots
from controller.routers.istio.hosts import in_full
from controller.routers.istio.names import MESH, ORIGINAL, ours
from controller.routers.istio.obeyed import hiding
from controller.routers.istio.routes import merged_into
from controller.routers.istio.testers import matches_with
from controller.routers.istio.unsplit import rivals, ways
from controller.routers.istio.view import Route, View, destinations, http, target

_FIELD = "spec.traffic.istio"
_NO_HTTP = ("tcp", "tls", "https", "udp", "mongo", "mysql", "redis")
"""What a port's name begins with, or its appProtocol is, where Istio knows no http routes."""


def problems(view: View, *, splitting: bool) -> tuple[str, ...]:
    """Everything that is wrong, at once.

    ``splitting``: requests are divided now. A way past the routes that opens in the middle of a release does not hold
    it up, since what comes next may be the way home; it is told when the release is over.
    """
    found = [*_service(view), *_rule(view), *_routes(view), *_testers(view)]
    if not splitting:
        found += _rivals(view)
    past = [] if found or splitting or view.release.traffic.unsplit is Unsplit.ALLOW else ways(view)
    if past:
        found.append(
            f"spec.traffic.unsplit: requests reach Service {view.release.traffic.service} past the routes, and with "
            f"them any new revision at once: {'; '.join(past)}. Close these ways, or write unsplit: allow"
        )
    return tuple(found)


def _rivals(view: View) -> Iterator[str]:
    for one in rivals(view, everywhere=True):
        yield (
            f"{_FIELD}.virtualService: {where(one)} answers for {view.host} in the mesh already, and Istio obeys one "
            "only; name that one, or take the host or the gateway mesh out of it"
        )


def _service(view: View) -> Iterator[str]:
    traffic = view.release.traffic
    if view.service is None:
        yield f"spec.traffic.service: there is no Service {view.release.namespace}/{traffic.service}; create it"
        return
    spec = view.service.get("spec") or {}
    ports = spec.get("ports") or []
    numbers = [port.get("port") for port in ports]
    listed = ", ".join(str(number) for number in numbers)
    if spec.get("type") == "ExternalName":
        yield f"spec.traffic.service: {traffic.service} is an ExternalName without pods; name one that selects them"
    if traffic.port is not None and traffic.port not in numbers:
        yield f"spec.traffic.port: Service {traffic.service} has no port {traffic.port}; it has {listed or 'none'}"
    if traffic.port is None and len(ports) > 1:
        yield f"spec.traffic.port: Service {traffic.service} has several ports; choose one of {listed}"
    for port in ports:
        protocol = str(port.get("appProtocol") or str(port.get("name") or "").partition("-")[0]).lower()
        if protocol in _NO_HTTP and (port.get("port") == traffic.port or len(ports) == 1):
            yield (
                f"spec.traffic.port: port {port.get('port')} of Service {traffic.service} is {protocol} by its name or "
                "appProtocol, and Istio divides requests of http, http2 and grpc only; choose or rename the port"
            )
    if spec.get("clusterIP") == "None" and _in_mesh(view):
        yield (
            f"spec.traffic.service: {traffic.service} is headless, and sidecars ignore weights there; "
            "give it a cluster IP, or name only gateways"
        )


def _in_mesh(view: View) -> bool:
    holders = [root for one in view.virtual_services for root, _ in roots(view.found, one)]
    holders += [one for one in view.virtual_services if not is_delegate(one)]
    asked = [(one.get("spec") or {}).get("gateways") or [MESH] for one in holders]
    asked += [list(view.release.traffic.router.gateways)] if view.missing else []
    return any(MESH in gateways for gateways in asked)


def _rule(view: View) -> Iterator[str]:
    one = view.rule
    host = ((one or {}).get("spec") or {}).get("host", "")
    if one is not None and in_full(str(host), view.release.namespace) != view.host:
        yield (
            f"{_FIELD}.destinationRule: {view.release.traffic.router.destination_rule} is for the host {host}, "
            f"not for {view.host}; name the rule of that host, or a name that is free"
        )
    yield from hiding(view)


def _routes(view: View) -> Iterator[str]:
    wanted = view.release.traffic.router.routes
    users = [one for one in view.virtual_services if not ours(one, view.release)]
    created = len(users) < len(view.release.traffic.router.virtual_services)
    everywhere = {name for one in users for name in _names(view, one)} | ({route_name(view)} if created else set())
    for name in wanted:
        if name not in everywhere:
            listed = ", ".join(sorted(name for name in everywhere if name)) or "none"
            how = "has no http route" if len(users) == 1 else "and no other VirtualService of the Release has a route"
            place = ", ".join(str(ref) for ref in view.release.traffic.router.virtual_services)
            yield f"{_FIELD}.routes: VirtualService {place} {how} named {name!r}; the named routes are {listed}"
    for one in users:
        yield from _chosen(view, one)
        for at in view.named(one):
            yield from _destinations(view, one, http(one)[at])
        if is_delegate(one) and not roots(view.found, one):
            yield (
                f"{_FIELD}.virtualService: {where(one)} has no hosts, which makes it a delegate, but no VirtualService "
                "that may see it delegates to it; add hosts, or a route elsewhere with this delegate"
            )


def _names(view: View, one: Object) -> list[str]:
    return [str(http(one)[at].get("name") or "") for at in view.own_routes(one)]


def _chosen(view: View, one: Object) -> Iterator[str]:
    """Which routes are meant."""
    wanted, names = view.release.traffic.router.routes, _names(view, one)
    listed = ", ".join(name for name in names if name) or "none"
    for name in wanted:
        if names.count(name) > 1:
            yield f"{_FIELD}.routes: {where(one)} has several http routes named {name!r}; give each its own name"
    if wanted and not set(wanted) & set(names):
        yield (
            f"{_FIELD}.routes: {where(one)} has none of the routes named, only {listed}; name one of its routes too, "
            "or take it off the list"
        )
    if not wanted and len(names) != 1:
        what = f"has {len(names)} http routes" if names else "has no http route"
        hint = "; give a name to each that you mean" if "" in names else ""
        yield f"{_FIELD}.routes: {where(one)} {what}; name those to be split (it names {listed}){hint}"
    for rival, routes in notes.others(one, ORIGINAL, view.release).items():
        for name in {names[at] for at in range(len(names)) if view.own_routes(one)[at] in view.named(one)}:
            if isinstance(routes, dict) and name in routes:
                title = f"route {name!r}" if name else "the route"
                yield (
                    f"{_FIELD}.routes: {title} of {where(one)} is divided by the Release {rival}; name another, or "
                    "delete one of the two Releases"
                )


def _destinations(view: View, one: Object, route: Route) -> Iterator[str]:
    """Whether a named route is one whose destinations can be ours."""
    title = f"{where(one)}: route {route['name']!r}" if route.get("name") else f"{where(one)}: the route"
    instead = next((field for field in ("redirect", "directResponse", "delegate") if route.get(field)), "")
    if instead:
        more = " (list the delegate itself as virtualService)" if instead == "delegate" else ""
        yield f"{_FIELD}.routes: {title} has {instead} and sends no request to a Service; name another{more}"
    elif not destinations(route):
        yield f"{_FIELD}.routes: {title} has no destination; give it one, or name another route"
    others = [target(entry) for entry in destinations(route) if not view.is_service(one, target(entry))]
    for host in dict.fromkeys(str(destination.get("host", "")) for destination in others):
        yield (
            f"{_FIELD}.routes: {title} also goes to {host}, which is not Service {view.release.traffic.service}; "
            "take that destination out, or name another route"
        )


def _testers(view: View) -> Iterator[str]:
    """Whether testers can be told apart before each named route."""
    testers = view.release.strategy.testers
    if not testers:
        return
    field = "spec.strategy.canary.testers"
    reached = bool(view.missing) or any(ours(one, view.release) for one in view.virtual_services)
    for one in view.virtual_services:
        for at in view.named(one):
            route = http(one)[at]
            title = f"route {route['name']!r} of {where(one)}" if route.get("name") else f"the route of {where(one)}"
            matches, failed = matches_with(route, testers, merged_into(view, one))
            reached = reached or bool(matches)
            for what in failed:
                yield f"{field}: {title} asks for another value of the same {what}; use another header for testers"
            for root, handing in roots(view.found, one) if is_delegate(one) else ():
                if matches and dropped(handing, matches):
                    yield (
                        f"{field}: Istio would drop the testers' route before {title}, since it contradicts the match "
                        f"with which {where(root)} delegates to it; use another header for testers"
                    )
    if view.virtual_services and not reached and any(view.named(one) for one in view.virtual_services):
        yield f"{field}: no request meets both a tester's condition and the match of a named route; use another header"
