"""Facts about the template and its revisions."""

from __future__ import annotations

from collections.abc import Sequence

from controller.core.objects import (
    Found,
    Object,
    deleting,
    generation,
    images,
    is_owned_by,
    name,
    namespace,
    pod_template,
    readiness,
    restart_mark,
    revision_name,
)
from controller.core.release import Release
from controller.core.seen import RevisionSeen, TemplateSeen, WorkloadSeen
from controller.workloads.managed.configuration import content
from controller.workloads.managed.known import is_equal, meaning, revision_of, revisions
from controller.workloads.managed.problems import missing, problem
from controller.workloads.managed.progress import progressed_at
from controller.workloads.managed.trouble import trouble


def see(release: Release, found: Found) -> WorkloadSeen:
    """The facts; ``template`` is None when the Deployment is not there."""
    known = revisions(release, found)
    seen = tuple(_revision(one, found) for one in known)
    template = template_object(release, found)
    if template is None:
        return WorkloadSeen(None, seen, missing(release, found))
    return WorkloadSeen(_template(release, template, known, found), seen)


def template_object(release: Release, found: Found) -> Object | None:
    """The user's Deployment."""
    return found.get("Deployment", release.namespace, release.workload.deployment)


def own_sets(template: Object, found: Found) -> tuple[Object, ...]:
    """The ReplicaSets of the template itself."""
    return tuple(one for one in found.list("ReplicaSet", namespace(template)) if is_owned_by(one, template))


def present(template: Object, known: Sequence[Object], found: Found) -> Object | None:
    """The revision that the template is now, None when it is a new one. Of two the one with more pods."""
    same = [one for one in known if not deleting(one) and is_equal(one, template, found)]
    return max(same, key=lambda one: readiness(one).wanted, default=None)


def _template(release: Release, template: Object, known: Sequence[Object], found: Found) -> TemplateSeen:
    mark, same, sets = content(template, found), present(template, known, found), own_sets(template, found)
    ready = readiness(template)
    return TemplateSeen(
        generation=generation(template),
        replicas=ready.wanted,
        paused=bool(template["spec"].get("paused")),
        images=images(pod_template(template)),
        revision=revision_of(same) if same else "",
        proposal=revision_name(meaning(template), mark, [revision_of(one) for one in known]),
        content=mark,
        own_replicasets=tuple(name(one) for one in sets),
        own_replicas=sum(_pods(one) for one in sets),
        serving=min(ready.updated, ready.available) if ready.current else 0,
        trouble="" if template["spec"].get("paused") else trouble(template, found),
        restarted=restart_mark(pod_template(template)),
        deleting=deleting(template),
        problem=problem(release, template, found),
    )


def _revision(one: Object, found: Found) -> RevisionSeen:
    ready = readiness(one)
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
        progressed_at=progressed_at(one, found),
    )


def _pods(one: Object) -> int:
    asked = (one.get("spec") or {}).get("replicas")
    return max(1 if asked is None else int(asked), int((one.get("status") or {}).get("replicas") or 0))
