"""The next safe state of the cluster that a status asks for. Down only what has drained; everything else stays up."""

from __future__ import annotations

from controller.core.decide.model import Observed
from controller.core.decide.previous import is_warm
from controller.core.decide.standing import underway
from controller.core.decide.traffic import share, wanted_traffic
from controller.core.plan import replicas_for
from controller.core.release import Release
from controller.core.seen import TemplateSeen
from controller.core.status import Phase, Revision, Status
from controller.core.traffic import Traffic, Weights
from controller.core.wanted import Reach, Template, Wanted, WantedRevision


def want(release: Release, status: Status, observed: Observed) -> Wanted | None:
    """None while nothing may be touched: there is a problem and no release in progress, or nothing could be seen."""
    if observed.blind:
        return None
    if observed.problems:
        return _held(release, status, observed)
    if observed.workload.template is None:
        return None
    revisions: list[WantedRevision] = []
    subsets: list[str] = []
    for one, replicas in _kept(release, status, observed):
        seen = observed.workload.revision(one.name)
        revisions.append(
            WantedRevision(one.name, replicas, new=seen is None, restarted=_restarted(status, one, observed))
        )
        if replicas or (seen and seen.ready):
            subsets.append(one.name)
    # A retired revision's subset goes last: after its pods, so that nothing can name pods that are not there.
    kept = {one.name for one in revisions}
    gone = [one.name for one in status.retiring if one.name not in kept and observed.workload.revision(one.name)]
    return Wanted(
        revisions=tuple(revisions),
        subsets=tuple(subsets + gone),
        traffic=wanted_traffic(release, status) if _addressable(release, status, observed) else None,
        template=template_mode(release, status, observed.now),
    )


def _addressable(release: Release, status: Status, observed: Observed) -> bool:
    """Whether routes may name stable. In objects that name nothing of ours yet, such as those of an edited spec, its
    subset comes first, as any other's does.
    """
    stable, candidate = status.stable, status.candidate
    known = {one.name for one in (stable, candidate) if one}
    if stable is None or status.phase is Phase.ROLLING_BACK or known & observed.routes.named:
        return True
    since = stable.routable_since
    return since is not None and observed.now >= since + release.traffic.propagation


def _held(release: Release, status: Status, observed: Observed) -> Wanted | None:
    """What may be written while there is a problem: see holds.py."""
    stable, traffic = status.stable, wanted_traffic(release, status)
    if stable is None or not underway(status):
        return None
    home = traffic == Traffic(Weights.all_to(stable.name))
    away = {one.name for one in (status.candidate, status.previous, *status.retiring) if one} & observed.routes.named
    reach = Reach.PODS
    if home and (away or status.phase is Phase.ROLLING_BACK):
        reach = Reach.HOME if observed.routes.problems else Reach.ROUTES
    revisions = tuple(WantedRevision(one.name, replicas) for one, replicas in _kept(release, status, observed))
    return Wanted(revisions, (stable.name,), None if reach is Reach.PODS else traffic, reach=reach)


def wish(release: Release, status: Status, template: TemplateSeen | None) -> int:
    """The user's wish for the number of stable's pods; the Release's own number wins over the template's.

    While the template is not there it is what stable has.
    """
    if release.replicas is not None:
        return release.replicas
    if template is None:
        return status.stable.replicas if status.stable else 0
    return template.replicas


def stable_count(release: Release, status: Status, template: TemplateSeen | None) -> int:
    """Pods of stable: the wish, at least one since routes name it, and in a release never fewer than at its start.

    Afterwards that holds for it and for the previous revision, until that is let go.
    """
    return max(wish(release, status, template), status.floor, 1)


def candidate_count(release: Release, status: Status, template: TemplateSeen | None) -> int:
    """Pods of the candidate: enough for the step it is at and for the one it wants to take.

    Those that it has already it keeps: a former revision that is asked for again is taken back as it is.
    """
    stable = stable_count(release, status, template)
    if status.stable is None or status.returning:
        return stable
    capacity = release.workload.capacity
    steps = (status.step.index, status.step.target) if status.step else (0,)
    has = min(status.candidate.replicas, stable) if status.candidate else 0
    return max(has, *(replicas_for(share(release, at), stable, capacity) for at in steps))


def drained_at(release: Release, one: Revision) -> float | None:
    """When a revision's pods may go: epoch seconds, None while a route names it."""
    if one.unrouted_since is None:
        return None
    return one.unrouted_since + release.traffic.propagation + release.traffic.drain


def _kept(release: Release, status: Status, observed: Observed) -> list[tuple[Revision, int]]:
    template = observed.workload.template
    kept: list[tuple[Revision, int]] = []
    if status.stable:
        kept.append((status.stable, stable_count(release, status, template)))
    if status.candidate:
        still = status.phase is Phase.ROLLING_BACK  # on the way home nothing changes but the routes
        count = status.candidate.replicas if still else candidate_count(release, status, template)
        kept.append((status.candidate, max(count, 1)))
    if status.previous and not status.returning:
        warm = is_warm(release, status.previous, observed.now)
        kept.append((status.previous, stable_count(release, status, template) if warm else 0))
    for one in status.retiring:
        drained = drained_at(release, one)
        if (drained is None or observed.now < drained) and observed.workload.revision(one.name):
            kept.append((one, one.replicas))
        elif one.name == status.failed_name:
            kept.append((one, 0))  # tells the template that failed from a newer one
    return kept


def template_mode(release: Release, status: Status, now: float) -> Template:
    """What is to happen to the template while the Release manages it."""
    if status.stable is None:
        return Template.LEAVE
    free = status.timers.template_free_since
    if free is not None and now >= free + release.traffic.propagation + release.traffic.drain:
        return Template.EMPTY
    return Template.PAUSE


def _restarted(status: Status, one: Revision, observed: Observed) -> str:
    """A restart that the template asks for is stable's, in place; the pods of a candidate are young anyway."""
    template = observed.workload.template
    if template and status.stable and one.name == status.stable.name and template.revision == one.name:
        return template.restarted
    return ""
