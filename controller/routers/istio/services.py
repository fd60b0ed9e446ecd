"""The VirtualService: destinations of the named routes, and the testers' routes before them."""

from __future__ import annotations

import copy
import json
from typing import Any

from controller.core.objects import Object
from controller.core.release import Release
from controller.core.traffic import MatchKind, TesterMatch, Traffic, ValueMatch, Weights
from controller.routers.istio.names import (
    API,
    FENCE,
    ORIGINAL,
    in_full,
    inserted_name,
    inserted_prefix,
    our_labels,
    ours,
    revision_of,
    service_host,
    subset,
)

Route = dict[str, Any]


def http(one: Object) -> list[Route]:
    """Its http routes."""
    return list((one.get("spec") or {}).get("http") or [])


def inserted(release: Release, route: Route) -> bool:
    """Whether we put this route there."""
    return str(route.get("name", "")).startswith(inserted_prefix(release))


def named(release: Release, one: Object) -> list[int]:
    """The places of the routes whose destinations are ours, in order."""
    routes = http(one)
    places = [place for place, route in enumerate(routes) if not inserted(release, route)]
    names = release.traffic.router.routes
    return [place for place in places if routes[place].get("name") in names] if names else places


def shares(one: Object, route: Route, release: Release) -> tuple[tuple[str, int], ...]:
    """(revision, per mille) of a route; () when it does not send everything to revisions of ours."""
    entries = route.get("route") or []
    found: dict[str, int] = {}
    total = sum(int(entry.get("weight") or 0) for entry in entries)
    for entry in entries:
        destination = entry.get("destination") or {}
        revision = revision_of(destination.get("subset", ""))
        if not revision or not is_service(one, destination, release):
            return ()
        weight = int(entry.get("weight") or 0)
        share = 1000 if len(entries) == 1 else (weight * 1000 // total if total else 0)
        found[revision] = found.get(revision, 0) + share
    return tuple(sorted(found.items()))


def is_service(one: Object, destination: dict[str, Any], release: Release) -> bool:
    """Whether a destination of this VirtualService is the Release's Service."""
    return in_full(destination.get("host", ""), one["metadata"].get("namespace", "")) == service_host(release)


def created(release: Release, name: str, namespace: str, port: int | None, traffic: Traffic) -> dict[str, Any]:
    """A VirtualService where there is none. For the mesh it always lists the Service's own host."""
    router = release.traffic.router
    hosts = list(router.hosts)
    if "mesh" in router.gateways and service_host(release) not in hosts:
        hosts.append(service_host(release))
    spec: dict[str, Any] = {"hosts": hosts or [service_host(release)]}
    if router.gateways != ("mesh",):
        spec["gateways"] = list(router.gateways)
    target: dict[str, Any] = {"host": service_host(release)}
    if port is not None:
        target["port"] = {"number": port}
    spec["http"] = [{"name": "primary", "route": [{"destination": target}]}]
    made = {
        "apiVersion": API,
        "kind": "VirtualService",
        "metadata": {"name": name, "namespace": namespace, "labels": our_labels(release)},
        "spec": spec,
    }
    return routed(release, made, traffic)


def routed(release: Release, one: Object, traffic: Traffic) -> dict[str, Any]:
    """The VirtualService with this traffic in its named routes; everything else is as it was found."""
    result = copy.deepcopy(dict(one))
    places = named(release, one)
    if not ours(one, release):
        _remember(result, places)
    routes: list[Route] = []
    number = 0
    for place, route in enumerate(http(result)):
        if inserted(release, route):
            continue
        if place in places:
            if traffic.testers is not None:
                matches = _tester_matches(route, traffic.testers.matches)
                if matches:
                    routes.append(_testers_route(release, number, route, traffic.testers.revision, matches))
            number += 1
            pattern = _pattern(route)
            route["route"] = _destinations(pattern, traffic.weights)
        routes.append(route)
    result["spec"]["http"] = routes
    return result


def restored(release: Release, one: Object) -> dict[str, Any]:
    """The VirtualService as the user had it."""
    result = copy.deepcopy(dict(one))
    annotations = result["metadata"].get("annotations") or {}
    originals = _originals(annotations.get(ORIGINAL, ""))
    kept = [route for route in http(result) if not inserted(release, route)]
    for place in named(release, {**result, "spec": {**result["spec"], "http": kept}}):
        before = originals.get(_key(kept, place))
        if before is not None:
            kept[place]["route"] = before
    result["spec"]["http"] = kept
    for key in (ORIGINAL, FENCE):
        annotations.pop(key, None)
    if not annotations:
        result["metadata"].pop("annotations", None)
    return result


def fenced(one: dict[str, Any], fence: str) -> dict[str, Any]:
    """The object with the version that its write follows from."""
    result = copy.deepcopy(one)
    result["metadata"].setdefault("annotations", {})[FENCE] = fence
    return result


def _remember(one: dict[str, Any], places: list[int]) -> None:
    """Keep the destinations as the user wrote them, once: what we wrote since is no original."""
    annotations = one["metadata"].get("annotations") or {}
    originals = _originals(annotations.get(ORIGINAL, ""))
    routes = http(one)
    for place in places:
        entries = routes[place].get("route") or []
        written_by_us = all(revision_of((entry.get("destination") or {}).get("subset", "")) for entry in entries)
        key = _key(routes, place)
        if entries and not (written_by_us and key in originals):
            originals[key] = entries
    if originals:
        one["metadata"].setdefault("annotations", {})[ORIGINAL] = json.dumps(
            originals, sort_keys=True, separators=(",", ":")
        )


def _originals(text: str) -> dict[str, list[Any]]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _key(routes: list[Route], place: int) -> str:
    """How the original of a route is found again: by its name, else as the only one."""
    return str(routes[place].get("name", ""))


def _pattern(route: Route) -> dict[str, Any]:
    """What each destination of a route has beside subset and weight: the host, its port, headers."""
    first = copy.deepcopy((route.get("route") or [{}])[0])
    first.pop("weight", None)
    first.get("destination", {}).pop("subset", None)
    result: dict[str, Any] = first
    return result


def _destinations(pattern: dict[str, Any], weights: Weights) -> list[dict[str, Any]]:
    """Weights sum to 100 where whole percents do, else to 1000."""
    whole = all(share % 10 == 0 for _, share in weights)
    entries = []
    for revision, share in weights:
        entry = _to(pattern, revision)
        if len(weights.shares) > 1:
            entry["weight"] = share // 10 if whole else share
        entries.append(entry)
    return entries


def _to(pattern: dict[str, Any], revision: str) -> dict[str, Any]:
    entry = copy.deepcopy(pattern)
    entry.setdefault("destination", {})["subset"] = subset(revision)
    return entry


def _testers_route(release: Release, number: int, route: Route, revision: str, matches: list[dict[str, Any]]) -> Route:
    copied = {key: copy.deepcopy(value) for key, value in route.items() if key not in _NOT_FOR_TESTERS}
    return {
        **copied,
        "name": inserted_name(release, number),
        "match": matches,
        "route": [_to(_pattern(route), revision)],
    }


_NOT_FOR_TESTERS = frozenset(
    {"name", "match", "route", "mirror", "mirrors", "mirrorPercentage", "mirrorPercent", "mirror_percent"}
)


def _tester_matches(route: Route, testers: tuple[TesterMatch, ...]) -> list[dict[str, Any]]:
    """Every alternative of the testers with every match of the route, each pair as one match: both must hold."""
    found = []
    for match in route.get("match") or [{}]:
        for tester in testers:
            both = _and(match, tester)
            if both is not None:
                found.append(both)
    return found


def _and(match: dict[str, Any], tester: TesterMatch) -> dict[str, Any] | None:
    """Both conditions in one match; None where they ask one header for two things, which one match cannot say."""
    result = copy.deepcopy(match)
    result.pop("name", None)
    for field, conditions in (("headers", tester.headers), ("queryParams", tester.query_params)):
        for condition in conditions:
            value = _value(condition)
            known = result.setdefault(field, {}).setdefault(condition.name, value)
            if known != value:
                return None
    return result


def _value(condition: ValueMatch) -> dict[str, str]:
    return {} if condition.kind is MatchKind.PRESENT else {condition.kind.value: condition.value}
