"""Managed revisions: the user's Deployment is the template, each version of it runs as a Deployment of its own."""

from __future__ import annotations

from controller.core.objects import Change, Found, Ref, name, namespace
from controller.core.release import Release
from controller.core.seen import WorkloadSeen
from controller.core.wanted import Wanted
from controller.workloads.managed import look, writes
from controller.workloads.managed.configuration import Source, sources

__all__ = ["Managed"]


class Managed:
    """Implements controller.workloads.Workload."""

    def reads(self, release: Release, found: Found) -> tuple[Ref, ...]:
        where = release.namespace
        refs = [Ref("apps/v1", "Deployment", where, release.workload.deployment)]
        refs += [Ref("apps/v1", "Deployment", where, name(one)) for one in look.revisions(release, found)]
        template = look.template_object(release, found)
        if template is not None:
            refs += [Ref("apps/v1", "ReplicaSet", namespace(one), name(one)) for one in look.own_sets(template, found)]
            refs += [_ref(where, source) for source in sources(template)]
        return tuple(dict.fromkeys(refs))

    def see(self, release: Release, found: Found) -> WorkloadSeen:
        return look.see(release, found)

    def up(self, release: Release, wanted: Wanted, found: Found) -> tuple[Change, ...]:
        return tuple(writes.up(release, wanted, found))

    def down(self, release: Release, wanted: Wanted, found: Found) -> tuple[Change, ...]:
        return tuple(writes.down(release, wanted, found))


def _ref(where: str, source: Source) -> Ref:
    return Ref("v1", source.kind, where, source.name)
