"""Traffic that passes no named route: it reaches the candidate at replica ratio as soon as its pods are ready.

Everything is read from objects. What they cannot tell is not listed: callers without a sidecar, and what other
gateways than Istio's do.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.core.objects import Object, name, namespace, where
from controller.routers.istio.delegates import holders, is_delegate, roots
from controller.routers.istio.hosts import EVERYBODY, EXACT, answers_in_mesh, closeness, exported, includes, overlap
from controller.routers.istio.names import MESH, inserted_by, ours
from controller.routers.istio.view import View, destinations, every_route, target, weight


def ways(view: View) -> list[str]:
    """Every way past the named routes, each a clause."""
    partly = [f"clients of {where(one)}, which they obey for {view.host}" for one in rivals(view, everywhere=False)]
    return [*_mesh(view), *partly, *_other_routes(view), *_service(view), *_ingresses(view)]


def rivals(view: View, *, everywhere: bool) -> list[Object]:
    """Other VirtualServices for the Service's host in the mesh: sidecars obey only one, of those whose host says most.

    ``everywhere``: those that all see who see the Release's; else those that only some of them do.
    """
    mine = [one for one in _answering(view) if answers_in_mesh(one, view.host)]
    spaces = [exported(one) for one in mine]
    closest = max((closeness(one, view.host) for one in mine), default=0)
    if not mine and _creates_for_mesh(view):
        spaces, closest = [EVERYBODY], EXACT
    return [
        one
        for one in view.found.list("VirtualService")
        if answers_in_mesh(one, view.host) and not any(where(one) == where(own) for own in mine)
        if not ours(one, view.release)  # what the Release named before goes as soon as the new one is right
        if closeness(one, view.host) >= closest
        if any(overlap(exported(one), space) for space in spaces)
        if all(includes(exported(one), space) for space in spaces) == everywhere
    ]


def _mesh(view: View) -> Iterator[str]:
    """Calls of the Service's own name by sidecars."""
    if not any(answers_in_mesh(one, view.host) for one in _answering(view)) and not _creates_for_mesh(view):
        yield (
            f"callers inside the mesh, since no VirtualService of this Release has the host {view.host} and the "
            "gateway mesh (list one more VirtualService, or add both to it)"
        )


def _answering(view: View) -> list[Object]:
    return [one for entry in view.virtual_services for one in holders(view.found, entry)]


def _creates_for_mesh(view: View) -> bool:
    return bool(view.missing) and MESH in view.release.traffic.router.gateways


def _other_routes(view: View) -> Iterator[str]:
    """Routes of any VirtualService to the Service as a whole."""
    for one in view.found.list("VirtualService"):
        found = _straight(view, one)
        if found and (not is_delegate(one) or roots(view.found, one)):
            yield f"{where(one)}, whose {', '.join(found)} to the Service without a subset"


def _straight(view: View, one: Object) -> list[str]:
    """The routes of a VirtualService that send requests to the Service without a subset, and are not the Release's."""
    places = view.named(one) if view.is_named(one) else []
    found = []
    for at, route in enumerate(every_route(one)):
        if at in places or inserted_by(route.get("name"), namespace(one)):
            continue
        entries = destinations(route)
        if any(
            view.is_service(one, target(entry)) and not target(entry).get("subset")
            for entry in entries
            if len(entries) == 1 or weight(entry)
        ):
            called = route.get("name")
            found.append(f"route {called!r} goes" if called else f"route number {at + 1} goes")
    return found


def _service(view: View) -> Iterator[str]:
    spec = (view.service or {}).get("spec") or {}
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        yield f"callers outside the mesh, since the Service is of type {spec['type']}"
    if spec.get("externalIPs"):
        yield "callers outside the mesh, since the Service has externalIPs"


def _ingresses(view: View) -> Iterator[str]:
    for one in view.found.list("Ingress", view.release.namespace):
        spec = one.get("spec") or {}
        rules = [rule.get("http") or {} for rule in spec.get("rules") or []]
        backends = [spec.get("defaultBackend") or {}]
        backends += [path.get("backend") or {} for rule in rules for path in rule.get("paths") or []]
        if any((backend.get("service") or {}).get("name") == view.release.traffic.service for backend in backends):
            yield f"Ingress {name(one)}"
