"""A controller that dies after any write of the way back: the same end, and no weight that another run did not see."""

from __future__ import annotations

import pytest

from tests.stage import NAME, Stage, release, staged

ONE_STEP = {"canary": {"steps": [{"weight": "50%", "for": "10s"}]}}


@pytest.mark.scenario
@pytest.mark.timeout(120)
async def test_a_bake_that_fails_stopped_after_each_write() -> None:
    """A version turns bad once all requests go to it."""
    baked = {"canary": {**ONE_STEP["canary"], "bake": {"for": "60s"}}}
    async with staged() as stage:
        stage.provider.bad = lambda revision: stage.phase() in ("Baking", "RollingBack")
        await stage.push("x:000")
        await stage.create(release(strategy=baked))
        await stage.until(lambda: stage.serves("x:000"))
        await failing(stage, "x:first")  # its object stays: from here on every run begins alike
        wanted: list[str] = []
        for number in range(100):
            image = f"x:{number + 1:03}"
            await stage.push(image)
            await stage.until(lambda image=image: stage.share(image) == 100 and stage.phase() == "Baking")  # type: ignore[misc]
            stage.weights[:] = stage.weights[-1:]
            if number:
                stage.stop_after(number)
            await failing(stage, image)
            assert stage.weights == [{image: 100}, {"x:000": 100}]
            seen = [text.replace(image, "new") for text in stage.end()]
            wanted = wanted or seen
            assert seen == wanted, f"stopped after write {number}"
            if stage.stop is not None:
                assert number > 4
                return
    raise AssertionError("it never ends")


async def failing(stage: Stage, image: str) -> None:
    if not stage.revision(image):
        await stage.push(image)
    await stage.until(lambda: stage.phase() == "Failed" and stage.revision(image))
    await stage.rest()
    assert stage.status()["failed"]["reason"] == "GateFailed"
    assert stage.status()["stable"]["images"] == ["x:000"]
    assert stage.emptied(image)


@pytest.mark.scenario
@pytest.mark.timeout(120)
@pytest.mark.parametrize(("keep", "writes"), [pytest.param("1h", 5, id="warm"), pytest.param("1s", 9, id="cold")])
async def test_a_rollback_by_command_stopped_after_each_write(keep: str, writes: int) -> None:
    """x:000 is promoted over by another version in each run, and had back."""
    async with staged() as stage:
        await stage.push("x:000")
        await stage.create(release(workload={"deployment": NAME, "keepPrevious": keep}, strategy=ONE_STEP))
        await stage.until(lambda: stage.serves("x:000"))
        wanted: list[str] = []
        for number in range(100):
            image = f"x:{number + 1:03}"
            await stage.push(image)
            await stage.until(lambda image=image: stage.serves(image))  # type: ignore[misc]
            if keep == "1s":
                await stage.rest()
                assert stage.emptied("x:000")
            stage.weights[:] = stage.weights[-1:]
            mark = len(stage.writes())
            if number:
                stage.stop_after(number)
            await stage.say("rollback", by="eve", reason="complaints")
            await stage.until(lambda: stage.phase() == "Failed")
            await stage.rest()
            assert stage.weights == [{image: 100}, {"x:000": 100}]
            assert stage.status()["failed"]["reason"] == "RolledBackByCommand"
            assert stage.emptied(image)
            assert "sluice.dev/command" not in stage.annotations()
            seen = [text.replace(image, "new") for text in stage.end()]
            wanted = wanted or seen
            assert seen == wanted, f"stopped after write {number}: {stage.writes()[mark:][: number + 3]}"
            if stage.stop is not None:  # it was never reached: so many writes are not made
                assert number > writes
                return
    raise AssertionError("it never ends")
