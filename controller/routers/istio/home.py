"""Requests home over route objects that cannot be used as they stand: with a foreign destination, a route that is not
there any more, names that are not clear.

What names a revision of ours other than stable is ours without doubt, wherever it stands; it becomes stable's. In a
route that is clearly the Release's, so do destinations that are the Service itself. Everything else stays: hosts of
others with their weights, routes that name nothing of ours, copies. Nothing is created here.
"""

from __future__ import annotations

import copy
from typing import Any

from controller.core.objects import Object
from controller.routers.istio import notes
from controller.routers.istio.names import ORIGINAL, subset
from controller.routers.istio.routes import is_original, recalled
from controller.routers.istio.view import Route, View, destinations, http, target, weight


def homeward(view: View, one: Object, stable: str, away: frozenset[str]) -> dict[str, Any]:
    """The VirtualService with all that is ours at ``stable``; ``away`` are the Release's other revisions."""
    result = copy.deepcopy(dict(one))
    named, routes = view.named(one) if view.is_named(one) else [], []
    originals = recalled(view, one)
    for at, route in enumerate(copy.deepcopy(http(one))):
        if view.inserted(one, route):
            continue
        if at in named and is_original(view, one, route):
            # Our part of it alone: what is taken back from here later must name no host of others.
            mine = [entry for entry in destinations(route) if view.is_service(one, target(entry))]
            originals |= {str(route.get("name") or ""): copy.deepcopy(mine)} if mine else {}
        if destinations(route):
            route["route"] = _merged(view, one, route, stable, away, clear=at in named)
        routes.append(route)
    if routes != http(result):
        result["spec"]["http"] = routes
        notes.write(result, ORIGINAL, view.release, originals)
    return result


def _merged(
    view: View, one: Object, route: Route, stable: str, away: frozenset[str], *, clear: bool
) -> list[dict[str, Any]]:
    """The destinations of a route: those to be moved and stable's own become one, with the sum of their weights."""
    entries = destinations(route)

    def goes(entry: dict[str, Any]) -> bool:
        revision = view.revision(one, target(entry))
        return revision in away or (clear and revision != stable and view.is_service(one, target(entry)))

    moved = [entry for entry in entries if goes(entry)]
    if not moved:
        return entries
    home = [entry for entry in entries if entry in moved or view.revision(one, target(entry)) == stable]
    first = home[0]
    target(first)["subset"] = subset(stable)
    if len(home) < len(entries) or "weight" in first:
        first["weight"] = sum(weight(entry) for entry in home)
    kept = [entry for entry in entries if entry is first or entry not in home]
    if len(kept) == 1:
        kept[0].pop("weight", None)
    return kept
