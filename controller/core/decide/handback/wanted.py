"""What the cluster should look like in each stage of a hand-back, and when the next pass is needed."""

from __future__ import annotations

from collections.abc import Iterator

from controller.core.decide.handback.ends import End, answering
from controller.core.decide.model import Observed
from controller.core.decide.want import drained_at, stable_count, template_mode
from controller.core.release import Release
from controller.core.status import Revision, Stage, Status
from controller.core.traffic import Traffic, Weights
from controller.core.wanted import Reach, Template, Wanted, WantedRevision


def handed(release: Release, status: Status, observed: Observed, end: End) -> Wanted:
    """The next safe state. Routes are given back apart from it (Restoring), since no traffic of ours says that."""
    at, stable = status.hand_back, status.stable
    assert at is not None
    template = _template(release, status, observed, end)
    replicas = release.replicas if template is Template.RESUME else None
    kept: list[WantedRevision] = []
    if stable and not (end is End.RESUME and at.stage is Stage.CLEARING):
        kept.append(WantedRevision(stable.name, _count(release, status, observed)))
    if at.stage in (Stage.CLEARING, Stage.LEAVING):
        subsets = (stable.name,) if stable and end is End.KEEP else ()
        return Wanted(tuple(kept), subsets, None, template, template_replicas=replicas)
    kept += [WantedRevision(one.name, _draining(release, one, observed)) for one in _seen(status, observed)]
    traffic = _home(status, observed)
    addressable = {one.name for one in kept} & observed.routes.subsets
    if traffic and stable:
        addressable.add(stable.name)
    reach = Reach.HOME if traffic and observed.routes.problems else Reach.ALL
    return Wanted(tuple(kept), tuple(sorted(addressable)), traffic, template, reach, replicas)


def after(release: Release, status: Status, observed: Observed) -> float | None:
    """Seconds until time alone makes a difference; None when only a change does."""
    moments = [moment for moment in _moments(release, status, observed) if moment > observed.now]
    return min(moments) - observed.now if moments else None


def _moments(release: Release, status: Status, observed: Observed) -> Iterator[float]:
    at, traffic = status.hand_back, release.traffic
    assert at is not None
    if at.ready_since is not None:
        yield at.ready_since + traffic.propagation
    for one in answering(status, observed):
        drained = drained_at(release, one)
        if drained is not None:
            yield drained
    template, free = observed.workload.template, status.timers.template_free_since
    if template is not None and template.own_replicasets and free is not None:
        yield free + traffic.propagation + traffic.drain


def _home(status: Status, observed: Observed) -> Traffic | None:
    """All requests to stable, where any route leads to another revision; else routes are left as they are found."""
    stable, routes = status.stable, observed.routes
    if stable is None or observed.workload.revision(stable.name) is None:
        return None
    astray = any(one.name in routes.named for one in status.retiring) or routes.testers not in ("", stable.name)
    return Traffic(Weights.all_to(stable.name)) if astray else None


def _template(release: Release, status: Status, observed: Observed, end: End) -> Template:
    template = observed.workload.template
    if template is None or end is End.GONE:
        return Template.LEAVE
    if end is End.RESUME:
        return Template.RESUME
    return template_mode(release, status, observed.now)


def _count(release: Release, status: Status, observed: Observed) -> int:
    """Stable's pods: as many as ever, and no fewer than it has while nobody can say what is wished."""
    template, stable = observed.workload.template, status.stable
    assert stable is not None
    return stable_count(release, status, template) if template is not None else stable.replicas


def _draining(release: Release, one: Revision, observed: Observed) -> int:
    drained = drained_at(release, one)
    return 0 if drained is not None and observed.now >= drained else one.replicas


def _seen(status: Status, observed: Observed) -> list[Revision]:
    return [one for one in status.retiring if observed.workload.revision(one.name)]
