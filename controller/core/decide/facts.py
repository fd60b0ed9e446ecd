"""What a pass learns from the objects and notes in the status before it decides anything."""

from __future__ import annotations

from dataclasses import replace

from controller.core.decide.model import Observed
from controller.core.decide.previous import known_still
from controller.core.decide.traffic import wanted_traffic
from controller.core.decide.want import drained_at
from controller.core.release import Release
from controller.core.status import Phase, Revision, Status, StepStatus, Timers
from controller.core.traffic import WHOLE, Traffic


def notice(release: Release, status: Status, observed: Observed) -> Status:
    """The status with the present facts: readiness, since when what is addressable, routed, in effect, free."""
    status = known_still(release, status, observed)
    retiring = tuple(
        one
        for one in (_leaving(release, one, observed) for one in status.retiring)
        if observed.workload.revision(one.name) or one.name in observed.routes.subsets
    )
    noted = replace(
        status,
        stable=status.stable and _revision(status.stable, observed),
        candidate=status.candidate and _candidate(status, status.candidate, observed),
        previous=status.previous and _revision(status.previous, observed),
        retiring=retiring,
        timers=_timers(release, status, observed),
        revisions=tuple(one.name for one in observed.workload.revisions),
    )
    # A revision that failed stays without pods, and so does the previous one in the end: neither holds anything that
    # stable would have to take back. Until then an autoscaler that counts all pods would take stable for idle.
    others = (*noted.retiring, *((noted.previous,) if noted.previous else ()))
    if noted.candidate is None and not any(one.replicas or one.ready for one in others):
        noted = replace(noted, floor=0)
    return replace(noted, step=noted.step and _step(release, noted, noted.step, observed))


def follows(traffic: Traffic | None, observed: Observed) -> bool:
    """Whether the routes, as they are written now, say just this."""
    routes = observed.routes
    if traffic is None:
        return True
    testers = traffic.testers.revision if traffic.testers else ""
    weights = tuple(sorted((name, share) for name, share in routes.weights if share))
    return routes.agree and weights == traffic.weights.shares and routes.testers == testers


def serving(observed: Observed) -> str:
    """The revision that gets all requests and has pods for them, "" where none does."""
    for name, share in observed.routes.weights:
        seen = observed.workload.revision(name)
        if share == WHOLE and seen is not None and seen.ready and observed.routes.agree:
            return name
    return ""


def _revision(one: Revision, observed: Observed) -> Revision:
    routes, now = observed.routes, observed.now
    seen = observed.workload.revision(one.name)
    return replace(
        one,
        deployment=seen.deployment if seen else one.deployment,
        images=seen.images if seen else one.images,
        replicas=seen.replicas if seen else 0,
        ready=seen.ready if seen else 0,
        routable_since=_since(one.routable_since, one.name in routes.subsets, now),
        unrouted_since=_since(one.unrouted_since, one.name not in routes.named, now),
    )


def _leaving(release: Release, one: Revision, observed: Observed) -> Revision:
    """One that drains: until it has, it is to have what it had, whoever scales it down."""
    noted = _revision(one, observed)
    drained = drained_at(release, noted)
    if drained is not None and observed.now >= drained:
        return noted
    return replace(noted, replicas=max(one.replicas, noted.replicas))


def _candidate(status: Status, one: Revision, observed: Observed) -> Revision:
    """On the way home it is to have what it had: until the mesh has learned of it, requests still come."""
    noted = _revision(one, observed)
    home = status.phase is Phase.ROLLING_BACK
    return replace(noted, replicas=max(one.replicas, noted.replicas)) if home else noted


def _timers(release: Release, status: Status, observed: Observed) -> Timers:
    timers = status.timers
    candidate = status.candidate
    progress = timers.progress_since
    if candidate is not None:
        seen = observed.workload.revision(candidate.name)
        nearer = seen is not None and (seen.ready > candidate.ready or seen.replicas < candidate.replicas)
        told = seen.progressed_at if seen and seen.progressed_at else 0.0
        progress = observed.now if nearer or progress is None else max(progress, min(told, observed.now))
    template = observed.workload.template
    paused = status.stable is not None and template is not None and template.paused
    return replace(
        timers,
        template_free_since=_since(timers.template_free_since, bool(observed.routes.weights), observed.now),
        progress_since=progress,
        routes_written=_first(timers.routes_written, follows(wanted_traffic(release, status), observed), observed.now),
        template_paused=_first(timers.template_paused, paused, observed.now),
    )


def _first(before: float | None, true_now: bool, now: float) -> float | None:
    """When it was first true; it stays so whatever somebody makes of it."""
    return now if before is None and true_now else before


def _step(release: Release, status: Status, step: StepStatus, observed: Observed) -> StepStatus:
    """The step's clocks: they stop when the routes no longer say what is wanted, and start anew when they do."""
    if status.phase is Phase.ROLLING_BACK:
        return step
    if not follows(wanted_traffic(release, status), observed):
        if observed.problems:
            return step  # harm is looked for as long as the release is held; its clock begins anew once it goes on
        return replace(step, routed_since=None, in_effect_since=None)
    routed = observed.now if step.routed_since is None else step.routed_since
    effect = step.in_effect_since
    if effect is None and observed.now >= routed + release.traffic.propagation:
        effect = observed.now
    return replace(step, routed_since=routed, in_effect_since=effect)


def _since(before: float | None, true_now: bool, now: float) -> float | None:
    if not true_now:
        return None
    return now if before is None else before
