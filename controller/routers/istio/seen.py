"""The facts in the objects found."""

from __future__ import annotations

from controller.core.objects import namespace
from controller.core.release import Unsplit
from controller.core.seen import RoutesSeen
from controller.core.traffic import Testers, Traffic, Weights
from controller.routers.istio.names import inserted_by
from controller.routers.istio.problems import problems
from controller.routers.istio.routes import routed
from controller.routers.istio.rules import present
from controller.routers.istio.unsplit import ways
from controller.routers.istio.view import View, http

Shares = tuple[tuple[str, int], ...]


def see(view: View) -> RoutesSeen:
    """Nothing is raised: what cannot be followed is in ``problems``."""
    weights, testers = _weights(view), _testers(view)
    divided = next((shares for shares in weights if shares), ())
    splitting = sum(1 for _, share in divided if share) > 1 or bool(testers)
    return RoutesSeen(
        subsets=present(view.rule),
        weights=weights[0] if weights else (),
        agree=_agree(view, weights, testers),
        testers=testers,
        named=view.all_revisions(),
        problems=problems(view, splitting=splitting),
        unsplit=tuple(ways(view)) if view.release.traffic.unsplit is Unsplit.ALLOW and view.service else (),
    )


def _weights(view: View) -> list[Shares]:
    """Of each named route."""
    return [view.shares(one, http(one)[at]) for one in view.virtual_services for at in view.named(one)]


def _testers(view: View) -> str:
    """The revision that the first testers' route goes to."""
    for one in view.virtual_services:
        for route in http(one):
            if inserted_by(route.get("name"), namespace(one)) == str(view.release.ref):
                shares = view.shares(one, route)
                if shares:
                    return shares[0][0]
    return ""


def _agree(view: View, weights: list[Shares], testers: str) -> bool:
    """Whether all of it says one thing: made anew from what is seen, it would be as it is."""
    if view.missing or len(set(weights)) > 1:
        return False
    if not weights or not weights[0]:
        return not testers
    try:
        shares = Weights(weights[0])
    except ValueError:  # a drifted route, whose weights are no shares of ours
        return False
    matches = view.release.strategy.testers
    traffic = Traffic(shares, Testers(testers, matches) if testers and matches else None)
    return all(routed(view, one, traffic).get("spec") == one.get("spec") for one in view.virtual_services)
