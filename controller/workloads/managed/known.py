"""Which objects are the template's revisions, and which revision the template is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.core.objects import (
    Found,
    Object,
    is_owned_by,
    labels,
    normal_template,
    pod_template,
    revision_name,
    uid,
)
from controller.core.objects import annotations as annotations_of
from controller.core.objects import name as name_of
from controller.core.release import Release
from controller.workloads.managed.configuration import KINDS, content
from controller.workloads.managed.marks import (
    CANONICAL_LABEL,
    CONTENT,
    KEPT,
    MANAGED,
    RELEASE_LABEL,
    REVISION_LABEL,
    original_names,
    own_annotations,
    own_labels,
)

_TRIES = 8


def revision_of(one: Object) -> str:
    """The revision that a Deployment runs, "" if it is none: its selector tells, since nobody can change that."""
    selector = (one.get("spec") or {}).get("selector") or {}
    return str((selector.get("matchLabels") or {}).get(REVISION_LABEL) or "")


def revisions(release: Release, found: Found) -> tuple[Object, ...]:
    """The Deployments of the template's revisions.

    Those of an earlier Release for the same template are among them, and those of the template that this Release had
    before another was named: what serves is taken over, not made again.
    """
    template = found.get("Deployment", release.namespace, release.workload.deployment)
    return tuple(
        one
        for one in found.list("Deployment", release.namespace)
        if (revision := revision_of(one))
        and name_of(one) != release.workload.deployment
        and name_of(one).endswith(f"-{revision}")
        and is_ours(release, one, template)
    )


def owner(release: Release, found: Found) -> str:
    """The Deployment whose revisions these are, where none is of the one that the Release names; "" otherwise."""
    owners = {
        name_of(template)
        for one in revisions(release, found)
        for template in found.list("Deployment", release.namespace)
        if is_owned_by(one, template)
    }
    return min(owners) if owners and release.workload.deployment not in owners else ""


def copies_found(release: Release, found: Found) -> Iterator[Object]:
    """Every copy of configuration that was made for the template's revisions."""
    template = found.get("Deployment", release.namespace, release.workload.deployment)
    for kind in KINDS:
        for one in found.list(kind, release.namespace, MANAGED):
            if labels(one).get(REVISION_LABEL) and is_ours(release, one, template):
                yield one


def is_ours(release: Release, one: Object, template: Object | None) -> bool:
    """Whether it was made for this Release, or by another one for the same template, be that gone meanwhile."""
    if annotations_of(one).get(KEPT) == release.workload.deployment:
        return True
    if template is not None and uid(template) and is_owned_by(one, template):
        return True
    return labels(one).get(RELEASE_LABEL) == own_labels(release, "")[RELEASE_LABEL]


def meaning(workload: Object, revision: str = "") -> dict[str, Any]:
    """The normal form of the pod template: of the user's, or of a ``revision``'s without what was added for it."""
    pods = dict(pod_template(workload))
    metadata = dict(pods.get("metadata") or {})
    labels_of_pods = {key: value for key, value in (metadata.get("labels") or {}).items() if key != REVISION_LABEL}
    if revision and labels_of_pods.get(CANONICAL_LABEL) == revision:
        del labels_of_pods[CANONICAL_LABEL]
    pods["metadata"] = {**metadata, "labels": labels_of_pods, "annotations": own_annotations(metadata)}
    return normal_template(pods, {source.name: original for source, original in original_names(workload).items()})


def is_equal(one: Object, template: Object, found: Found) -> bool:
    """Whether a revision is what a new revision of the template would be."""
    same = annotations_of(one).get(CONTENT, "") == content(template, found)
    return same and meaning(one, revision_of(one)) == meaning(template)


def is_name_of(revision: str, template: Object, found: Found) -> bool:
    """Whether a revision of the template, as it is now, could have been given this name.

    The one that does not exist (any more) must not be made of a template that was changed in the meantime.
    """
    return could_be_named(revision, meaning(template), content(template, found))


def could_be_named(revision: str, normal: dict[str, Any], mark: str) -> bool:
    """Whether a pod template of this normal form, with configuration of this mark, could have been given this name."""
    taken: list[str] = []
    while len(taken) < _TRIES:
        called = revision_name(normal, mark, taken)
        if called == revision:
            return True
        taken.append(called)
    return False
