"""What somebody changed of the revisions, their configuration and the template since it was written."""

from __future__ import annotations

from collections.abc import Iterator

from controller.core.objects import Found, Object, Ref, deleting, named_after, readiness, ref_of
from controller.core.release import Release
from controller.core.seen import Difference, Subject
from controller.core.wanted import Template, Wanted, WantedRevision
from controller.workloads.managed.edited import before_edited
from controller.workloads.managed.known import is_name_of, revision_of, revisions
from controller.workloads.managed.look import template_object
from controller.workloads.managed.marks import copy_refs, original_names


def differences(release: Release, wanted: Wanted, found: Found) -> Iterator[Difference]:
    """One for each object; what is on its way out is as good as gone."""
    known = {revision_of(one): one for one in revisions(release, found) if not deleting(one)}
    template = template_object(release, found)
    for one in wanted.revisions:
        have = known.get(one.name)
        if have is None:
            called = named_after(release.workload.deployment, one.name)
            lost = template is None or not is_name_of(one.name, template, found)
            ref = Ref("apps/v1", "Deployment", release.namespace, called)
            yield Difference(Subject.REVISION, ref, "was deleted", lost=lost)
        else:
            yield from _revision(release, one, have, found)
    if template is not None and not deleting(template):
        yield from _template(template, wanted)


def _revision(release: Release, one: WantedRevision, have: Object, found: Found) -> Iterator[Difference]:
    count = readiness(have).wanted
    if before_edited(release, have, template_object(release, found), found) is not None:
        what = "was edited: its pods would be of another version than it was made for"
        yield Difference(Subject.REVISION, ref_of(have), what, ("spec", "template"))
    elif count != one.replicas:
        what = f"was scaled from {one.replicas} to {count}"
        yield Difference(Subject.REVISION, ref_of(have), what, ("spec", "replicas"))
    originals = {made.name: original for made, original in original_names(have).items() if made.kind == "Secret"}
    for ref in copy_refs(have):
        # Where no Secret is seen at all, because they are switched off, it is not known to be gone.
        unseen = ref.name in originals and found.get("Secret", ref.namespace, originals[ref.name]) is None
        if not unseen and found.get(ref.kind, ref.namespace, ref.name) is None:
            yield Difference(Subject.CONFIGURATION, ref, f"was deleted, and pods of {one.name} cannot start without it")


def _template(template: Object, wanted: Wanted) -> Iterator[Difference]:
    if wanted.template in (Template.PAUSE, Template.EMPTY) and not template["spec"].get("paused"):
        yield Difference(Subject.TEMPLATE, ref_of(template), "was resumed (spec.paused: false)", ("spec", "paused"))
