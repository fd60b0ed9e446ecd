"""A revision that outlives its Release: its Deployment is the user's from now on, and nothing of it goes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.core.objects import (
    Change,
    Found,
    Object,
    Patch,
    deleting,
    difference,
    labels,
    namespace,
    owner_reference,
    ref_of,
    resource_version,
)
from controller.core.objects import name as name_of
from controller.core.release import Release
from controller.workloads.managed.known import revision_of, revisions
from controller.workloads.managed.look import template_object
from controller.workloads.managed.marks import KEPT, MANAGED_LABEL, RELEASE_LABEL, original_names


def leave(release: Release, revision: str, found: Found) -> Iterator[Change]:
    """Cut one revision loose: neither the Release's nor the template's, it stays whatever becomes of them.

    The configuration that its pods read comes to be owned by it, and so goes with it one day. An annotation says whose
    version it was, so that a later Release for the same Deployment knows what serves.
    """
    template = template_object(release, found)
    for have in revisions(release, found):
        if revision_of(have) != revision or deleting(have):
            continue
        for copied in original_names(have):
            copy = found.get(copied.kind, namespace(have), copied.name)
            if copy is not None and not deleting(copy):
                yield from _freed(copy, [owner_reference(have, controller=False)], {})
        yield from _freed(have, _others(have, template), {KEPT: release.workload.deployment})


def _freed(one: Object, owners: list[dict[str, Any]], notes: dict[str, str]) -> Iterator[Change]:
    """The patch that leaves it these owners and takes our marks off, none when that is so."""
    metadata = dict(one["metadata"])
    kept = {key: value for key, value in labels(one).items() if key not in (RELEASE_LABEL, MANAGED_LABEL)}
    wanted = {**metadata, "labels": kept, "ownerReferences": owners}
    if notes:
        wanted["annotations"] = {**(metadata.get("annotations") or {}), **notes}
    body = difference({"labels": {}, "ownerReferences": [], **metadata}, wanted)
    if body:
        yield Patch(ref_of(one), {"metadata": body}, resource_version(one))


def _others(have: Object, template: Object | None) -> list[dict[str, Any]]:
    """The owners but for the template, also as it was when it was made under this name before."""
    called = name_of(template) if template is not None else ""
    return [
        dict(entry)
        for entry in have["metadata"].get("ownerReferences") or []
        if not (entry.get("kind") == "Deployment" and entry.get("name") == called)
    ]
