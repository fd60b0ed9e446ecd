"""Facts about the template and its revisions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from controller.core.objects import (
    Found,
    Object,
    condition,
    deleting,
    generation,
    images,
    is_owned_by,
    labels,
    name,
    namespace,
    normal_template,
    pod_template,
    readiness,
    restart_mark,
    revision_name,
)
from controller.core.objects import annotations as annotations_of
from controller.core.release import Release
from controller.core.seen import RevisionSeen, TemplateSeen, WorkloadSeen
from controller.workloads.managed.configuration import content
from controller.workloads.managed.revision import CONTENT, RELEASE_LABEL, REVISION_LABEL, original_names
from controller.workloads.managed.trouble import trouble

_WORKLOAD_NAME = "service.istio.io/workload-name"


def see(release: Release, found: Found) -> WorkloadSeen:
    """The facts; ``template`` is None when the Deployment is not there."""
    known = revisions(release, found)
    seen = tuple(_revision(one, found) for one in known)
    template = template_object(release, found)
    return WorkloadSeen(_template(template, known, found) if template is not None else None, seen)


def template_object(release: Release, found: Found) -> Object | None:
    """The user's Deployment."""
    return found.get("Deployment", release.namespace, release.workload.deployment)


def revisions(release: Release, found: Found) -> tuple[Object, ...]:
    """The Deployments of this Release's revisions."""
    ours = found.list("Deployment", release.namespace, {RELEASE_LABEL: release.name})
    return tuple(one for one in ours if labels(one).get(REVISION_LABEL))


def own_sets(template: Object, found: Found) -> tuple[Object, ...]:
    """The ReplicaSets of the template itself."""
    return tuple(one for one in found.list("ReplicaSet", namespace(template)) if is_owned_by(one, template))


def revision_of(one: Object) -> str:
    """The name of the revision that a Deployment of ours runs."""
    return labels(one)[REVISION_LABEL]


def _template(template: Object, known: tuple[Object, ...], found: Found) -> TemplateSeen:
    normal = normal_template(pod_template(template))
    mark = content(template, found)
    same = [
        revision_of(one)
        for one in known
        if annotations_of(one).get(CONTENT, "") == mark
        and normal_template(pod_template(one), original_names(one)) == normal
        and not deleting(one)
    ]
    sets = own_sets(template, found)
    return TemplateSeen(
        generation=generation(template),
        replicas=readiness(template).wanted,
        paused=bool(template["spec"].get("paused")),
        images=images(pod_template(template)),
        revision=same[0] if same else "",
        proposal=revision_name(normal, mark, [revision_of(one) for one in known]),
        content=mark,
        own_replicasets=tuple(name(one) for one in sets),
        own_replicas=sum(_pods(one) for one in sets),
        restarted=restart_mark(pod_template(template)),
        deleting=deleting(template),
        problem=_problem(template),
    )


def _revision(one: Object, found: Found) -> RevisionSeen:
    ready = readiness(one)
    moved = condition(one, "Progressing") or {}
    return RevisionSeen(
        name=revision_of(one),
        deployment=name(one),
        images=images(pod_template(one)),
        replicas=ready.wanted,
        ready=ready.ready,
        available=ready.available,
        updated=ready.updated,
        current=ready.current,
        restarted=restart_mark(pod_template(one)),
        deleting=deleting(one),
        trouble=trouble(one, found),
        progressed_at=_epoch(moved.get("lastUpdateTime")),
    )


def _problem(template: Object) -> str:
    """Why this Deployment cannot be released, in one sentence with the remedy."""
    pods: Mapping[str, Any] = pod_template(template)
    where = f"Deployment {namespace(template)}/{name(template)}"
    if _WORKLOAD_NAME in ((pods.get("metadata") or {}).get("labels") or {}):
        return (
            f"{where}: its pods are labelled {_WORKLOAD_NAME}, so the mesh would report every revision as one; "
            "take the label away"
        )
    for container in (pods.get("spec") or {}).get("containers") or []:
        for port in container.get("ports") or []:
            if port.get("hostPort"):
                return (
                    f"{where}: container {container.get('name')} has hostPort {port['hostPort']}, which two revisions "
                    "cannot have on one node; take it away"
                )
    return ""


def _pods(one: Object) -> int:
    asked = (one.get("spec") or {}).get("replicas")
    return max(1 if asked is None else int(asked), int((one.get("status") or {}).get("replicas") or 0))


def _epoch(text: object) -> float | None:
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
