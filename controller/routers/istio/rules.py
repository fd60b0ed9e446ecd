"""The DestinationRule: one subset per revision, beside whatever else stands there."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from controller.core.objects import Found, Object
from controller.core.release import Release
from controller.routers.istio.names import API, REVISION_LABEL, our_labels, revision_of, service_host, subset


def rule(release: Release, found: Found) -> Object | None:
    """The DestinationRule that the Release names."""
    return found.get("DestinationRule", release.namespace, release.traffic.router.destination_rule)


def present(one: Object | None) -> frozenset[str]:
    """The revisions whose subset is there and chooses exactly their pods."""
    return frozenset(
        revision
        for entry in _subsets(one)
        if (revision := revision_of(entry.get("name", ""))) and entry.get("labels") == {REVISION_LABEL: revision}
    )


def with_subsets(release: Release, one: Object | None, revisions: Iterable[str]) -> dict[str, Any]:
    """The rule with a subset for each of these revisions; nothing is taken away, and one of ours is mended."""
    wanted = {
        subset(revision): {"name": subset(revision), "labels": {REVISION_LABEL: revision}} for revision in revisions
    }
    if one is None:
        return {
            "apiVersion": API,
            "kind": "DestinationRule",
            "metadata": {
                "name": release.traffic.router.destination_rule,
                "namespace": release.namespace,
                "labels": our_labels(release),
            },
            "spec": {"host": service_host(release), "subsets": list(wanted.values())},
        }
    result = copy.deepcopy(dict(one))
    entries = result.setdefault("spec", {}).setdefault("subsets", [])
    for entry in entries:
        mine = wanted.pop(entry.get("name", ""), None)
        if mine is not None:
            entry["labels"] = mine["labels"]
    entries.extend(wanted.values())
    return result


def without(one: Object, keep: frozenset[str]) -> dict[str, Any]:
    """The rule without our subsets, but for those of the revisions to keep."""
    result = copy.deepcopy(dict(one))
    entries = [
        entry
        for entry in _subsets(one)
        if not revision_of(entry.get("name", "")) or revision_of(entry["name"]) in keep or _foreign(entry)
    ]
    if entries:
        result["spec"]["subsets"] = copy.deepcopy(entries)
    else:
        result["spec"].pop("subsets", None)
    return result


def _foreign(entry: dict[str, Any]) -> bool:
    """A subset whose name only looks like one of ours."""
    return list(entry.get("labels") or {}) != [REVISION_LABEL]


def _subsets(one: Object | None) -> list[dict[str, Any]]:
    return list((one or {}).get("spec", {}).get("subsets") or [])
