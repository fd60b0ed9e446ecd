"""Two controllers that each know better: the third time ends a release, and outside of one we write seldom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.decide import Decision, decide
from controller.core.decide.drift import WINDOW
from controller.core.decide.fight import PAUSES, TIMES, fights
from controller.core.objects import Ref
from controller.core.seen import Difference, Subject
from controller.core.status import Drift, Phase, Status

World = Any  # what may be None in it is there by the story
ROUTE = Difference(Subject.ROUTES, Ref("v1", "VirtualService", "shop", "podinfo"), "was changed", ("spec",), "argocd")
RULE = Difference(Subject.SUBSETS, Ref("v1", "DestinationRule", "shop", "podinfo"), "was changed", ("spec",), "argocd")
PODS = Difference(Subject.REVISION, Ref("v1", "Deployment", "shop", "podinfo-x1"), "was deleted", (), "argocd")


def by(manager: str, one: Difference = ROUTE) -> Difference:
    return replace(one, manager=manager)


def changed(world: World, *differences: Difference, after: float = 1.0) -> Decision:
    """A pass that finds something changed, though the last one wrote it."""
    world.now += after
    mended = frozenset(one.object for one in differences)
    decision = decide(world.release, world.status, replace(world.observed(), differences=differences, mended=mended))
    world.status = decision.status
    return decision


def half(world: World) -> World:
    world.idle()
    world.push("x:2")
    world.run(lambda w: w.shares[-1:] == [500] and w.status.step.in_effect_since is not None)
    return world


@pytest.mark.parametrize("one", [ROUTE, RULE], ids=["routes", "subsets"])
def test_the_third_time_ends_the_release_and_says_who_and_what_to_do(world: World, one: Difference) -> None:
    half(world)
    for _ in range(2):
        assert changed(world, one, after=5).status.phase is Phase.PROGRESSING
    decision = changed(world, one, after=5)
    assert (decision.status.phase, decision.status.failed_reason) == (Phase.ROLLING_BACK, "Fight")
    field = "spec.http" if one is ROUTE else "spec.subsets"
    for words in ("x2: argocd has changed", one.object, "3 times within 5 minutes", field, "docs/gitops.md", "retry"):
        assert words in decision.status.failed_message
    assert decision.wanted is not None
    assert decision.wanted.traffic is not None, "requests go home whoever fights"


@pytest.mark.parametrize(
    "differences",
    [
        [ROUTE, ROUTE],
        [ROUTE, RULE, ROUTE, RULE],
        [ROUTE, by("eve"), by("bob"), ROUTE, by("")],
        [PODS] * 6,
    ],
    ids=["twice", "one sync of two objects is one", "different people", "no routes"],
)
def test_what_is_no_fight(world: World, differences: list[Difference]) -> None:
    half(world)
    for one in differences:
        assert changed(world, one).status.phase is Phase.PROGRESSING


def test_slow_changes_are_no_fight_and_one_that_nobody_goes_on_with_ends_nothing(world: World) -> None:
    half(world)
    world.release = replace(world.release, paused=True)  # else it would be promoted meanwhile
    changed(world)
    for _ in range(4):
        assert changed(world, ROUTE, after=WINDOW / 2).status.phase is Phase.PAUSED
    old = [Drift("Routes", ROUTE.object, "x", "argocd", world.now - n, world.now - n) for n in (3, 2, 1)]
    world.status = replace(world.status, drifts=tuple(old))
    assert decide(world.release, world.status, world.observed()).status.phase is Phase.PAUSED
    assert changed(world, ROUTE).status.failed_reason == "Fight"


def test_a_fight_that_began_in_an_idle_release_ends_the_next_one_at_its_next_change_only(world: World) -> None:
    world.idle()
    for _ in range(4):
        assert changed(world, ROUTE).status.phase is Phase.IDLE
    world.push("x:2")
    decision = changed(world)
    assert decision.status.phase is Phase.PREPARING
    assert decision.wanted is not None
    assert decision.wanted.traffic is not None, "a release asserts what it wants at once"
    assert changed(world, ROUTE).status.failed_reason == "Fight"


@pytest.mark.parametrize("one", [ROUTE, RULE], ids=["routes", "subsets"])
def test_an_idle_release_writes_seldom_and_says_so_once(world: World, one: Difference) -> None:
    world.idle()
    events: list[str] = []
    for _ in range(TIMES):
        events += [event.reason for event in changed(world, one).events]
    condition = world.status.condition("Drift")
    assert (condition.status, condition.reason) == ("True", "Fight")
    assert "argocd has changed" in condition.message
    assert events.count("Fight") == 1
    pause = PAUSES[one.subject]
    world.subsets.clear()
    found = replace(world.observed(), differences=(one,))
    decision = decide(world.release, world.status, replace(found, now=world.now + pause - 0.1))
    assert decision.wanted is not None
    assert (decision.wanted.traffic, decision.wanted.subsets) == (
        (None, ("x1",)) if one is ROUTE else (decision.wanted.traffic, ())
    )
    assert decision.after == pytest.approx(0.1)
    assert decision.events == ()
    decision = decide(world.release, world.status, replace(found, now=world.now + pause))
    assert decision.wanted is not None
    assert decision.wanted.traffic is not None
    assert decision.wanted.subsets == ("x1",)


def test_it_is_over_when_nobody_goes_on(world: World) -> None:
    world.idle()
    for _ in range(TIMES):
        changed(world, ROUTE)
    first = world.status.drifts[0].at
    decision = changed(world, after=1)
    assert decision.after is not None
    assert world.status.condition("Drift").status == "True"
    world.now = first + WINDOW
    assert world.turn().status.conditions
    assert world.status.condition("Drift").status == "False"
    world.rest()


changes = st.lists(st.tuples(st.floats(0.01, 200), st.sampled_from(["a", "b"]), st.booleans()), max_size=30)


@given(changes)
def test_a_fight_is_exactly_three_of_one_object_by_one_manager_in_the_window(
    history: list[tuple[float, str, bool]],
) -> None:
    now, drifts = 0.0, []
    for after, manager, routes in history:
        now += after
        drifts.append(Drift("Routes" if routes else "Subsets", f"x{routes}", "", manager, now, now))
    found = {(one.last.object, one.last.manager) for one in fights(Status(drifts=tuple(drifts)), now)}
    for key in {(one.object, one.manager) for one in drifts}:
        young = [one for one in drifts if (one.object, one.manager) == key and one.at is not None]
        assert (key in found) == (sum(now < (one.at or 0) + WINDOW for one in young) >= TIMES)
