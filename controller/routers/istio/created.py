"""A VirtualService of our own: hosts, gateways and routes as the Release asks for them."""

from __future__ import annotations

from typing import Any

from controller.core.objects import namespace
from controller.core.release import ObjectRef
from controller.routers.istio.delegates import holders
from controller.routers.istio.hosts import exported, in_full
from controller.routers.istio.names import MESH, ours
from controller.routers.istio.view import Route, View, http


def new_spec(view: View, ref: ObjectRef) -> dict[str, Any]:
    """The spec, with routes that still name no subset."""
    router = view.release.traffic.router
    hosts = list(router.hosts)
    # Callers inside the mesh use the Service's own name, whatever else it is called.
    in_mesh = MESH in router.gateways and view.host not in [in_full(host, ref.namespace) for host in hosts]
    if in_mesh or not hosts:
        hosts.append(view.host)
    spec: dict[str, Any] = {"hosts": hosts}
    if router.gateways != (MESH,):
        spec["gateways"] = list(router.gateways)
    export = _export_to(view)
    if export:
        spec["exportTo"] = export
    spec["http"] = _routes(view, ref)
    return spec


def export_to(view: View) -> list[str]:
    """The explicit ``exportTo`` of a DestinationRule that we create: whoever sees the routes sees their subsets."""
    users = [one for one in view.virtual_services if not ours(one, view.release)]
    spaces = [exported(holder) for one in users for holder in holders(view.found, one)]
    if not spaces or view.missing or any("*" in one for one in spaces):
        return ["*"]
    return sorted(frozenset().union(*spaces))


def several_ports(view: View) -> bool:
    return len(((view.service or {}).get("spec") or {}).get("ports") or []) > 1


def route_name(view: View) -> str:
    """The name of the route that we create: the first wanted one that no VirtualService of the user has."""
    theirs = {route.get("name") for one in view.virtual_services if not ours(one, view.release) for route in http(one)}
    wanted = view.release.traffic.router.routes
    return next((name for name in wanted if name not in theirs), wanted[0] if wanted else "primary")


def _export_to(view: View) -> list[str]:
    """As the DestinationRule says, where it says it; the mesh's default for both where it does not."""
    rule = view.rule
    if rule is None:
        return export_to(view)
    listed = (rule.get("spec") or {}).get("exportTo") or []
    return sorted({namespace(rule) if entry == "." else str(entry) for entry in listed})


def _routes(view: View, ref: ObjectRef) -> list[Route]:
    """One route; where the Service has several ports it is for the one that is released, in the mesh by its match."""
    target: dict[str, Any] = {"host": view.host}
    called, port = route_name(view), view.release.traffic.port
    if not several_ports(view) or port is None:
        return [{"name": called, "route": [{"destination": target}]}]
    target["port"] = {"number": port}
    gateways = [one for one in view.release.traffic.router.gateways if one != MESH]
    entries = [{"destination": target}]
    if len(gateways) == len(view.release.traffic.router.gateways):
        return [{"name": called, "route": entries}]
    routes: list[Route] = [{"name": called, "match": [{"gateways": [MESH], "port": port}], "route": entries}]
    if gateways:
        routes.append({"name": f"{called}-gateways", "match": [{"gateways": gateways}], "route": entries})
    return routes
