"""Labels and annotations: those that we put on what we make, and those that are never copied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.core.objects import PREFIX, Object, Ref, label_value, namespace
from controller.core.objects import annotations as annotations_of
from controller.core.release import Release
from controller.workloads.managed.configuration import Source

RELEASE_LABEL = f"{PREFIX}release"
REVISION_LABEL = f"{PREFIX}revision"
MANAGED_LABEL = f"{PREFIX}managed-by"
MANAGED = {MANAGED_LABEL: "sluice"}
CONTENT = f"{PREFIX}content"
"""Annotation: what tells the configuration of this revision apart from another's."""
CONFIGS = f"{PREFIX}configuration"
"""Annotation: the copies that its pods read, ``Kind/copy=original`` with commas between."""
KEPT = f"{PREFIX}kept-for"
"""Annotation of a revision that a deleted Release left serving: the Deployment whose version it is."""
CANONICAL_LABEL = "service.istio.io/canonical-revision"

_TRACKING = frozenset(
    {
        "app.kubernetes.io/instance",
        "app.kubernetes.io/managed-by",
        "kubectl.kubernetes.io/last-applied-configuration",
    }
)
_TRACKING_PREFIXES = ("argocd.argoproj.io", "meta.helm.sh", "deployment.kubernetes.io")


def is_tracking(key: str) -> bool:
    """Whether an annotation tells some tool that an object is its own: copied, that tool would prune what serves."""
    prefix = key.partition("/")[0]
    return key in _TRACKING or prefix in _TRACKING_PREFIXES or prefix.endswith(".toolkit.fluxcd.io")


def own_labels(release: Release, revision: str) -> dict[str, str]:
    """The labels of what is made for a revision."""
    return {RELEASE_LABEL: label_value(release.name), REVISION_LABEL: revision, **MANAGED}


def original_names(revision: Object) -> dict[Source, str]:
    """The originals of the copies that a revision's pods read, by the copy."""
    result = {}
    for part in annotations_of(revision).get(CONFIGS, "").split(","):
        made, _, original = part.partition("=")
        kind, _, called = made.partition("/")
        if original and called:
            result[Source(kind, called)] = original
    return result


def copy_refs(revision: Object) -> tuple[Ref, ...]:
    """The copies that a revision reads; whether they are there is all that matters, since nobody can change them."""
    where = namespace(revision)
    return tuple(Ref("v1", one.kind, where, one.name, whole=False) for one in original_names(revision))


def own_annotations(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The annotations in this metadata that may be copied."""
    return {key: value for key, value in (metadata.get("annotations") or {}).items() if not is_tracking(key)}
