"""The objects of a cluster that a Release is about, read once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from controller.cli.cluster import RELEASE, Session
from controller.cluster import Kind
from controller.core.objects import FoundObjects, Object, Ref
from controller.core.release import Release
from controller.core.status import Status
from controller.crd import status_from_wire
from controller.errors import NotFound
from controller.routers import router_of
from controller.workloads import workload_of


@dataclass(frozen=True)
class Live:
    """``installed``: whether the Release is in the cluster already; then ``status`` is its own."""

    objects: list[Object]
    status: Status
    installed: bool


async def look(session: Session, release: Release) -> Live:
    """Everything that the router and the workload look at. Raises ClusterError."""
    space = release.namespace
    refs = {
        Ref("apps/v1", "Deployment", space),
        Ref("apps/v1", "ReplicaSet", space),
        *router_of(release).reads(release),
    }
    objects: dict[tuple[str, str, str], Object] = {}
    asked: set[Ref] = set()
    while more := sorted(refs - asked):  # a template that was read names ConfigMaps
        asked |= refs
        for found in await asyncio.gather(*(_read(session, ref) for ref in more)):
            objects |= {
                (one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]): one for one in found
            }
        refs |= set(workload_of(release).reads(release, FoundObjects(objects.values())))
    try:
        own = await session.cluster.get(RELEASE, space, release.name)
    except NotFound:
        return Live(list(objects.values()), Status(), installed=False)
    return Live(list(objects.values()), status_from_wire(own.get("status")), installed=True)


async def _read(session: Session, ref: Ref) -> list[Object]:
    kind = Kind.of(ref.api, ref.kind)
    try:
        if ref.name:
            return [await session.cluster.get(kind, ref.namespace, ref.name, metadata_only=not ref.whole)]
        return list(await session.cluster.list(kind, ref.namespace))
    except NotFound:  # there is none, or Istio is not installed: the router says what that means
        return []
