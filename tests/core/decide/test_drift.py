"""What others change: each time is noted and told once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.decide import Observed, decide, settled
from controller.core.decide.drift import WINDOW, drifted
from controller.core.objects import Ref
from controller.core.seen import Difference, RoutesSeen, Subject, WorkloadSeen
from controller.core.status import Phase, Status
from controller.core.wanted import Template

World = Any  # what may be None in it is there by the story
ROUTE = Difference(Subject.ROUTES, Ref("v1", "VirtualService", "shop", "podinfo"), "was changed", ("spec",), "argocd")
RULE = Difference(Subject.SUBSETS, Ref("v1", "DestinationRule", "shop", "podinfo"), "was changed", ("spec",), "argocd")
PODS = Difference(Subject.REVISION, Ref("v1", "Deployment", "shop", "podinfo-a"), "was deleted")


def seen(now: float, *differences: Difference, mended: tuple[str, ...] = ()) -> Observed:
    return Observed(now, WorkloadSeen(None), RoutesSeen(), differences=differences, mended=frozenset(mended))


def test_a_change_is_told_once_until_it_was_mended() -> None:
    status, events = drifted(Status(), seen(0, ROUTE))
    assert [event.message for event in events] == [
        "VirtualService shop/podinfo was changed by argocd: it is written again"
    ]
    status, events = drifted(status, seen(1, ROUTE))
    assert (events, status.drifts[0].at, status.drifts[0].ended) == ((), 0, None)
    status, events = drifted(status, seen(2))
    assert (events, status.drifts[0].ended) == ((), 2)
    _, events = drifted(status, seen(3, ROUTE))
    assert len(events) == 1, "a second time"


def test_what_is_different_again_after_it_was_mended_is_another_change_though_nobody_saw_it_right() -> None:
    status, _ = drifted(Status(), seen(0, ROUTE, RULE))
    status, events = drifted(status, seen(1, ROUTE, RULE, mended=(ROUTE.object,)))
    assert [event.message.split()[1] for event in events] == ["shop/podinfo"]
    assert [(one.object, one.at, one.ended) for one in status.drifts] == [
        (ROUTE.object, 0, 1),
        (RULE.object, 0, None),
        (ROUTE.object, 1, None),
    ]


def test_only_routes_and_subsets_are_remembered_and_not_for_long() -> None:
    status, _ = drifted(Status(), seen(0, ROUTE, PODS))
    status, _ = drifted(status, seen(1))
    assert [one.object for one in status.drifts] == [ROUTE.object]
    assert drifted(status, seen(WINDOW - 1))[0].drifts
    assert not drifted(status, seen(WINDOW))[0].drifts


@given(st.lists(st.lists(st.sampled_from([ROUTE, RULE, PODS]), unique=True), max_size=60))
def test_the_memory_is_bounded_and_each_object_is_different_at_most_once(passes: list[list[Difference]]) -> None:
    status = Status()
    for now, differences in enumerate(passes):
        mended = tuple(one.object for one in differences)
        status, events = drifted(status, seen(now, *differences, mended=mended))
        assert len(events) == len(differences)
        assert len(status.drifts) <= 32
        assert sorted(d.object for d in status.drifts if d.ended is None) == sorted(d.object for d in differences)


def test_what_was_not_written_yet_is_not_expected(world: World) -> None:
    """Nothing before adoption is over, then all of it; a move's own traffic not before it was seen."""
    fresh = settled(world.release, Status(), world.observed())
    assert fresh is not None
    assert (fresh.revisions, fresh.subsets, fresh.traffic, fresh.template) == ((), (), None, Template.LEAVE)
    world.idle()
    idle = settled(world.release, world.status, world.observed())
    assert idle is not None
    assert [one.name for one in idle.revisions] == list(idle.subsets) == ["x1"]
    assert idle.traffic is not None
    assert idle.template is Template.EMPTY
    world.push("x:2")
    world.run(lambda w: w.status.phase is Phase.PROGRESSING)
    moved = settled(world.release, world.status, world.observed())
    assert moved is not None
    assert moved.traffic is None, "decided, not seen written"
    world.turn()
    after = settled(world.release, world.status, world.observed())
    assert after is not None
    assert after.traffic is not None
    assert set(after.subsets) == {"x1", "x2"}


@pytest.mark.parametrize("lost", ["weights", "subsets", "pods"])
def test_what_was_written_stays_expected_while_it_is_gone(world: World, lost: str) -> None:
    world.idle()
    before = settled(world.release, world.status, world.observed())
    match lost:
        case "weights":
            world.weights = {}
        case "subsets":
            world.subsets.clear()
        case "pods":
            world.revisions.clear()
    for _ in range(3):  # nothing can be written
        decision = decide(world.release, world.status, world.observed())
        world.status = decision.status
        after = settled(world.release, world.status, world.observed())
        assert after is not None
        assert before is not None
        assert (after.traffic, after.subsets) == (before.traffic, before.subsets)
        assert [one.name for one in after.revisions] == ["x1"]


def test_the_users_own_count_is_no_change_of_a_revision(world: World) -> None:
    world.idle()
    world.replicas, world.generation = 5, world.generation + 1
    wanted = settled(world.release, world.status, world.observed())
    assert wanted is not None
    assert [one.replicas for one in wanted.revisions] == [3]
    world.revisions["x1"].replicas = 1
    wanted = settled(world.release, world.status, world.observed())
    assert wanted is not None
    assert [one.replicas for one in wanted.revisions] == [5]


def test_the_conditions_say_it_while_it_is_so(world: World) -> None:
    world.idle()
    observed = replace(world.observed(), differences=(ROUTE, PODS))
    status = decide(world.release, world.status, observed).status
    drift = status.condition("Drift")
    assert drift is not None
    assert (drift.status, drift.reason) == ("True", "Changed")
    assert drift.message == (
        "VirtualService shop/podinfo was changed by argocd; "
        "Deployment shop/podinfo-a was deleted by somebody (its managedFields name nobody)"
    )
    status = decide(world.release, status, world.observed()).status
    drift = status.condition("Drift")
    assert drift is not None
    assert (drift.status, drift.message) == ("False", "")
