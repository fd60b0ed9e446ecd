"""A release from beginning to end with nothing in its way: every look is perfect, every pod starts at once, everybody
approves. What it took is the least time; what was written is what the controller would write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

from controller.core.decide import Judged, wanted_traffic
from controller.core.decide.evidence import inconclusive
from controller.core.limits import Value
from controller.core.objects import Object
from controller.core.observed import Counts, History, Look
from controller.core.plan import Step, plan
from controller.core.release import Command, CommandName, LatencyLimit, PrometheusLimit, Release
from controller.core.status import Phase, Status
from controller.core.traffic import Traffic as Wanted
from controller.simulate.objects import Key, ObjectCluster
from controller.simulate.play import Play, Stuck

_MANY = 1_000_000.0
_PAST = 120
_NOBODY = "(nobody)"


@dataclass(frozen=True)
class Stage:
    """One place of the plan, once its traffic was in effect.

    ``index`` counts steps from 0; the last stage, with ``step`` None, is everything at the candidate. ``entered``,
    ``in_effect`` and ``left`` are seconds since the release began. ``objects`` are all that there were then.
    """

    index: int
    step: Step | None
    traffic: Wanted
    entered: float
    in_effect: float
    left: float
    stable_replicas: int
    candidate_replicas: int
    objects: dict[Key, Object]


@dataclass(frozen=True)
class Rehearsal:
    """``stable`` and ``candidate`` are revisions. ``seconds`` from the new template to the end of the release, without
    what pods take to start and people to answer. ``before`` are the objects before it, ``after`` once all is drained.
    """

    stable: str
    candidate: str
    stages: tuple[Stage, ...]
    seconds: float
    before: dict[Key, Object]
    after: dict[Key, Object]


def rehearse(
    release: Release, cluster: ObjectCluster, pods: Object | None, *, status: Status | None = None, now: float = 0.0
) -> Rehearsal:
    """Release a pod template (None: that of the Deployment in the cluster, which is not stable's).

    Without a ``status`` that knows a stable revision, the Deployment as the cluster has it is adopted as stable first.
    Raises Stuck with the message where the release cannot go on.
    """
    play = Play(replace(release, paused=False), cluster, _Perfect(), status or Status(), now)
    if play.status.stable is None:
        play.until(lambda it: it.status.phase is Phase.IDLE and it.status.stable is not None)
    _rest(play)
    before = dict(cluster.held)
    if pods is not None:
        template = cluster.held["Deployment", release.namespace, release.workload.deployment]
        cluster.put({**template, "spec": {**template["spec"], "template": pods}})
    began = play.now
    stable = play.status.stable.name if play.status.stable else ""
    stages = _stages(play, cluster, began)
    seconds = play.now - began
    candidate = play.status.stable.name if play.status.stable else ""
    _rest(play)
    return Rehearsal(stable, candidate, stages, seconds, before, dict(cluster.held))


def _rest(play: Play) -> None:
    """Until nothing is left to do; a release in progress is left alone."""
    while play.status.candidate is None:
        try:
            play.turn()
        except Stuck:
            return


def _stages(play: Play, cluster: ObjectCluster, began: float) -> tuple[Stage, ...]:
    """Each step once its traffic is in effect, and the end."""
    stages: list[Stage] = []
    play.until(lambda it: it.status.candidate is not None or it.status.phase is Phase.INVALID)
    while play.status.candidate is not None:
        if play.status.phase in (Phase.FAILED, Phase.ROLLING_BACK, Phase.INVALID):
            raise Stuck(play.status.message)
        before = play.status
        place = before.step
        if place and place.in_effect_since is not None and (not stages or stages[-1].index != place.index):
            stages.append(_stage(play.release, before, cluster, began, place.in_effect_since))
        _skip(play)
        play.turn(_word(before))
    # That everything is in effect at the candidate and that the release is over are seen in one pass.
    if not stages or stages[-1].index < len(plan(play.release)):
        stages.append(_stage(play.release, before, cluster, began, play.now))
    ends = [*(stage.entered for stage in stages[1:]), play.now - began]
    return tuple(replace(stage, left=end) for stage, end in zip(stages, ends, strict=True))


def _stage(release: Release, status: Status, cluster: ObjectCluster, began: float, since: float) -> Stage:
    place, steps, traffic = status.step, plan(release), wanted_traffic(release, status)
    assert place is not None
    assert place.started is not None
    assert traffic is not None
    return Stage(
        index=place.index,
        step=steps[place.index] if place.index < len(steps) else None,
        traffic=traffic,
        entered=place.started - began,
        in_effect=since - began,
        left=since - began,
        stable_replicas=status.stable.replicas if status.stable else 0,
        candidate_replicas=status.candidate.replicas if status.candidate else 0,
        objects=dict(cluster.held),
    )


def _skip(play: Play) -> None:
    """To the end of a step whose gates have nothing more to say: a step of days takes no longer to play."""
    place, steps = play.status.step, plan(play.release)
    if place is None or place.in_effect_since is None or place.index >= len(steps) or place.target > place.index:
        return
    if not inconclusive(play.release, play.status):
        play.now = max(play.now, place.in_effect_since + steps[place.index].duration)


def _word(status: Status) -> Command | None:
    """Whoever is asked approves, at once."""
    if status.phase is not Phase.WAITING or status.step is None or status.step.in_effect_since is None:
        return None
    given = any(one.step == status.step.index for one in status.approvals)
    return None if given else Command(CommandName.APPROVE, _NOBODY)


class _Perfect:
    """Requests enough for every minimum, none of them bad, all of them fast; every query gives what its limit wants."""

    def look(self, release: Release, status: Status, end: float) -> Judged:
        share = 0.0
        traffic = wanted_traffic(release, status)
        if traffic and status.candidate:
            share = traffic.weights[status.candidate.name] / 1000
        total = (_MANY + max((one.min_requests for one in release.gates.limits), default=0)) / max(share, 0.001)
        ours, theirs = (_fast(total * part, release) for part in (share, 1.0 - share))
        checks = {limit.name: limit.check for limit in release.gates.limits}
        values = {name: Value(_good(one)) for name, one in checks.items() if isinstance(one, PrometheusLimit)}
        return Judged(Look(end, release.gates.interval, ours, theirs), values)

    def history(self, release: Release) -> History:
        return History((_fast(_MANY, release),) * _PAST)


def _fast(requests: float, release: Release) -> Counts:
    """Faster than every limit asks for."""
    checks = [limit.check for limit in release.gates.limits]
    bound = min((one.maximum for one in checks if isinstance(one, LatencyLimit)), default=1.0)
    return Counts(requests, 0.0, (bound / 2, bound, inf), (requests * 0.999, requests, requests))


def _good(limit: PrometheusLimit) -> float:
    least, most = limit.minimum, limit.maximum
    return least if least is not None else most if most is not None else 0.0
