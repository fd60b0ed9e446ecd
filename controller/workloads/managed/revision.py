"""The Deployment of one revision and its configuration, made from the template."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from controller.core.objects import Found, Object, is_owned_by, named_after, namespace, owner_reference, pod_template
from controller.core.objects import name as name_of
from controller.core.release import Release
from controller.workloads.managed.configuration import Source, belonging, content, copied, redirected
from controller.workloads.managed.marks import (
    CANONICAL_LABEL,
    CONFIGS,
    CONTENT,
    REVISION_LABEL,
    own_annotations,
    own_labels,
)

_OF_THE_TEMPLATE_ONLY = frozenset({"paused", "replicas", "selector", "template"})


def deployment(release: Release, template: Object, revision: str, replicas: int, found: Found) -> dict[str, Any]:
    """The Deployment of a new revision.

    It is owned by the template, not as its controller: then nobody adopts its pods, and it goes when the user deletes
    the Deployment; the Release does not own it, so that deleting the Release in the foreground kills nothing.
    """
    configs = belonging(template, found)
    names = {Source(one["kind"], name_of(one)): named_after(name_of(one), revision) for one in configs}
    selector = copy.deepcopy(template["spec"]["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), REVISION_LABEL: revision}
    marks = {}
    if names:
        marks[CONTENT] = content(template, found)
        marks[CONFIGS] = ",".join(f"{source.kind}/{new}={source.name}" for source, new in sorted(names.items()))
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": named_after(name_of(template), revision),
            "namespace": namespace(template),
            **common(release, template, revision, marks),
        },
        "spec": {
            **copy.deepcopy(settings(template)),
            "replicas": replicas,
            "selector": selector,
            "template": _pods(redirected(pod_template(template), names), revision),
        },
    }


def settings(workload: Object) -> dict[str, Any]:
    """What a Deployment says about rolling out: its strategy, ``minReadySeconds`` and the like."""
    return {key: value for key, value in workload["spec"].items() if key not in _OF_THE_TEMPLATE_ONLY}


def copies(release: Release, template: Object, revision: str, found: Found) -> list[dict[str, Any]]:
    """The copies of the configuration that a revision reads.

    They are owned by the template as their revision is: a copy is there before its Deployment, whose uid nobody knows
    then, and pods that find no configuration do not start. They are deleted after their revision.
    """
    return [copied(one, revision, common(release, template, revision, {})) for one in belonging(template, found)]


def common(release: Release, template: Object, revision: str, marks: Mapping[str, str]) -> dict[str, Any]:
    """Labels, annotations and the owner of what is made for a revision."""
    metadata: dict[str, Any] = {
        "labels": own_labels(release, revision),
        "ownerReferences": [owner_reference(template, controller=False)],
    }
    if marks:
        metadata["annotations"] = dict(marks)
    return metadata


def owners(one: Object, template: Object) -> list[dict[str, Any]] | None:
    """The owner references that an object of ours should have; None when the template is among them already.

    A Deployment that was deleted without its dependents and made again has another uid; a reference to the old one is
    taken away, since Kubernetes deletes what has only owners that are gone.
    """
    if is_owned_by(one, template):
        return None
    here = owner_reference(template, controller=False)
    same = {key: here[key] for key in ("apiVersion", "kind", "name")}.items()
    others = [dict(entry) for entry in one["metadata"].get("ownerReferences") or [] if not same <= entry.items()]
    return [*others, here]


def _pods(template: dict[str, Any], revision: str) -> dict[str, Any]:
    metadata = dict(template.get("metadata") or {})
    added = {CANONICAL_LABEL: revision, **(metadata.get("labels") or {}), REVISION_LABEL: revision}
    kept = own_annotations(metadata)
    metadata.pop("annotations", None)
    return {**template, "metadata": {**metadata, "labels": added, **({"annotations": kept} if kept else {})}}
