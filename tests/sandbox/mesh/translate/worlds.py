"""Snapshots for the translation's tests, and ways to look at what comes out."""

from __future__ import annotations

import json
from typing import Any

from controller.sandbox.mesh import SidecarClient, Source
from controller.sandbox.mesh.translate import sidecar
from controller.sandbox.mesh.translate.registry import Snapshot
from controller.sandbox.mesh.translate.world import KINDS, View, read
from tests.sandbox.mesh.backends import Object, metadata

WEB = SidecarClient("web", "shop", {"app": "web", "tier": "front"})


def snapshot(*items: Object) -> Snapshot:
    found: dict[str, dict[tuple[str, str], Object]] = {kind: {} for kind in KINDS}
    for item in items:
        plural = item["kind"].lower() + "s"
        found[plural][item["metadata"]["namespace"], item["metadata"]["name"]] = item
    return found


def view(*items: Object, source: Source = WEB, shadow_suffix: bool = False) -> View:
    return View(read(snapshot(*items)), source, shadow_suffix)


def hosts(*items: Object, source: Source = WEB) -> dict[str, Object]:
    """A sidecar's virtual hosts by domain."""
    return by_domain(sidecar.sidecar_hosts(view(*items, source=source)))


def by_domain(virtual_hosts: list[Object]) -> dict[str, Object]:
    found: dict[str, Object] = {}
    for host in virtual_hosts:
        for domain in host["domains"]:
            assert domain not in found, f"{domain} twice: Envoy refuses that"
            found[domain] = host
    return found


def clusters_of(host: Object) -> list[Any]:
    """What each route of a virtual host leads to: a cluster without the source, weights, or the action's name."""
    return [target(route) for route in host["routes"]]


def target(route: Object) -> Any:
    action = route.get("route")
    if action is None:
        return next(name for name in ("redirect", "direct_response") if name in route)
    if "cluster" in action:
        return short(action["cluster"])
    return {short(one["name"]): one["weight"] for one in action["weighted_clusters"]["clusters"]}


def short(cluster: str) -> str:
    """``port|subset|host`` without the namespace's suffix."""
    return cluster.partition("|outbound|")[2].replace(".svc.cluster.local", "")


def plain_pod(
    name: str,
    labels: dict[str, str],
    *,
    namespace: str = "shop",
    ports: dict[int, int] | None = None,
    owner: Object | None = None,
) -> Object:
    annotations = {"sandbox.sluice.dev/ports": json.dumps(ports if ports is not None else {8080: 30000})}
    owners = [owner] if owner else []
    meta = metadata(name, namespace, labels=labels, annotations=annotations, ownerReferences=owners)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta}


def at(item: Object, created: str) -> Object:
    """The object as created at a time (``2026-01-02T00:00:00Z``)."""
    return {**item, "metadata": {**item["metadata"], "creationTimestamp": created}}
