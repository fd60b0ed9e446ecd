"""What somebody changed of our routes and subsets since they were written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.core.objects import Object, Ref, ref_of
from controller.core.seen import Difference, Subject
from controller.core.traffic import Traffic
from controller.core.wanted import Wanted
from controller.routers.istio.names import API, ours, subset
from controller.routers.istio.routes import routed
from controller.routers.istio.rules import present
from controller.routers.istio.view import Route, View, destinations, http, subsets, target, weight

_ROUTES = ("spec", "http")
_SUBSETS = ("spec", "subsets")


def differences(view: View, wanted: Wanted) -> Iterator[Difference]:
    """One for each object."""
    lost = sorted({subset(one) for one in set(wanted.subsets) - present(view.rule)})
    if lost:
        router = view.release.traffic.router
        ref = (
            ref_of(view.rule)
            if view.rule
            else Ref(API, "DestinationRule", view.release.namespace, router.destination_rule)
        )
        there = {entry.get("name") for entry in subsets(view.rule)}
        words = [f"subset {one} was {'changed' if one in there else 'taken away'}" for one in lost]
        what = f"has lost what routes need: {', '.join(words)}" if view.rule else "was deleted"
        yield Difference(Subject.SUBSETS, ref, what, _SUBSETS if view.rule else ())
    if wanted.traffic is None:
        return
    for missing in view.missing:
        yield Difference(Subject.ROUTES, Ref(API, "VirtualService", missing.namespace, missing.name), "was deleted")
    for one in view.virtual_services:
        what = _changed(view, one, wanted.traffic)
        if what:
            yield Difference(Subject.ROUTES, ref_of(one), what, _ROUTES)


def _changed(view: View, one: Object, traffic: Traffic) -> str:
    """How the routes differ, a clause; "" when they do not."""
    want = routed(view, one, traffic)
    if (want.get("spec") or {}) == (one.get("spec") or {}):
        return ""
    should = {_title(route): route for route in http(want)}
    words = [
        f"{_title(route)} goes to {_ways(route)}"
        for at in view.named(one)
        if (route := http(one)[at]).get("route") != should.get(_title(route), route).get("route")
    ]
    if _inserted(view, one, one) != _inserted(view, one, want):
        words.append("the testers' routes are not as they were written")
    if not words and not ours(one, view.release):
        return ""  # a user changed the route that a testers' route repeats: ours follows, and nobody took anything back
    return f"was changed: {'; '.join(words) or 'its routes are not as they were written'}"


def _inserted(view: View, one: Object, routes: Object) -> dict[str, Any]:
    """Where each route goes that we put there, by its name."""
    return {str(route["name"]): route.get("route") for route in http(routes) if view.inserted(one, route)}


def _title(route: Route) -> str:
    return f"route {route['name']!r}" if route.get("name") else "the route"


def _ways(route: Route) -> str:
    entries = destinations(route)
    ways = []
    for entry in entries:
        to = target(entry)
        way = f"subset {to['subset']}" if to.get("subset") else f"{to.get('host', 'nowhere')} without a subset"
        ways.append(f"{way} ({weight(entry)})" if len(entries) > 1 else way)
    return " and ".join(ways) or "nowhere"
