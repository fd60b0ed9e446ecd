"""One pass's objects through the eyes of one Release: which routes and destinations are its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from controller.core.objects import Found, Object, Ref, name, namespace
from controller.core.release import ObjectRef, Release
from controller.routers.istio import notes
from controller.routers.istio.hosts import in_full
from controller.routers.istio.names import API, REVISION_LABEL, SUBSETS, inserted_by, ours, revision_of, service_host

Route = dict[str, Any]
Destination = dict[str, Any]


@dataclass(frozen=True)
class View:
    """Reads only. The objects are shared with everybody else's view."""

    release: Release
    found: Found

    @cached_property
    def host(self) -> str:
        """The Service's name in full."""
        return service_host(self.release)

    @cached_property
    def service(self) -> Object | None:
        return self.found.get("Service", self.release.namespace, self.release.traffic.service)

    @cached_property
    def rule(self) -> Object | None:
        """The DestinationRule that the Release names."""
        return self.found.get("DestinationRule", self.release.namespace, self.release.traffic.router.destination_rule)

    @cached_property
    def virtual_services(self) -> tuple[Object, ...]:
        """The VirtualServices that the Release names, those that are there."""
        found = (self.get(ref) for ref in self.release.traffic.router.virtual_services)
        return tuple(one for one in found if one is not None)

    @cached_property
    def missing(self) -> tuple[ObjectRef, ...]:
        """The VirtualServices that the Release names and that we have to create."""
        return tuple(ref for ref in self.release.traffic.router.virtual_services if self.get(ref) is None)

    @cached_property
    def foreign_subsets(self) -> frozenset[str]:
        """Subsets that only look like ours: somebody's own name begins as ours do."""
        added = (notes.read(self.rule, SUBSETS, self.release) or []) if self.rule else []
        return frozenset(
            entry.get("name", "")
            for entry in subsets(self.rule)
            if REVISION_LABEL not in (entry.get("labels") or {}) and entry.get("name") not in added
        )

    def get(self, ref: ObjectRef) -> Object | None:
        return self.found.get("VirtualService", ref.namespace, ref.name)

    def is_named(self, one: Object) -> bool:
        """Whether the Release names this VirtualService."""
        return ObjectRef(namespace(one), name(one)) in self.release.traffic.router.virtual_services

    def is_service(self, one: Object, destination: Destination) -> bool:
        """Whether a destination of this VirtualService is the Release's Service."""
        return in_full(str(destination.get("host", "")), namespace(one)) == self.host

    def revision(self, one: Object, destination: Destination) -> str:
        """The revision that a destination of this VirtualService names, "" when it names none of ours."""
        chosen = str(destination.get("subset") or "")
        mine = chosen not in self.foreign_subsets and self.is_service(one, destination)
        return revision_of(chosen) if mine else ""

    def inserted(self, one: Object, route: Route) -> bool:
        """Whether this Release put the route there."""
        return inserted_by(route.get("name"), namespace(one)) == str(self.release.ref)

    def own_routes(self, one: Object) -> list[int]:
        """The places of http routes that no Release put there."""
        return [at for at, route in enumerate(http(one)) if not inserted_by(route.get("name"), namespace(one))]

    def named(self, one: Object) -> list[int]:
        """The places of the routes whose destinations are the Release's, in order.

        None where it is not clear which are meant: a name that two routes bear, no name and several routes.
        """
        places, routes = self.own_routes(one), http(one)
        if ours(one, self.release):
            return places
        wanted = self.release.traffic.router.routes
        if not wanted:
            return places if len(places) == 1 else []
        names = [routes[at].get("name") for at in places]
        return [at for at in places if routes[at].get("name") in wanted and names.count(routes[at].get("name")) == 1]

    def shares(self, one: Object, route: Route) -> tuple[tuple[str, int], ...]:
        """(revision, per mille) of a route; () when it does not send everything to revisions of ours."""
        entries = destinations(route)
        total = sum(weight(entry) for entry in entries)
        found: dict[str, int] = {}
        for entry in entries:
            revision = self.revision(one, target(entry))
            if not revision:
                return ()
            share = 1000 if len(entries) == 1 else (weight(entry) * 1000 // total if total else 0)
            found[revision] = found.get(revision, 0) + share
        return tuple(sorted(found.items()))

    def all_revisions(self) -> frozenset[str]:
        """Every revision that any route anywhere names, copies by mirrors too: its subset must stay."""
        return frozenset(
            revision
            for one in self.found.list("VirtualService")
            for route in every_route(one)
            for destination in [*map(target, destinations(route)), *mirrors(route)]
            if (revision := self.revision(one, destination))
        )


def http(one: Object) -> list[Route]:
    """The http routes of a VirtualService."""
    return list((one.get("spec") or {}).get("http") or [])


def every_route(one: Object) -> list[Route]:
    """The routes of all protocols."""
    spec = one.get("spec") or {}
    return [*http(one), *(spec.get("tls") or []), *(spec.get("tcp") or [])]


def destinations(route: Route) -> list[dict[str, Any]]:
    """The weighted destinations of a route."""
    return list(route.get("route") or [])


def mirrors(route: Route) -> list[Destination]:
    """Where copies of its requests go."""
    return [route.get("mirror") or {}, *map(target, route.get("mirrors") or [])]


def target(entry: dict[str, Any]) -> Destination:
    return entry.get("destination") or {}


def weight(entry: dict[str, Any]) -> int:
    found = entry.get("weight")
    return found if isinstance(found, int) else 0


def subsets(rule: Object | None) -> list[dict[str, Any]]:
    """The subsets of a DestinationRule."""
    return list(((rule or {}).get("spec") or {}).get("subsets") or [])


def reads(release: Release) -> tuple[Ref, ...]:
    """All that any part of this router looks at. Other people's objects can hide ours or send requests past them."""
    return (
        Ref("v1", "Service", release.namespace, release.traffic.service),
        Ref("networking.k8s.io/v1", "Ingress", release.namespace),
        Ref(API, "DestinationRule"),
        Ref(API, "VirtualService"),
    )
