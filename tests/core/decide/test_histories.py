"""Random histories, and a stop after every single write: what must hold whatever happens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.core.decide import TRANSITIONS, decide
from controller.core.release import Bake, Canary, Command
from controller.core.status import Phase
from tests.core.world import STEPS, quick

World = Any  # what may be None in it is there by the story

ACTIONS = st.sampled_from(
    ["wait", "wait", "long", "push", "revert", "bad", "good", "crash", "heal", "kill", "silent", "loud", "scale"]
    + ["pause", "unpause", "edit", "break", "mend", "drift", "unsubset"]
    + [
        f"say {name}"
        for name in ("promote", "promote-full", "abort", "retry", "rollback", "pause", "resume", "approve", "nonsense")
    ]
)


KEEP = 12.0


def fresh(world: World, keep: float = KEEP, bake: Bake | None = None) -> World:
    new = type(world)()
    new.release = quick(Canary(STEPS, bake=bake), keep)
    return new


def happen(world: World, action: str) -> None:
    """One thing that users, nodes, meshes or colleagues do."""
    match action:
        case "crash":
            world.crash.add(world.image)
        case "heal":
            world.crash.clear()
        case "silent" | "loud":
            world.silent = action == "silent"
        case "scale":
            world.replicas, world.generation = 1 + world.replicas % 5, world.generation + 1
        case "pause" | "unpause":
            world.release = replace(world.release, paused=action == "pause")
        case "edit":
            world.release = replace(world.release, generation=world.release.generation + 1)
        case "break" | "mend":
            world.problems = ("spec: broken",) if action == "break" else ()
        case "drift":
            world.weights = {}
        case "unsubset":
            world.subsets.clear()
        case "wait" | "long":
            pass
        case _:
            assert world.happen(action), action


def check(world: World, before: Any, weights_before: dict[str, int]) -> None:
    status = world.status
    assert status.phase is before.phase or status.phase in TRANSITIONS[before.phase]
    assert status.message
    assert sum(world.weights.values()) in (0, 1000)
    for name, share in world.weights.items():
        assert name in world.subsets or world.problems, "a route names a subset that is not there"
        risen = share > weights_before.get(name, 0)
        home = status.stable and before.stable and status.stable.name == before.stable.name and status.stable.name
        if risen and share and name != home:
            assert world.revisions[name].ready > 0, "weight was given to a revision without ready pods"
    for name in world.weights:
        assert world.revisions[name].replicas >= 1
    check_previous(world, before)


def check_previous(world: World, before: Any) -> None:
    """Until it is let go it has what it had, and nobody else takes its place among those that go."""
    one, was = world.status.previous, before.previous
    if one is None or was is None or one.name != was.name or world.problems:
        return
    pods, since = world.revisions[one.name].replicas, one.unrouted_since
    if pods < min(was.replicas, world.status.floor):
        assert pods == 0
        assert world.status.returning or (since is not None and world.now >= since + KEEP)
    assert one.name not in [gone.name for gone in world.status.retiring]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ACTIONS, max_size=30), st.sampled_from([None, Bake(6.0), Bake(6.0, 950)]))
def test_every_history_keeps_the_rules_and_comes_to_rest(world: World, actions: list[str], bake: Bake | None) -> None:
    world = fresh(world, bake=bake)
    for action in [*actions, "mend", "unpause"]:
        happen(world, action)
        if action == "say abort" and not world.problems and world.status.stable and world.status.candidate:
            world.turn()
            world.turn()
            stable = world.status.stable.name
            assert world.weights in ({stable: 1000}, {}) or world.status.phase is Phase.IDLE
        for _ in range(60 if action == "long" else 4):
            before, weights = world.status, dict(world.weights)
            world.turn()
            check(world, before, weights)
            world.pods()
            world.now += 1.0
    for _ in range(400):
        world.turn()
        world.pods()
        world.now += 5.0
        if world.status.phase in (Phase.IDLE, Phase.FAILED) and not world.status.timers.progress_since:
            break
    assert world.status.phase in (Phase.IDLE, Phase.FAILED) or world.status.message


def place(status: Any) -> tuple[Any, ...]:
    """What a status says beyond numbers and moments: a change of it is a write that counts."""
    names = tuple(one.name for one in status.retiring)
    step = status.step and (status.step.index, status.step.target)
    return status.phase, status.stable and status.stable.name, status.candidate and status.candidate.name, names, step


LONG = 600.0  # seconds for which the previous revision is kept where a story wants it warm
RELEASES = (("x:2", False), ("x:3", True))
ROLLBACK = (("x:2", False), ("rollback", False))
BAKED = (("x:2", False),)


def story(
    world: World,
    *,
    stop_at: int | None = None,
    lose_status: bool = False,
    words: tuple[tuple[str, bool], ...] = RELEASES,
    keep: float = 0.0,
    bake: Bake | None = None,
) -> tuple[list[int], Phase, int]:
    """Adoption, a good release, a bad one; after the ``stop_at``-th write the controller dies and starts again.

    With a ``bake`` a version turns bad in it. Returns the sequence of weights that candidates were given, the last
    phase and the number of writes.
    """
    world = fresh(world, keep, bake)
    writes, sequence = 0, [0]
    script = iter(words)
    idle_passes = 0
    for _ in range(1500):
        decision = decide(world.release, world.status, world.observed())
        saved = decision.status
        if saved.handled and saved.handled.cleared is False and world.status.handled == saved.handled:
            world.command = None
        moved = place(saved) != place(world.status)
        writes += moved  # the status itself
        died = moved and writes == stop_at
        if not (died and lose_status):
            world.status = saved
        if not died:
            for _write in world.act(decision.wanted):
                writes += 1
                if writes == stop_at:
                    break
        candidate = max((name for name in world.weights if name != "x1"), default="")
        share = world.weights.get(candidate, 0)
        if sequence[-1] != share:
            sequence.append(share)
        world.pods()
        world.now += 1.0
        if world.status.phase is Phase.BAKING:
            world.bad = {world.image}
        busy = world.status.candidate or (decision.after is not None and decision.after < LONG)
        idle_passes = 0 if busy else idle_passes + 1
        if idle_passes > 3:
            image, bad = next(script, ("", False))
            if not image:
                break
            world.bad = {image} if bad else set()
            if image == "rollback":
                world.command = Command(image, "eve")
            else:
                world.push(image)
            idle_passes = 0
    return sequence, world.status.phase, writes


def test_a_stop_after_every_write_ends_the_same_way(world: World) -> None:
    whole, phase, writes = story(world)
    assert phase is Phase.FAILED
    assert whole[:4] == [0, 10, 100, 500]
    assert writes > 30
    for stop_at in range(1, writes + 1):
        for lose_status in (False, True):
            sequence, end, _ = story(world, stop_at=stop_at, lose_status=lose_status)
            assert (sequence, end) == (whole, phase), f"stopped at write {stop_at}"


@pytest.mark.parametrize(
    "keep", [pytest.param(10 * LONG, id="warm"), pytest.param(1.0, id="cold", marks=pytest.mark.scenario)]
)
def test_a_stop_after_every_write_of_a_rollback_ends_the_same_way(world: World, keep: float) -> None:
    whole, phase, writes = story(world, words=ROLLBACK, keep=keep)
    assert phase is Phase.FAILED
    assert whole == [0, 10, 100, 500, 1000, 0]
    for stop_at in range(1, writes + 1):
        for lose_status in (False, True):
            sequence, end, _ = story(world, stop_at=stop_at, lose_status=lose_status, words=ROLLBACK, keep=keep)
            assert (sequence, end) == (whole, phase), f"stopped at write {stop_at}"


@pytest.mark.scenario
def test_a_stop_after_every_write_of_a_bake_that_fails_ends_the_same_way(world: World) -> None:
    whole, phase, writes = story(world, words=BAKED, bake=Bake(20.0))
    assert phase is Phase.FAILED
    assert whole == [0, 10, 100, 500, 1000, 0]
    for stop_at in range(1, writes + 1):
        for lose_status in (False, True):
            sequence, end, _ = story(world, stop_at=stop_at, lose_status=lose_status, words=BAKED, bake=Bake(20.0))
            assert (sequence, end) == (whole, phase), f"stopped at write {stop_at}"


@pytest.mark.parametrize("image", ["x:2"])
def test_status_alone_is_the_memory(world: World, image: str) -> None:
    """The same three values give the same decision: nothing is remembered outside the status."""
    world = fresh(world).idle()
    world.push(image)
    for _ in range(30):
        observed = world.observed()
        assert decide(world.release, world.status, observed) == decide(world.release, world.status, observed)
        world.turn()
        world.pods()
        world.now += 1.0
