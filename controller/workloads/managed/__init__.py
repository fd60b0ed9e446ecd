"""Managed revisions: the user's Deployment is the template, each version of it runs as a Deployment of its own.

May not go in: when a revision is made, scaled or deleted (core/decide); here is only how.
"""

from __future__ import annotations

from controller.core.objects import Change, Found, Ref, name, namespace
from controller.core.release import Release
from controller.core.seen import Difference, WorkloadSeen
from controller.core.wanted import Wanted
from controller.workloads.managed import configuration, differences, known, leaving, look, problems, writes
from controller.workloads.managed.known import revisions
from controller.workloads.managed.marks import copy_refs

__all__ = ["Managed"]


class Managed:
    """Implements controller.workloads.Workload."""

    def reads(self, release: Release, found: Found) -> tuple[Ref, ...]:
        refs = [Ref("apps/v1", "Deployment", release.namespace, release.workload.deployment)]
        for one in revisions(release, found):
            refs += [Ref("apps/v1", "Deployment", namespace(one), name(one)), *copy_refs(one)]
        template = look.template_object(release, found)
        refs += problems.refs(release, template)
        if template is not None:
            refs += [Ref("apps/v1", "ReplicaSet", namespace(one), name(one)) for one in look.own_sets(template, found)]
            refs += configuration.refs(template, found)
        return tuple(dict.fromkeys(refs))

    def see(self, release: Release, found: Found) -> WorkloadSeen:
        return look.see(release, found)

    def differences(self, release: Release, wanted: Wanted, found: Found) -> tuple[Difference, ...]:
        return tuple(differences.differences(release, wanted, found))

    def up(self, release: Release, wanted: Wanted, found: Found) -> tuple[Change, ...]:
        return tuple(writes.up(release, wanted, found))

    def down(self, release: Release, wanted: Wanted, found: Found) -> tuple[Change, ...]:
        return tuple(writes.down(release, wanted, found))

    def owner(self, release: Release, found: Found) -> str:
        return known.owner(release, found)

    def leave(self, release: Release, revision: str, found: Found) -> tuple[Change, ...]:
        return tuple(leaving.leave(release, revision, found))
