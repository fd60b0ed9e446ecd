"""One VirtualService's HTTP routes for one port of one proxy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controller.sandbox.client import Object
from controller.sandbox.mesh.translate.actions import Choices, act
from controller.sandbox.mesh.translate.match import applies, is_catch_all, route_match
from controller.sandbox.mesh.translate.policy import hash_policy
from controller.sandbox.mesh.translate.unreadable import reading
from controller.sandbox.mesh.translate.virtual_services import VirtualService
from controller.sandbox.mesh.translate.world import View

Registry = Mapping[str, Sequence[int]]
"""Ports by host. Of a destination without a port: a host's only port, else the port that the request came to."""


def http_routes(view: View, one: VirtualService, port: int, gateway: str, registry: Registry) -> list[Object]:
    """Each match is a route of its own, in order; nothing comes after one that matches everything."""
    with reading("VirtualService", one.namespace, one.name):
        return _routes(view, one, port, gateway, _choices(view, port, registry))


def _routes(view: View, one: VirtualService, port: int, gateway: str, choices: Choices) -> list[Object]:
    found: list[Object] = []
    source = view.source
    for route in one.http:
        matches: list[Object | None] = list(route.get("match") or []) or [None]
        for match in matches:
            if not applies(match, gateway=gateway, namespace=source.namespace, labels=source.labels, port=port):
                continue
            conditions = route_match(match)
            found.append({"name": _name(route, match), "match": conditions, **act(route, port, choices)})
            if is_catch_all(conditions):
                return found
    return found


def destination_port(destination: Object, port: int, registry: Registry) -> int:
    """The port of the cluster that a destination means."""
    if destination.get("port"):
        return int(destination["port"].get("number") or 0)
    ports = registry.get(destination["host"], ())
    return ports[0] if len(ports) == 1 else port


def _choices(view: View, port: int, registry: Registry) -> Choices:
    def cluster(destination: Object) -> str:
        number = destination_port(destination, port, registry)
        return view.cluster(destination["host"], number, destination.get("subset") or "")

    def hashing(destination: Object) -> Any:
        service = view.service(destination["host"])
        if service is None:
            return None
        number = (destination.get("port") or {}).get("number")
        return hash_policy(view.rule(service), destination.get("subset") or "", number)

    return Choices(cluster=cluster, hashing=hashing, shadow_suffix=view.shadow_suffix)


def _name(route: Object, match: Object | None) -> str:
    name = str(route.get("name") or "")
    return f"{name}.{match['name']}" if match and match.get("name") else name
