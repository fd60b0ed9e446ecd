"""VirtualServices as istiod holds them: names resolved, delegates merged in, oldest first."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from controller.sandbox.client import Key, Object
from controller.sandbox.mesh.translate.delegates import merge_routes
from controller.sandbox.mesh.translate.hosts import MESH, export_set, resolve, resolve_gateway, visible
from controller.sandbox.mesh.translate.registry import Snapshot
from controller.sandbox.mesh.translate.unreadable import reading


@dataclass(frozen=True)
class VirtualService:
    """``http``, ``tls`` and ``tcp`` are the routes of the spec with every host and gateway name resolved."""

    name: str
    namespace: str
    created: str
    hosts: tuple[str, ...]
    gateways: tuple[str, ...]
    exported: frozenset[str]
    http: list[Object]
    tls: list[Object]
    tcp: list[Object]

    @property
    def key(self) -> Key:
        return self.namespace, self.name


def virtual_services(snapshot: Snapshot) -> list[VirtualService]:
    """Every VirtualService with hosts, its delegates merged in; delegates themselves are left out."""
    everyone = []
    for (namespace, name), item in snapshot["virtualservices"].items():
        with reading("VirtualService", namespace, name):
            everyone.append(_read(item))
    everyone.sort(key=_age)
    delegates = {one.key: one for one in everyone if not one.hosts}
    return [_with_delegates(one, delegates) for one in everyone if one.hosts]


def bound_to(found: Iterable[VirtualService], gateway: str, namespace: str) -> list[VirtualService]:
    """Those of a gateway (or ``mesh``) that a proxy in ``namespace`` sees, in istiod's order.

    The proxy's own private ones come first, then those exported to its namespace by name, then the public ones;
    within each group the oldest first.
    """

    def group(one: VirtualService) -> int:
        if one.exported == {namespace} and one.namespace == namespace:
            return 0
        return 2 if visible(one.exported, "") else 1

    mine = [one for one in found if gateway in one.gateways and visible(one.exported, namespace)]
    return sorted(mine, key=group)  # stable: the age decides within a group


def _age(one: VirtualService) -> tuple[str, str, str]:
    return one.created, one.name, one.namespace


def _read(item: Object) -> VirtualService:
    metadata = item["metadata"]
    namespace = metadata.get("namespace", "")
    spec = copy.deepcopy(item.get("spec") or {})
    for route in spec.get("http") or []:
        _resolve_route(route, namespace)
        targets = [route.get("mirror"), *(one.get("destination") for one in route.get("mirrors") or [])]
        for destination in targets:
            _resolve_destination(destination, namespace)
    for route in [*(spec.get("tls") or []), *(spec.get("tcp") or [])]:
        _resolve_route(route, namespace)
    return VirtualService(
        name=metadata["name"],
        namespace=namespace,
        created=metadata.get("creationTimestamp", ""),
        hosts=tuple(resolve(host, namespace) for host in spec.get("hosts") or ()),
        gateways=tuple(resolve_gateway(name, namespace) for name in spec.get("gateways") or (MESH,)),
        exported=export_set(spec.get("exportTo"), namespace),
        http=spec.get("http") or [],
        tls=spec.get("tls") or [],
        tcp=spec.get("tcp") or [],
    )


def _resolve_route(route: Object, namespace: str) -> None:
    for one in route.get("route") or []:
        _resolve_destination(one.get("destination"), namespace)
    for match in route.get("match") or []:
        if match.get("gateways"):
            match["gateways"] = [resolve_gateway(name, namespace) for name in match["gateways"]]


def _resolve_destination(destination: dict[str, Any] | None, namespace: str) -> None:
    if destination and destination.get("host"):
        destination["host"] = resolve(destination["host"], namespace)


def _with_delegates(root: VirtualService, delegates: dict[Key, VirtualService]) -> VirtualService:
    """Each route that delegates is replaced by the delegate's; a missing or invisible delegate drops the route."""
    if not any(route.get("delegate") for route in root.http):
        return root
    merged: list[Object] = []
    for route in root.http:
        reference = route.get("delegate")
        if not reference:
            merged.append(route)
            continue
        delegate = delegates.get((reference.get("namespace") or root.namespace, reference.get("name", "")))
        if delegate is not None and visible(delegate.exported, root.namespace):
            merged.extend(merge_routes(route, delegate.http))
    return VirtualService(**{**root.__dict__, "http": merged})
