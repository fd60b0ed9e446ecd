"""The Deployment of one revision, made from the template."""

from __future__ import annotations

import copy
from typing import Any

from controller.core.objects import PREFIX, Found, Object, named_after, namespace, pod_template, uid
from controller.core.objects import name as name_of
from controller.core.release import Release
from controller.workloads.managed.configuration import Source, belonging, content, copied, redirected

RELEASE_LABEL = f"{PREFIX}release"
REVISION_LABEL = f"{PREFIX}revision"
MANAGED_LABEL = f"{PREFIX}managed-by"
CONTENT = f"{PREFIX}content"
"""Annotation: what tells the configuration of this revision apart from another's."""
CONFIGS = f"{PREFIX}configuration"
"""Annotation: the copies that its pods read, ``copy=original`` with commas between."""
CANONICAL_LABEL = "service.istio.io/canonical-revision"

_OF_THE_TEMPLATE_ONLY = frozenset({"paused", "replicas", "selector", "template"})
_TRACKING = (
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "meta.helm.sh/",
    "deployment.kubernetes.io/",
    "kubectl.kubernetes.io/last-applied-configuration",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
)
"""What tells an owner's tool that an object is its own: copied, it would prune what serves."""


def deployment(release: Release, template: Object, revision: str, replicas: int, found: Found) -> dict[str, Any]:
    """The Deployment of a new revision.

    It is owned by the template, not as its controller: then nobody adopts its pods, and it goes when the user deletes
    the Deployment; the Release does not own it, so that deleting the Release in the foreground kills nothing.
    """
    configs = belonging(template, found)
    names = {Source(one["kind"], name_of(one)): named_after(name_of(one), revision) for one in configs}
    spec = {key: copy.deepcopy(value) for key, value in template["spec"].items() if key not in _OF_THE_TEMPLATE_ONLY}
    selector = copy.deepcopy(template["spec"]["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), REVISION_LABEL: revision}
    marks = {CONTENT: content(template, found)} if configs else {}
    if names:
        marks[CONFIGS] = ",".join(f"{new}={source.name}" for source, new in sorted(names.items()))
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": named_after(name_of(template), revision),
            "namespace": namespace(template),
            **common(release, template, revision, marks),
        },
        "spec": {
            **spec,
            "replicas": replicas,
            "selector": selector,
            "template": _pods(redirected(pod_template(template), names), revision),
        },
    }


def copies(release: Release, template: Object, revision: str, found: Found) -> list[dict[str, Any]]:
    """The copies of the configuration that a revision reads.

    They are owned by the template as their revision is: a copy is there before its Deployment, whose uid nobody knows
    then, and pods that find no configuration do not start. They are deleted together with their revision.
    """
    return [copied(one, revision, common(release, template, revision, {})) for one in belonging(template, found)]


def common(release: Release, template: Object, revision: str, marks: dict[str, str]) -> dict[str, Any]:
    """Labels, annotations and the owner of what is made for a revision."""
    metadata: dict[str, Any] = {
        "labels": {RELEASE_LABEL: release.name, REVISION_LABEL: revision, MANAGED_LABEL: "sluice"},
        "ownerReferences": [
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": name_of(template),
                "uid": uid(template),
                "controller": False,
                "blockOwnerDeletion": False,
            }
        ],
    }
    if marks:
        metadata["annotations"] = marks
    return metadata


def original_names(revision: Object) -> dict[str, str]:
    """The originals of the copies that a revision's pods read, by the copy's name."""
    text = (revision["metadata"].get("annotations") or {}).get(CONFIGS, "")
    return dict(part.split("=", 1) for part in text.split(",") if "=" in part)


def _pods(template: dict[str, Any], revision: str) -> dict[str, Any]:
    metadata = template.setdefault("metadata", {})
    labels = metadata.setdefault("labels", {})
    labels[REVISION_LABEL] = revision
    labels.setdefault(CANONICAL_LABEL, revision)
    kept = {key: value for key, value in (metadata.get("annotations") or {}).items() if not key.startswith(_TRACKING)}
    metadata.pop("annotations", None)
    if kept:
        metadata["annotations"] = kept
    return template
