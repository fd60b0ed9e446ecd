"""The DestinationRule: one subset per revision, beside whatever else stands there."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from controller.core.objects import Object
from controller.routers.istio import notes
from controller.routers.istio.created import export_to
from controller.routers.istio.names import API, REVISION_LABEL, SUBSETS, our_metadata, revision_of, subset
from controller.routers.istio.obeyed import obeyed_until_now
from controller.routers.istio.routes import is_original, recalled
from controller.routers.istio.view import View, destinations, http, subsets, target, weight


def present(one: Object | None) -> frozenset[str]:
    """The revisions whose subset is there and chooses exactly their pods."""
    return frozenset(revision_of(entry["name"]) for entry in subsets(one) if _is_whole(entry))


def with_subsets(view: View, revisions: Iterable[str]) -> dict[str, Any]:
    """The rule with a subset for each of these revisions; nothing is taken away, and one of ours is mended.

    A new subset gets the trafficPolicy of the one that the named route went to before. It is never changed later.
    """
    wanted = {subset(revision): {REVISION_LABEL: revision} for revision in revisions}
    policy = _replaced_policy(view)
    result = copy.deepcopy(dict(view.rule)) if view.rule is not None else _created(view)
    entries = copy.deepcopy(subsets(result))
    added = set(notes.read(result, SUBSETS, view.release) or [])
    for entry in entries:
        labels = wanted.pop(entry.get("name", ""), None)
        if labels is not None and entry["name"] not in view.foreign_subsets:
            entry["labels"] = labels
            added.add(entry["name"])
    for name, labels in wanted.items():
        entries.append({"name": name, "labels": labels, **({"trafficPolicy": copy.deepcopy(policy)} if policy else {})})
        added.add(name)
    result.setdefault("spec", {})["subsets"] = entries
    notes.write(result, SUBSETS, view.release, sorted(added))
    return result


def without(view: View, one: Object, keep: frozenset[str]) -> dict[str, Any]:
    """The rule without our subsets, but for those of the revisions to keep."""
    result = copy.deepcopy(dict(one))
    added = set(notes.read(one, SUBSETS, view.release) or [])
    theirs = {name for names in notes.others(one, SUBSETS, view.release).values() for name in names}
    gone = {
        entry["name"]
        for entry in subsets(one)
        if revision_of(entry.get("name", ""))
        and revision_of(entry["name"]) not in keep
        and entry["name"] not in theirs
        and (entry["name"] in added or _is_whole(entry))
    }
    left = [entry for entry in subsets(result) if entry.get("name") not in gone]
    if gone and left:
        result["spec"]["subsets"] = left
    elif gone:
        del result["spec"]["subsets"]
    notes.write(result, SUBSETS, view.release, sorted(name for name in added if name in _names(left)))
    return result


def _created(view: View) -> dict[str, Any]:
    """A rule where there is none for this host: it hides the wider one that was obeyed so far, and so repeats it."""
    release = view.release
    spec: dict[str, Any] = {"host": view.host, "exportTo": export_to(view)}
    policy = ((obeyed_until_now(view) or {}).get("spec") or {}).get("trafficPolicy")
    if policy:
        spec["trafficPolicy"] = copy.deepcopy(policy)
    metadata = our_metadata(release, release.namespace, release.traffic.router.destination_rule)
    return {"apiVersion": API, "kind": "DestinationRule", "metadata": metadata, "spec": spec}


def _replaced_policy(view: View) -> dict[str, Any] | None:
    """The trafficPolicy of the subset that got most requests of the first named route that names any."""
    policies = {entry.get("name"): entry.get("trafficPolicy") for entry in subsets(view.rule)}
    for one in view.virtual_services:
        originals = recalled(view, one)
        for at in view.named(one):
            route = http(one)[at]
            entries = destinations(route) if is_original(view, one, route) else originals.get(route.get("name") or "")
            most = target(max(entries, key=weight)).get("subset") if entries else None
            if most:
                return policies.get(most)
    return None


def _is_whole(entry: dict[str, Any]) -> bool:
    revision = revision_of(entry.get("name", ""))
    return bool(revision) and entry.get("labels") == {REVISION_LABEL: revision}


def _names(entries: Iterable[dict[str, Any]]) -> set[str]:
    return {entry.get("name", "") for entry in entries}
