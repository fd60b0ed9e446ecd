"""A controller that dies after any of its writes leaves something that the next one brings to the same end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.stage import AGENT, Stage, staged

Move = Callable[[str], Awaitable[None]]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as running:
        yield running


async def sweep(
    stage: Stage, move: Move, before: Callable[[int], str], image: Callable[[int], str], every: int = 1
) -> list[str]:
    """One run without a stop, then one for each write that it makes (each ``every``-th), stopped right after it; the
    new image's weights in each run.

    Runs that differ in nothing but their images read the same: the one before is "old", the one released "new".
    """
    wanted: list[str] = []
    for number in range(0, 200, every):
        old, new = before(number), image(number)
        stage.weights[:] = stage.weights[-1:]
        mark = len(stage.writes())
        if number:
            stage.stop_after(number)
        await move(new)
        assert all(sum(weights.values()) == 100 and weights.keys() <= {old, new} for weights in stage.weights)
        seen = [str([weights.get(new, 0) for weights in stage.weights]), *stage.end()]
        seen = [text.replace(new, "new").replace(old, "old") for text in seen]
        wanted = wanted or seen
        assert seen == wanted, f"stopped after write {number}: {stage.writes()[mark:][: number + 3]}"
        if stage.stop is not None:  # it was never reached: so many writes are not made
            stage.stop.remove()
            stage.stop = None
            return [wanted[0]] * (number - every)
    raise AssertionError("it never ends")


@pytest.mark.scenario
@pytest.mark.timeout(240)
async def test_a_good_release_stopped_after_each_write(stage: Stage) -> None:
    await stage.idle("x:000")
    runs = await sweep(stage, stage.promote, "x:{:03}".format, lambda n: f"x:{n + 1:03}")
    assert len(runs) > 15
    assert set(runs) == {"[0, 10, 50, 100]"}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.scenario)])
async def test_a_bad_release_stopped_after_each_write(stage: Stage, every: int) -> None:
    await stage.idle("x:000")
    await stage.fail("x:bad")  # its object stays: from here on every run begins alike
    runs = await sweep(stage, stage.fail, lambda _: "x:000", "x:bad{:03}".format, every)
    assert len(runs) >= 12
    assert set(runs) == {"[0, 10, 0]"}


@pytest.mark.scenario
@pytest.mark.timeout(120)
async def test_an_adoption_stopped_after_each_write() -> None:
    wanted: list[str] = []
    for number in range(200):
        async with staged() as stage:
            if number:
                stage.stop_after(number)
            await stage.idle()
            assert stage.weights == [{"x:1": 100}]
            wanted = wanted or stage.end()
            assert stage.end() == wanted, f"stopped after write {number}: {stage.writes()}"
            if stage.stop is not None:
                assert number > 8
                return


@pytest.mark.scenario
@pytest.mark.timeout(180)
async def test_a_release_that_a_person_aborts_stopped_after_each_write(stage: Stage) -> None:
    """The command is handled once: a second rollback would be one of the next image."""

    async def abort(image: str) -> None:
        await stage.push(image)
        await stage.until(lambda: stage.share(image) == 10)
        await stage.say("abort", by="eve", reason=image)
        await stage.until(lambda: stage.phase() == "Failed")
        await stage.rest()
        assert stage.status()["handled"]["reason"] == image
        assert "sluice.dev/command" not in stage.annotations()

    await stage.idle("x:000")
    await abort("x:first")
    runs = await sweep(stage, abort, lambda _: "x:000", "x:a{:03}".format)
    assert len(runs) > 12
    assert set(runs) == {"[0, 10, 0]"}


async def story(stage: Stage) -> tuple[list[dict[str, int]], list[str]]:
    """Adoption, a good release, a bad one."""
    await stage.idle()
    await stage.promote("x:2")
    await stage.fail("x:bad")
    return stage.weights, stage.end()


WEIGHTS = [{"x:1": 100}, {"x:1": 90, "x:2": 10}, {"x:1": 50, "x:2": 50}, {"x:2": 100}, {"x:2": 90, "x:bad": 10}]


@pytest.mark.scenario
@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", ["killed", "answer lost", "refused"])
async def test_the_whole_story_with_a_fault_at_each_write(fault: str) -> None:
    """Killed right after the write; or it lives on without the answer to it; or the write did not happen at all.

    Of the last two each takes every other write: together they meet all of them.
    """
    async with staged() as stage:
        wanted = await story(stage)
        writes = [resource for _, resource, _, _ in stage.writes()]
    assert wanted[0] == [*WEIGHTS, {"x:2": 100}]
    counted = sum(resource != "releaserecords" for resource in writes)
    assert counted > 40
    numbers = {
        "killed": range(1, counted + 1),
        "answer lost": range(1, len(writes) + 1, 2),
        "refused": range(2, len(writes) + 1, 2),
    }
    for number in numbers[fault]:
        async with staged() as stage:
            if fault == "killed":
                stage.stop_after(number)
            elif fault == "answer lost":
                stage.api.faults.add(verb="write", agent=AGENT, drop=True, after=True, skip=number - 1)
            else:
                stage.api.faults.add(verb="write", agent=AGENT, status=500, skip=number - 1)
            assert await story(stage) == wanted, f"{fault} at write {number}: {stage.writes()}"
            assert stage.stop is None


@pytest.mark.scenario
@pytest.mark.timeout(300)
async def test_a_release_that_another_one_supersedes_stopped_after_each_write() -> None:
    """The first candidate gets no request any more before the second one gets its first."""

    wanted: tuple[list[dict[str, int]], list[str]] | None = None
    for number in range(100):
        async with staged() as stage:
            seen = await superseded(stage, number)
            wanted = wanted or seen
            assert seen == wanted, f"stopped after write {number}: {stage.writes()}"
            assert [weights.get("x:3", 0) for weights in seen[0]] == [0, 0, 10, 50, 100]
            if stage.stop is not None:  # it was never reached: so many writes are not made
                assert number > 12
                return
    raise AssertionError("it never ends")


async def superseded(stage: Stage, stop: int) -> tuple[list[dict[str, int]], list[str]]:
    """x:3 arrives while x:2 has half of the requests; the weights from then on, and the end."""
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 50)
    stage.weights[:] = stage.weights[-1:]
    if stop:
        stage.stop_after(stop)
    await stage.push("x:3")
    await stage.until(lambda: stage.serves("x:3"))
    await stage.rest()
    return stage.weights, stage.end()
