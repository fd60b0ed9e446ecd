"""The writes that make wanted revisions of the objects found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.core.objects import (
    Change,
    Create,
    Delete,
    Found,
    Object,
    Patch,
    deleting,
    difference,
    generation,
    labels,
    pod_template,
    readiness,
    ref_of,
    resource_version,
    restart_mark,
    uid,
)
from controller.core.objects import annotations as annotations_of
from controller.core.objects import name as name_of
from controller.core.objects.template import RESTARTS
from controller.core.release import Release
from controller.core.wanted import Template, Wanted, WantedRevision
from controller.workloads.managed.configuration import content
from controller.workloads.managed.edited import before_edited
from controller.workloads.managed.known import copies_found, is_name_of, revision_of, revisions
from controller.workloads.managed.look import own_sets, present, template_object
from controller.workloads.managed.marks import CONTENT, KEPT, REVISION_LABEL, original_names, own_labels
from controller.workloads.managed.revision import copies, deployment, owners, settings


def up(release: Release, wanted: Wanted, found: Found) -> Iterator[Change]:
    """New revisions, their configuration first; more replicas; a restart in place; what somebody took away."""
    template = template_object(release, found)
    if template is not None and deleting(template):
        template = None  # what it owns goes with it
    known = {revision_of(one): one for one in revisions(release, found)}
    same = present(template, list(known.values()), found) if template is not None else None
    for one in wanted.revisions:
        have = known.get(one.name)
        if have is None:
            if one.new and template is not None and is_name_of(one.name, template, found):
                yield from _copies(release, template, one.name, found)
                yield Create(deployment(release, template, one.name, one.replicas, found))
        elif not deleting(have):
            if template is not None and _reads_the_same(have, template, found):
                yield from _copies(release, template, one.name, found)
            body = _raised(one, have, template) | _metadata(release, one.name, have, template)
            if template is not None and same is have:
                body = _settled_as(body, have, template)
            body = _as_made(body, have, before_edited(release, have, template, found))
            if body:
                yield Patch(ref_of(have), body, resource_version(have))
    if template is not None:
        for copy in copies_found(release, found):
            body = _metadata(release, labels(copy)[REVISION_LABEL], copy, template)
            if body and not deleting(copy):
                yield Patch(ref_of(copy), body, resource_version(copy))


def down(release: Release, wanted: Wanted, found: Found) -> Iterator[Change]:
    """Fewer replicas; revisions that are wanted no more, after them their configuration; then the template."""
    kept = {one.name: one for one in wanted.revisions}
    known = revisions(release, found)
    for have in known:
        if deleting(have):
            continue
        name = revision_of(have)
        if name not in kept:
            yield Delete(ref_of(have), uid(have))
        elif kept[name].replicas < readiness(have).wanted:
            yield Patch(ref_of(have), {"spec": {"replicas": kept[name].replicas}}, resource_version(have))
    used = kept.keys() | {revision_of(one) for one in known}
    for copy in copies_found(release, found):
        if labels(copy)[REVISION_LABEL] not in used and not deleting(copy):
            yield Delete(ref_of(copy), uid(copy))
    template = template_object(release, found)
    if template is not None and not deleting(template):
        yield from _template(template, wanted, {revision_of(one): one for one in known}, found)


def _copies(release: Release, template: Object, revision: str, found: Found) -> Iterator[Change]:
    """The copies that are not there yet, or not any more."""
    for copy in copies(release, template, revision, found):
        if found.get(copy["kind"], release.namespace, name_of(copy)) is None:
            yield Create(copy)


def _reads_the_same(have: Object, template: Object, found: Found) -> bool:
    """Whether a revision's copies can be made again: of the template's configuration as it is now."""
    return bool(original_names(have)) and annotations_of(have).get(CONTENT) == content(template, found)


def _raised(one: WantedRevision, have: Object, template: Object | None) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    if one.replicas > readiness(have).wanted:
        spec["replicas"] = one.replicas
    if one.restarted and template is not None and restart_mark(pod_template(have)) != one.restarted:
        asked = (pod_template(template).get("metadata") or {}).get("annotations") or {}
        spec["template"] = {"metadata": {"annotations": {key: asked.get(key) for key in RESTARTS}}}
    return {"spec": spec} if spec else {}


def _metadata(release: Release, revision: str, have: Object, template: Object | None) -> dict[str, Any]:
    """Labels and the owner, where somebody took them away, or where it comes from another Release."""
    metadata: dict[str, Any] = {}
    wanted = own_labels(release, revision)
    if not wanted.items() <= labels(have).items():
        metadata["labels"] = wanted
    if KEPT in annotations_of(have):
        metadata["annotations"] = {KEPT: None}
    owned = owners(have, template) if template is not None else None
    if owned is not None:
        metadata["ownerReferences"] = owned
    return {"metadata": metadata} if metadata else {}


def _settled_as(body: dict[str, Any], have: Object, template: Object) -> dict[str, Any]:
    """Also what the template now says about rolling out, which restarts no pod."""
    changed = difference(settings(have), settings(template))
    return {**body, "spec": {**body.get("spec", {}), **changed}} if changed else body


def _as_made(body: dict[str, Any], have: Object, pods: dict[str, Any] | None) -> dict[str, Any]:
    """Also the pod template that it had before somebody edited it."""
    if pods is None:
        return body
    return {**body, "spec": {**body.get("spec", {}), "template": difference(pod_template(have), pods)}}


def _template(template: Object, wanted: Wanted, known: dict[str, Object], found: Found) -> Iterator[Change]:
    paused = bool(template["spec"].get("paused"))
    asked = wanted.template
    if asked in (Template.PAUSE, Template.EMPTY) and not paused:
        yield Patch(ref_of(template), {"spec": {"paused": True}}, resource_version(template))
    elif asked is Template.RESUME:
        wish = {} if wanted.template_replicas is None else {"replicas": wanted.template_replicas}
        spec = difference(template["spec"], {**template["spec"], "paused": False, **wish}) if paused else {}
        if spec:
            yield Patch(ref_of(template), {"spec": spec}, resource_version(template))
    elif asked is Template.EMPTY and _observed(template):
        # Only now: a Deployment that is not known to be paused would make them again.
        kept = {one.name: one.replicas for one in wanted.revisions}
        for one in own_sets(template, found):
            if not deleting(one) and not _stands_in(one, kept, known):
                yield Delete(ref_of(one), uid(one))


def _stands_in(one: Object, kept: dict[str, int], known: dict[str, Object]) -> bool:
    """Whether a ReplicaSet still serves for a revision whose Deployment was deleted without it.

    Kubernetes gives such a ReplicaSet to the template, whose selector it fits. It goes once the revision has a
    Deployment with pods again.
    """
    revision = labels(one).get(REVISION_LABEL, "")
    if revision not in kept:
        return False
    return revision not in known or not readiness(known[revision]).serves(kept[revision])


def _observed(template: Object) -> bool:
    observed = (template.get("status") or {}).get("observedGeneration")
    return isinstance(observed, int) and observed >= generation(template)
