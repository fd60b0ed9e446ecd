"""Delegates: VirtualServices without hosts, whose routes istiod merges into the routes that name them.

istiod drops a delegate's route, with only a log line, when one of its matches agrees with none of the root's: so the
routes that we insert are held against the same rules beforehand.
Source of the rules: Istio, pilot/pkg/model/virtualservice.go.
"""

from __future__ import annotations

from typing import Any

from controller.core.objects import Found, Object, name, namespace
from controller.routers.istio.hosts import exported, sees
from controller.routers.istio.view import Route, http

_STRINGS = ("uri", "scheme", "method", "authority")
_MAPS = ("headers", "withoutHeaders", "queryParams")
_REPEATED = ("ignoreUriCase", "sourceNamespace")
"""What a delegate's match must say just as the root's does: istiod inherits neither."""


def is_delegate(one: Object) -> bool:
    return not (one.get("spec") or {}).get("hosts")


def roots(found: Found, delegate: Object) -> list[tuple[Object, Route]]:
    """Every (VirtualService, route of it) that hands requests over to this delegate and may see it."""
    wanted = (namespace(delegate), name(delegate))
    return [
        (one, route)
        for one in found.list("VirtualService")
        if not is_delegate(one) and sees(exported(delegate), namespace(one))
        for route in http(one)
        if _named_by(route, namespace(one)) == wanted
    ]


def holders(found: Found, one: Object) -> list[Object]:
    """The VirtualServices whose hosts and gateways its routes serve: itself, or the roots of a delegate."""
    return [root for root, _ in roots(found, one)] if is_delegate(one) else [one]


def inherited(found: Found, delegate: Object) -> list[dict[str, Any]]:
    """What the matches of a route that we insert have to repeat when the named route itself has no match."""
    alternatives: list[dict[str, Any]] = []
    for _, route in roots(found, delegate):
        for match in route.get("match") or [{}]:
            repeated = {field: match[field] for field in _REPEATED if match.get(field)}
            if repeated not in alternatives:
                alternatives.append(repeated)
    return alternatives or [{}]


def dropped(root: Route, matches: list[dict[str, Any]]) -> bool:
    """Whether istiod drops a route with these matches when it merges it into ``root``."""
    theirs = root.get("match") or []
    return bool(theirs) and any(all(_conflict(one, match) for one in theirs) for match in matches)


def _named_by(route: Route, where: str) -> tuple[str, str] | None:
    reference = route.get("delegate")
    return (reference.get("namespace") or where, reference.get("name", "")) if reference else None


def _conflict(root: dict[str, Any], leaf: dict[str, Any]) -> bool:
    if any(_strings_conflict(root.get(field), leaf.get(field)) for field in _STRINGS):
        return True
    for field in _MAPS:
        known = root.get(field) or {}
        if any(_strings_conflict(known.get(key), value) for key, value in (leaf.get(field) or {}).items()):
            return True
    # Some versions of istiod hold the delegate's withoutHeaders against the root's headers.
    headers = root.get("headers") or {}
    if any(_strings_conflict(headers.get(key), value) for key, value in (leaf.get("withoutHeaders") or {}).items()):
        return True
    if bool(root.get("ignoreUriCase")) != bool(leaf.get("ignoreUriCase")):
        return True
    if root.get("port") and leaf.get("port") and root["port"] != leaf["port"]:
        return True
    if root.get("sourceNamespace", "") != leaf.get("sourceNamespace", ""):
        return True
    labels = root.get("sourceLabels") or {}
    if any(labels.get(key, value) != value for key, value in (leaf.get("sourceLabels") or {}).items()):
        return True
    gateways = set(root.get("gateways") or ())
    return bool(gateways) and not set(leaf.get("gateways") or ()) <= gateways


def _strings_conflict(root: dict[str, Any] | None, leaf: dict[str, Any] | None) -> bool:
    """Whether ``leaf`` may match what ``root`` does not; a regex beside anything always counts as such."""
    if root is None or leaf is None:
        return False
    if root.get("regex") or leaf.get("regex"):
        return True
    if root.get("exact"):
        return bool(leaf.get("exact") != root["exact"])
    if root.get("prefix"):
        said = str(leaf.get("prefix") or leaf.get("exact") or "")
        return not said.startswith(str(root["prefix"]))
    return True
