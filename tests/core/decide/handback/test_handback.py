"""The stages of a hand-back as tables: from what is seen to the stage that is written down, and what it wants."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.core.decide import Decision, Observed, decide
from controller.core.decide.phases import TRANSITIONS
from controller.core.release import (
    Canary,
    Gates,
    IstioRouting,
    ManagedWorkload,
    ObjectRef,
    Release,
    Routing,
    WeightStep,
)
from controller.core.seen import RevisionSeen, RoutesSeen, TemplateSeen, WorkloadSeen
from controller.core.status import HandBack, Phase, Revision, Stage, Status, StepStatus
from controller.core.traffic import Weights
from controller.core.wanted import Reach, Template

RELEASE = Release(
    namespace="shop",
    name="podinfo",
    workload=ManagedWorkload("podinfo"),
    traffic=Routing("podinfo", IstioRouting((ObjectRef("shop", "podinfo"),), "podinfo"), propagation=2, drain=5),
    strategy=Canary((WeightStep(100, 20),)),
    gates=Gates(none=True),
    deleting=True,
)
OLD, NEW = Revision("old", "podinfo-old", ("x:1",), 3, 3), Revision("new", "podinfo-new", ("x:2",), 3, 3)
IDLE = Status(phase=Phase.IDLE, stable=OLD)
MIDDLE = Status(phase=Phase.PROGRESSING, stable=OLD, candidate=NEW, step=StepStatus(0, 1))


def pods(revision: Revision, count: int = 3) -> RevisionSeen:
    return RevisionSeen(revision.name, revision.deployment, revision.images, count, count, count, count, True)


def seen(
    *revisions: RevisionSeen,
    now: float = 1000.0,
    same: str = "old",
    serving: int = 0,
    weights: dict[str, int] | None = None,
    template: bool = True,
    **more: object,
) -> Observed:
    """A Deployment with three replicas that is what ``same`` is; ``weights`` None: routes of nobody but the user."""
    deployment = TemplateSeen(1, 3, not serving, ("x:1",), same, "fresh", serving=serving)
    shares = weights or {}
    routes = RoutesSeen(frozenset({"old", "new"}), tuple(shares.items()), named=frozenset(shares))
    workload = WorkloadSeen(deployment if template else None, revisions)
    return replace(Observed(now, workload, routes), **more)  # type: ignore[arg-type]


def at(status: Status, stage: Stage, ready_since: float | None = None) -> Status:
    left = Revision("new", "podinfo-new", ("x:2",), 3, 3, unrouted_since=990.0)
    return replace(
        status,
        phase=Phase.HANDING_BACK,
        candidate=None,
        step=None,
        retiring=(left,) if status.candidate else (),
        hand_back=HandBack(stage, ready_since),
    )


def stage(decision: Decision) -> Stage:
    assert decision.status.hand_back is not None
    assert decision.status.message.startswith("handing back: ")
    return decision.status.hand_back.stage


ROUTED = {"old": 1000}
HALF = {"old": 500, "new": 500}


@pytest.mark.parametrize(
    ("status", "observed", "wanted"),
    [
        # ---- it is what stable is
        (at(IDLE, Stage.HOME), seen(pods(OLD), weights=ROUTED), Stage.HOME),
        (at(IDLE, Stage.HOME), seen(pods(OLD), serving=2, weights=ROUTED), Stage.HOME),
        (at(IDLE, Stage.HOME, 999.0), seen(pods(OLD), serving=3, weights=ROUTED), Stage.HOME),
        (at(IDLE, Stage.HOME, 998.0), seen(pods(OLD), serving=3, weights=ROUTED), Stage.RESTORING),
        (at(IDLE, Stage.HOME, 900.0), seen(pods(OLD), serving=2, weights=ROUTED), Stage.HOME),
        (at(MIDDLE, Stage.HOME, 900.0), seen(pods(OLD), pods(NEW, 1), serving=3, weights=ROUTED), Stage.HOME),
        (at(MIDDLE, Stage.HOME, 900.0), seen(pods(OLD), pods(NEW, 0), serving=3, weights=ROUTED), Stage.RESTORING),
        (at(IDLE, Stage.RESTORING, 900.0), seen(pods(OLD), serving=3, weights=ROUTED, settled=True), Stage.RESTORING),
        (at(IDLE, Stage.RESTORING, 900.0), seen(pods(OLD), serving=3, settled=True), Stage.RESTORING),
        (at(IDLE, Stage.CLEARING, 900.0), seen(serving=3, settled=True), Stage.CLEARING),
        # ---- it is something else
        (at(IDLE, Stage.HOME), seen(pods(OLD), same="new", weights=ROUTED), Stage.LEAVING),
        (at(MIDDLE, Stage.HOME), seen(pods(OLD), pods(NEW), same="new", weights=HALF), Stage.HOME),
        (at(MIDDLE, Stage.HOME), seen(pods(OLD), pods(NEW, 0), same="new", weights=ROUTED), Stage.LEAVING),
        (at(IDLE, Stage.LEAVING), seen(pods(OLD), same="old", weights=ROUTED), Stage.LEAVING),
        # ---- it is gone
        (at(MIDDLE, Stage.HOME), seen(pods(OLD), pods(NEW), template=False, weights=HALF), Stage.RESTORING),
        (at(IDLE, Stage.LEAVING), seen(pods(OLD), template=False, weights=ROUTED), Stage.RESTORING),
        (at(IDLE, Stage.RESTORING, 900.0), seen(template=False, settled=True), Stage.CLEARING),
        (at(IDLE, Stage.RESTORING, 900.0), seen(template=False, weights=ROUTED), Stage.RESTORING),
        # ---- stable is gone: the Deployment is all there is
        (at(IDLE, Stage.HOME, 900.0), seen(same="", serving=3), Stage.RESTORING),
    ],
)
def test_where_it_goes_on(status: Status, observed: Observed, wanted: Stage) -> None:
    assert stage(decide(RELEASE, status, observed)) is wanted


@pytest.mark.parametrize(("since", "wanted"), [(994.0, Stage.RESTORING), (993.0, Stage.CLEARING)])
def test_requests_on_their_way_end_before_pods_go(since: float, wanted: Stage) -> None:
    status = at(replace(IDLE, stable=replace(OLD, unrouted_since=since)), Stage.RESTORING, 900.0)
    decision = decide(RELEASE, status, seen(pods(OLD), serving=3, settled=True))
    assert stage(decision) is wanted
    assert decision.after == (1.0 if wanted is Stage.RESTORING else 0.0)


def test_a_release_ends_where_it_is_deleted() -> None:
    observed = seen(pods(OLD), pods(NEW), same="new", weights=HALF, problems=("spec: broken",))
    decision = decide(RELEASE, MIDDLE, observed)
    status, wanted = decision.status, decision.wanted
    assert (status.phase, status.candidate, status.step) == (Phase.HANDING_BACK, None, None)
    assert [one.name for one in status.retiring] == ["new"]
    assert wanted is not None
    assert wanted.traffic is not None
    assert wanted.traffic.weights == Weights.all_to("old")
    assert {one.name: one.replicas for one in wanted.revisions} == {"old": 3, "new": 3}
    assert wanted.template is Template.LEAVE or wanted.template is Template.PAUSE
    assert [event.reason for event in decision.events] == ["HandingBack"]
    assert decision.after == 0.0


def test_no_route_is_written_where_none_leads_astray() -> None:
    decision = decide(RELEASE, IDLE, seen(pods(OLD), weights=ROUTED))
    assert decision.wanted is not None
    assert decision.wanted.traffic is None
    assert decision.wanted.template is Template.RESUME


def test_routes_that_cannot_be_used_are_brought_home_as_far_as_they_are_ours() -> None:
    observed = seen(pods(OLD), pods(NEW), same="new", weights=HALF)
    broken = replace(observed, routes=replace(observed.routes, problems=("route 'web' has another host",)))
    decision = decide(RELEASE, MIDDLE, broken)
    assert decision.wanted is not None
    assert decision.wanted.reach is Reach.HOME


def test_one_that_was_never_promoted_leaves_the_deployment_its_own_pods() -> None:
    adopting = Status(phase=Phase.PROMOTING, candidate=OLD, step=StepStatus(1, 1))
    observed = seen(pods(OLD), serving=3, weights=ROUTED)
    decision = decide(RELEASE, adopting, observed)
    assert decision.status.stable is None
    later = decide(RELEASE, decision.status, replace(observed, now=1002.0))
    assert stage(later) is Stage.RESTORING


@pytest.mark.parametrize(
    ("status", "observed", "done"),
    [
        (at(IDLE, Stage.CLEARING, 900.0), seen(serving=3, settled=True), True),
        (at(IDLE, Stage.CLEARING, 900.0), seen(serving=3), False),
        (at(IDLE, Stage.CLEARING, 900.0), seen(pods(OLD), serving=3, settled=True), False),
        (at(IDLE, Stage.CLEARING, 900.0), seen(pods(OLD), template=False, settled=True), True),
        (at(MIDDLE, Stage.LEAVING), seen(pods(OLD), same="new", weights=ROUTED, settled=True), True),
        (at(MIDDLE, Stage.LEAVING), seen(pods(OLD), pods(NEW, 0), same="new", weights=ROUTED, settled=True), False),
        (at(IDLE, Stage.HOME), seen(pods(OLD), same="new", weights=ROUTED, settled=True), False),
        (at(IDLE, Stage.RESTORING, 900.0), seen(serving=3, settled=True), False),
    ],
)
def test_the_finalizer_goes_last(status: Status, observed: Observed, done: bool) -> None:
    decision = decide(RELEASE, status, observed)
    assert decision.done is done
    assert [event.reason for event in decision.events] == (["HandedBack"] if done else [])


def test_what_cannot_be_written_is_told_with_the_way_out() -> None:
    observed = seen(pods(OLD), weights=ROUTED, failures=("VirtualService shop/podinfo: refused",))
    message = decide(RELEASE, at(IDLE, Stage.RESTORING, 900.0), observed).status.message
    assert "VirtualService shop/podinfo: refused. It is tried again. To let go of everything as it is:" in message


def test_every_phase_can_end_so_and_none_follows() -> None:
    others = set(Phase) - {Phase.HANDING_BACK}
    assert all(Phase.HANDING_BACK in TRANSITIONS[phase] for phase in others)
    assert TRANSITIONS[Phase.HANDING_BACK] == frozenset()
