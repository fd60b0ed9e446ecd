"""Istio: DestinationRule subsets and VirtualService routes, in sidecar mode and at gateways."""

from __future__ import annotations

from controller.core.objects import Change, Delete, Found, Object, Ref, change, uid
from controller.core.release import Release
from controller.core.seen import RoutesSeen
from controller.core.traffic import Traffic
from controller.core.wanted import Wanted
from controller.routers.istio import rules, services
from controller.routers.istio.names import API, ours, revision_of
from controller.routers.istio.problems import problems

__all__ = ["Istio"]


class Istio:
    """Implements controller.routers.Router."""

    SUPPORTS = frozenset({"headers", "query-params", "tenths"})

    def reads(self, release: Release) -> tuple[Ref, ...]:
        router = release.traffic.router
        return (
            Ref("v1", "Service", release.namespace, release.traffic.service),
            Ref(API, "DestinationRule", release.namespace, router.destination_rule),
            *(Ref(API, "VirtualService", one.namespace, one.name) for one in router.virtual_services),
        )

    def see(self, release: Release, found: Found) -> RoutesSeen:
        weights: list[tuple[tuple[str, int], ...]] = []
        testers: set[str] = set()
        for one in _services(release, found):
            routes = services.http(one)
            places = services.named(release, one)
            weights += [services.shares(one, routes[place], release) for place in places]
            inserted = [route for route in routes if services.inserted(release, route)]
            testers |= {revision for route in inserted for revision, _ in services.shares(one, route, release)}
            if inserted and len(inserted) != len(places):
                testers.add("")
        agree = len(set(weights)) <= 1 and len(testers) <= 1 and _complete(release, found)
        return RoutesSeen(
            subsets=rules.present(rules.rule(release, found)),
            weights=weights[0] if weights else (),
            agree=agree,
            testers=next(iter(sorted(testers, reverse=True)), ""),
            named=_named(release, found),
            problems=problems(release, found),
        )

    def add_subsets(self, release: Release, wanted: Wanted, found: Found) -> tuple[Change, ...]:
        have = rules.rule(release, found)
        if not set(wanted.subsets) - rules.present(have):
            return ()
        made = change(have, rules.with_subsets(release, have, wanted.subsets))
        return (made,) if made else ()

    def routes(self, release: Release, wanted: Wanted, found: Found, *, fence: str, force: bool) -> tuple[Change, ...]:
        if wanted.traffic is None:
            return ()
        made = []
        for ref in release.traffic.router.virtual_services:
            have = found.get("VirtualService", ref.namespace, ref.name)
            want = _wanted(release, found, ref.namespace, ref.name, have, wanted.traffic)
            if have is None or force or change(have, want):
                write = change(have, services.fenced(want, fence))
                made += [write] if write else []
        return tuple(made)

    def remove_subsets(self, release: Release, wanted: Wanted, found: Found) -> tuple[Change, ...]:
        have = rules.rule(release, found)
        keep = frozenset(wanted.subsets) | _named(release, found)
        if have is None or rules.present(have) <= keep:
            return ()
        made = change(have, rules.without(have, keep))
        return (made,) if made else ()

    def restore(self, release: Release, found: Found) -> tuple[Change, ...]:
        made: list[Change] = []
        for one in _services(release, found):
            made += _given_back(one, release, services.restored(release, one))
        have = rules.rule(release, found)
        if have is not None:
            made += _given_back(have, release, rules.without(have, frozenset()))
        return tuple(made)


def _given_back(one: Object, release: Release, before: Object) -> list[Change]:
    if ours(one, release):
        return [
            Delete(Ref(one["apiVersion"], one["kind"], one["metadata"]["namespace"], one["metadata"]["name"]), uid(one))
        ]
    made = change(one, before)
    return [made] if made else []


def _wanted(
    release: Release, found: Found, namespace: str, name: str, have: Object | None, traffic: Traffic
) -> dict[str, object]:
    if have is None:
        return services.created(release, name, namespace, _port(release, found), traffic)
    return services.routed(release, have, traffic)


def _port(release: Release, found: Found) -> int | None:
    """The port to name in a destination: needed where the Service has several."""
    service = found.get("Service", release.namespace, release.traffic.service) or {}
    ports = (service.get("spec") or {}).get("ports") or []
    return release.traffic.port if len(ports) > 1 else None


def _services(release: Release, found: Found) -> list[Object]:
    refs = release.traffic.router.virtual_services
    objects = (found.get("VirtualService", ref.namespace, ref.name) for ref in refs)
    return [one for one in objects if one is not None]


def _complete(release: Release, found: Found) -> bool:
    return len(_services(release, found)) == len(release.traffic.router.virtual_services)


def _named(release: Release, found: Found) -> frozenset[str]:
    """Every revision that any route anywhere names, mirrors too: its subset must stay."""
    names: set[str] = set()
    for one in found.list("VirtualService"):
        spec = one.get("spec") or {}
        for route in [*(spec.get("http") or []), *(spec.get("tcp") or []), *(spec.get("tls") or [])]:
            targets = [entry.get("destination") or {} for entry in route.get("route") or []]
            targets += [route.get("mirror") or {}]
            targets += [entry.get("destination") or {} for entry in route.get("mirrors") or []]
            names |= {
                revision_of(target["subset"])
                for target in targets
                if target.get("subset") and services.is_service(one, target, release)
            }
    return frozenset(names - {""})
