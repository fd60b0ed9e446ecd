"""A revision whose pod template somebody edited, and what it was: a revision never changes, but for a restart.

Its name was made of what it was made of. So what could have been given that name is what it was; where nothing could
any more, such as after an upgrade that reads templates in another way, nothing is called edited.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.core.objects import Found, Object, is_owned_by, namespace, pod_template
from controller.core.objects import annotations as annotations_of
from controller.core.release import Release
from controller.workloads.managed.configuration import content
from controller.workloads.managed.known import could_be_named, meaning, revision_of
from controller.workloads.managed.marks import CONTENT
from controller.workloads.managed.revision import deployment

_HASH = "pod-template-hash"


def before_edited(release: Release, one: Object, template: Object | None, found: Found) -> dict[str, Any] | None:
    """The pod template that an edited revision had; None when it is as it was made, or that is not known any more."""
    revision, mark = revision_of(one), annotations_of(one).get(CONTENT, "")
    if could_be_named(revision, meaning(one, revision), mark):
        return None
    for pods in _former(one, found):
        if could_be_named(revision, meaning({**one, "spec": {"template": pods}}, revision), mark):
            return pods
    if template is None or content(template, found) != mark or not could_be_named(revision, meaning(template), mark):
        return None
    made: dict[str, Any] = deployment(release, template, revision, 0, found)["spec"]["template"]
    return made


def _former(one: Object, found: Found) -> Iterator[dict[str, Any]]:
    """What its ReplicaSets were made of: Kubernetes keeps those of earlier edits."""
    for each in found.list("ReplicaSet", namespace(one)):
        if is_owned_by(each, one):
            pods = dict(pod_template(each))
            metadata = dict(pods.get("metadata") or {})
            labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != _HASH}
            yield {**pods, "metadata": {**metadata, "labels": labels}}
