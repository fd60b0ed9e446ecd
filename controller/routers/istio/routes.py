"""The VirtualService: destinations of the named routes and the testers' routes before them; all else as it was found.

Before a named route is changed for the first time, its destinations go into the annotation ``sluice.dev/original``.
Whatever stands there later that names no revision of ours is somebody's newer wish for the same place, such as Git's:
it becomes the original, and is written over again.
"""

from __future__ import annotations

import copy
from typing import Any

from controller.core.objects import Object, name, namespace
from controller.core.release import ObjectRef
from controller.core.traffic import Testers, Traffic, Weights
from controller.routers.istio import notes
from controller.routers.istio.created import new_spec
from controller.routers.istio.delegates import inherited, is_delegate
from controller.routers.istio.names import API, ORIGINAL, inserted_name, our_metadata, ours, subset
from controller.routers.istio.testers import matches_with, route_for_testers
from controller.routers.istio.view import Route, View, destinations, http, target, weight

Originals = dict[str, list[dict[str, Any]]]


def created(view: View, ref: ObjectRef, traffic: Traffic) -> dict[str, Any]:
    """A VirtualService where there is none."""
    metadata = our_metadata(view.release, ref.namespace, ref.name)
    made = {"apiVersion": API, "kind": "VirtualService", "metadata": metadata}
    return routed(view, made, traffic)


def routed(view: View, one: Object, traffic: Traffic) -> dict[str, Any]:
    """The VirtualService with this traffic in its named routes. One that we created is made anew as a whole."""
    result = copy.deepcopy(dict(one))
    if ours(one, view.release):
        result["spec"] = new_spec(view, ObjectRef(namespace(one), name(one)))
        result["spec"]["http"] = _split(view, result, {}, traffic)
        return result
    originals = recalled(view, one)
    for at in view.named(one):
        route = http(one)[at]
        if is_original(view, one, route):
            originals[_key(route)] = copy.deepcopy(route["route"])
    routes = _split(view, result, originals, traffic)
    if routes != http(result):
        result["spec"]["http"] = routes
    notes.write(result, ORIGINAL, view.release, originals)
    return result


def restored(view: View, one: Object) -> dict[str, Any]:
    """The VirtualService as the user had it."""
    result = copy.deepcopy(dict(one))
    originals = recalled(view, one)
    routes = []
    named = view.named(one)
    for at, route in enumerate(http(result)):
        if view.inserted(one, route):
            continue
        if at in named or _key(route) in originals:
            _give_back(view, one, route, originals)
        routes.append(route)
    if routes != http(result):
        result["spec"]["http"] = routes
    notes.forget(result, view.release)
    return result


def is_original(view: View, one: Object, route: Route) -> bool:
    """Whether the destinations of a named route are somebody's own: none of them names a revision of ours."""
    entries = destinations(route)
    return bool(entries) and not any(view.revision(one, target(entry)) for entry in entries)


def recalled(view: View, one: Object) -> Originals:
    """The destinations as users wrote them, by the name of the route."""
    found = notes.read(one, ORIGINAL, view.release)
    originals: Originals = dict(found) if isinstance(found, dict) else {}
    named = view.named(one)
    if not view.release.traffic.router.routes and len(named) == len(originals) == 1:
        # The only route there is stays the same one by whatever name it goes now.
        return {_key(http(one)[named[0]]): next(iter(originals.values()))}
    return originals


def pattern(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """What a destination has beside subset and weight (host, port, headers): as in the one that got most."""
    most = copy.deepcopy(max(entries, key=weight)) if entries else {}
    most.pop("weight", None)
    target(most).pop("subset", None)
    return most


def _give_back(view: View, one: Object, route: Route, originals: Originals) -> None:
    if not destinations(route) or is_original(view, one, route):
        return  # somebody put theirs back already, and it may be newer
    before = originals.get(_key(route))
    if before is None and any(_key(route) in other for other in notes.others(one, ORIGINAL, view.release).values()):
        return  # another Release took this route over: it is the one that knows
    # Without the note only this is known of what the user had: requests went to the Service.
    route["route"] = copy.deepcopy(before) if before else [pattern(destinations(route))]


def _split(view: View, one: dict[str, Any], originals: Originals, traffic: Traffic) -> list[Route]:
    """The http routes with this traffic. Routes that the Release names no more are given back, and so forgotten."""
    routes: list[Route] = []
    named, number = view.named(one), 0
    for at, route in enumerate(copy.deepcopy(http(one))):
        if view.inserted(one, route):
            continue
        if at in named:
            entry = pattern(originals.get(_key(route)) or destinations(route))
            if traffic.testers is not None:
                routes += _testers(view, one, route, number, entry, traffic.testers)
            route["route"] = _weighted(entry, traffic.weights)
            number += 1
        elif _key(route) in originals and destinations(route) and not is_original(view, one, route):
            route["route"] = originals.pop(_key(route))
        routes.append(route)
    return routes


def _testers(
    view: View, one: Object, route: Route, number: int, entry: dict[str, Any], testers: Testers
) -> list[Route]:
    matches, _ = matches_with(route, testers.matches, merged_into(view, one))
    if not matches:
        return []
    called = inserted_name(view.release, namespace(one), number)
    return [route_for_testers(route, called, matches, _to(entry, testers.revision))]


def merged_into(view: View, one: Object) -> list[dict[str, Any]]:
    """What matches of inserted routes have to repeat of the routes that this VirtualService is merged into."""
    return inherited(view.found, one) if is_delegate(one) else [{}]


def _weighted(entry: dict[str, Any], weights: Weights) -> list[dict[str, Any]]:
    """Weights sum to 100 where whole percents do, else to 1000 (Istio 1.15 or newer)."""
    whole = all(share % 10 == 0 for _, share in weights)
    entries = [_to(entry, revision) for revision, _ in weights]
    if len(entries) > 1:
        for one, (_, share) in zip(entries, weights, strict=True):
            one["weight"] = share // 10 if whole else share
    return entries


def _to(entry: dict[str, Any], revision: str) -> dict[str, Any]:
    result = copy.deepcopy(entry)
    result.setdefault("destination", {})["subset"] = subset(revision)
    return result


def _key(route: Route) -> str:
    return str(route.get("name") or "")
