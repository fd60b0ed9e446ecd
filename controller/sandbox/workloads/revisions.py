"""Which ReplicaSet is which revision of a Deployment: the template's hash, equality, annotations. Pure.

The annotations are the ones that `kubectl rollout history` and `undo` read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from controller.sandbox.client import Object
from controller.sandbox.workloads.kinds import DEPLOYMENT
from controller.sandbox.workloads.objects import (
    annotations_of,
    created,
    name,
    namespace,
    owner_reference,
    without_empties,
)

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
_NOT_COPIED = {
    REVISION,
    HISTORY,
    DESIRED,
    MAXIMUM,
    "deprecated.deployment.rollback.to",
    "kubectl.kubernetes.io/last-applied-configuration",
}
# No vowels, and nothing that reads like another sign: a hash must not spell a word.
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_HASH_LENGTH = 10
_LONGEST_NAME = 253


def template_hash(template: Object, collisions: int = 0) -> str:
    """Ten signs that stand for a pod template; another ``collisions`` gives another hash."""
    text = json.dumps([_comparable(template), collisions], sort_keys=True).encode()
    number = int.from_bytes(hashlib.sha256(text).digest(), "big")
    signs = []
    for _ in range(_HASH_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        signs.append(_ALPHABET[digit])
    return "".join(signs)


def same_template(one: Object, other: Object) -> bool:
    """Whether two pod templates are the same but for the hash label."""
    return bool(_comparable(one) == _comparable(other))


def _comparable(template: Object) -> Object:
    metadata = dict(template.get("metadata") or {})
    metadata["labels"] = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH}
    cleaned: Object = without_empties({**template, "metadata": metadata})
    return cleaned


def find_new(deployment: Object, sets: Sequence[Object]) -> Object | None:
    """The ReplicaSet with the Deployment's present template, the oldest if there are several."""
    template = deployment["spec"]["template"]
    same = [item for item in sets if same_template(item["spec"]["template"], template)]
    return min(same, key=lambda item: (created(item), name(item)), default=None)


def revision_of(item: Object) -> int:
    """The revision that a Deployment or ReplicaSet is annotated with, 0 for none."""
    text = annotations_of(item).get(REVISION, "")
    return int(text) if text.isdigit() else 0


def annotations_for_new(deployment: Object, present: Object | None, old: Sequence[Object]) -> dict[str, str]:
    """The annotations that the ReplicaSet of the present template should have, those it has included.

    ``present`` is that ReplicaSet, None before it is made; ``old`` are the others. A ReplicaSet that becomes the
    present one again (`kubectl rollout undo`) gets the next number, and the one it had goes into its history.
    """
    result = dict(annotations_of(present)) if present else {}
    result.update({key: value for key, value in annotations_of(deployment).items() if key not in _NOT_COPIED})
    number = revision_of(present) if present else 0
    latest = max((revision_of(item) for item in old), default=0) + 1
    if number < latest:
        result[REVISION] = str(latest)
        if number:
            result[HISTORY] = ",".join(part for part in (result.get(HISTORY, ""), str(number)) if part)
    return result


def new_replica_set(deployment: Object, replicas: int, scale_notes: dict[str, str], old: Sequence[Object]) -> Object:
    """The ReplicaSet for the Deployment's present template, ready to be created."""
    spec = deployment["spec"]
    template = spec["template"]
    sign = template_hash(template, (deployment.get("status") or {}).get("collisionCount") or 0)
    metadata = template.get("metadata") or {}
    marked = {**(metadata.get("labels") or {}), HASH: sign}
    selector = dict(spec["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: sign}
    return {
        "metadata": {
            "name": f"{name(deployment)[: _LONGEST_NAME - len(sign) - 1]}-{sign}",
            "namespace": namespace(deployment),
            "labels": marked,
            "annotations": {**annotations_for_new(deployment, None, old), **scale_notes},
            "ownerReferences": [owner_reference(DEPLOYMENT, deployment)],
        },
        "spec": {
            "replicas": replicas,
            "minReadySeconds": spec.get("minReadySeconds") or 0,
            "selector": selector,
            "template": {**template, "metadata": {**metadata, "labels": marked}},
        },
    }


def surplus(deployment: Object, old: Sequence[Object]) -> list[Object]:
    """The old ReplicaSets beyond ``revisionHistoryLimit``, empty ones only, the oldest revision first."""
    limit = deployment["spec"].get("revisionHistoryLimit")
    alive = [item for item in old if not item["metadata"].get("deletionTimestamp")]
    if limit is None or len(alive) <= limit:
        return []
    by_age = sorted(alive, key=lambda item: (revision_of(item), created(item)))
    return [item for item in by_age[: len(alive) - limit] if _is_empty(item)]


def _is_empty(item: Object) -> bool:
    status = item.get("status") or {}
    return (
        not item["spec"].get("replicas")
        and not status.get("replicas")
        and status.get("observedGeneration", 0) >= item["metadata"].get("generation", 0)
    )
