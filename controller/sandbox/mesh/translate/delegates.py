"""How istiod merges a delegate's routes into the route that names the delegate.

A delegate's match must say at least as much as one match of the root, else the delegate's route is dropped.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from controller.sandbox.client import Object

_STRINGS = ("uri", "scheme", "method", "authority")
_MAPS = ("headers", "withoutHeaders", "queryParams")
_INHERITED = (
    "rewrite",
    "timeout",
    "retries",
    "fault",
    "mirror",
    "mirrorPercent",
    "mirrorPercentage",
    "corsPolicy",
    "headers",
    "mirrors",
)


def merge_routes(root: Object, delegate: Iterable[Object]) -> list[Object]:
    """The routes that take the place of ``root``, in the delegate's order."""
    return [merged for route in delegate if (merged := _merge_route(root, route)) is not None]


def _merge_route(root: Object, delegate: Object) -> Object | None:
    matches = _merge_matches(root.get("match") or [], delegate.get("match") or [])
    if matches is None:
        return None
    merged = copy.deepcopy(delegate)
    merged["match"] = matches
    merged["name"] = _joined(root.get("name", ""), delegate.get("name", ""))
    for field in _INHERITED:
        if merged.get(field) is None and root.get(field) is not None:
            merged[field] = copy.deepcopy(root[field])
    return merged


def _joined(root: str, leaf: str) -> str:
    return f"{root}-{leaf}" if root and leaf else root or leaf


def _merge_matches(root: list[Object], leaf: list[Object]) -> list[Object] | None:
    """All pairs without conflict; None when a match of the delegate agrees with none of the root's."""
    if not root or not leaf:
        return copy.deepcopy(leaf or root)
    found: list[Object] = []
    for theirs in leaf:
        merged = [_merge_match(ours, theirs) for ours in root if not _conflict(ours, theirs)]
        if not merged:
            return None
        found.extend(merged)
    return found


def _merge_match(root: Object, leaf: Object) -> Object:
    merged = copy.deepcopy(leaf)
    if name := _joined(root.get("name", ""), leaf.get("name", "")):
        merged["name"] = name
    for field in (*_STRINGS, "port", "sourceNamespace", "gateways"):
        if not merged.get(field) and root.get(field):
            merged[field] = copy.deepcopy(root[field])
    for field in (*_MAPS, "sourceLabels"):
        if root.get(field) or leaf.get(field):
            merged[field] = {**(root.get(field) or {}), **(leaf.get(field) or {})}
    return merged


def _conflict(root: Object, leaf: Object) -> bool:
    if any(_strings_conflict(root.get(field), leaf.get(field)) for field in _STRINGS):
        return True
    for field in _MAPS:
        ours = root.get(field) or {}
        if any(key in ours and _strings_conflict(ours[key], value) for key, value in (leaf.get(field) or {}).items()):
            return True
    if bool(root.get("ignoreUriCase")) != bool(leaf.get("ignoreUriCase")):
        return True
    if root.get("port") and leaf.get("port") and root["port"] != leaf["port"]:
        return True
    if root.get("sourceNamespace") and root["sourceNamespace"] != leaf.get("sourceNamespace"):
        return True
    labels: dict[str, str] = root.get("sourceLabels") or {}
    if any(labels.get(key, value) != value for key, value in (leaf.get("sourceLabels") or {}).items()):
        return True
    gateways = set(root.get("gateways") or ())
    return bool(gateways) and not set(leaf.get("gateways") or ()) <= gateways


def _strings_conflict(root: dict[str, Any] | None, leaf: dict[str, Any] | None) -> bool:
    """Whether ``leaf`` may match what ``root`` does not; a regex beside anything else always counts as one."""
    if root is None or leaf is None:
        return False
    if leaf.get("regex") or root.get("regex"):
        return True
    if root.get("exact"):
        return str(leaf.get("exact", "")) != str(root["exact"])
    if root.get("prefix"):
        said = str(leaf.get("prefix") or leaf.get("exact") or "")
        return not said.startswith(str(root["prefix"]))
    return True
