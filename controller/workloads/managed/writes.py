"""The writes that make wanted revisions of the objects found."""

from __future__ import annotations

from collections.abc import Iterator

from controller.core.objects import (
    Change,
    Create,
    Delete,
    Found,
    Object,
    Patch,
    Ref,
    deleting,
    generation,
    labels,
    namespace,
    pod_template,
    readiness,
    ref_of,
    resource_version,
    restart_mark,
    uid,
)
from controller.core.objects import name as name_of
from controller.core.objects.template import RESTARTS
from controller.core.release import Release
from controller.core.wanted import Template, Wanted, WantedRevision
from controller.workloads.managed.look import own_sets, revision_of, revisions, template_object
from controller.workloads.managed.revision import RELEASE_LABEL, REVISION_LABEL, copies, deployment

_COPIES = ("ConfigMap", "Secret")


def up(release: Release, wanted: Wanted, found: Found) -> Iterator[Change]:
    """New revisions, their configuration first; more replicas; a restart in place."""
    template = template_object(release, found)
    known = {revision_of(one): one for one in revisions(release, found)}
    for one in wanted.revisions:
        have = known.get(one.name)
        if have is None:
            if one.new and template is not None:
                for copy in copies(release, template, one.name, found):
                    if found.get(copy["kind"], release.namespace, copy["metadata"]["name"]) is None:
                        yield Create(copy)
                yield Create(deployment(release, template, one.name, one.replicas, found))
        elif not deleting(have):
            body = _raised(one, have, template)
            if body:
                yield Patch(ref_of(have), {"spec": body}, resource_version(have))


def down(release: Release, wanted: Wanted, found: Found) -> Iterator[Change]:
    """Fewer replicas; revisions that are wanted no more, with their configuration; then the template."""
    kept = {one.name: one for one in wanted.revisions}
    for have in revisions(release, found):
        if deleting(have):
            continue
        name = revision_of(have)
        if name not in kept:
            yield Delete(ref_of(have), uid(have))
        elif kept[name].replicas < readiness(have).wanted:
            yield Patch(ref_of(have), {"spec": {"replicas": kept[name].replicas}}, resource_version(have))
    for kind in _COPIES:
        for copy in found.list(kind, release.namespace, {RELEASE_LABEL: release.name}):
            if labels(copy).get(REVISION_LABEL) not in kept and not deleting(copy):
                yield Delete(Ref("v1", kind, namespace(copy), name_of(copy)), uid(copy))
    template = template_object(release, found)
    if template is not None and not deleting(template):
        yield from _template(template, wanted.template, found)


def _raised(one: WantedRevision, have: Object, template: Object | None) -> dict[str, object]:
    body: dict[str, object] = {}
    if one.replicas > readiness(have).wanted:
        body["replicas"] = one.replicas
    if one.restarted and template is not None and restart_mark(pod_template(have)) != one.restarted:
        asked = (pod_template(template).get("metadata") or {}).get("annotations") or {}
        body["template"] = {"metadata": {"annotations": {key: asked.get(key) for key in RESTARTS}}}
    return body


def _template(template: Object, wanted: Template, found: Found) -> Iterator[Change]:
    paused = bool(template["spec"].get("paused"))
    if wanted in (Template.PAUSE, Template.EMPTY) and not paused:
        yield Patch(ref_of(template), {"spec": {"paused": True}}, resource_version(template))
    elif wanted is Template.RESUME and paused:
        yield Patch(ref_of(template), {"spec": {"paused": False}}, resource_version(template))
    elif wanted is Template.EMPTY and _settled(template):
        # Only now: a Deployment that is not known to be paused would make them again.
        for one in own_sets(template, found):
            if not deleting(one):
                yield Delete(ref_of(one), uid(one))


def _settled(template: Object) -> bool:
    observed = (template.get("status") or {}).get("observedGeneration")
    return isinstance(observed, int) and observed >= generation(template)
