"""A controller that dies after any write of a hand-back leaves something that the next one brings to the same end."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest

from tests.handback import RULES, SERVICES, delete, gone
from tests.stage import Stage, staged

Begin = Callable[[Stage], Awaitable[None]]


async def at_rest(stage: Stage) -> None:
    await stage.idle()


async def in_the_middle(stage: Stage) -> None:
    """The Deployment says what the candidate is."""
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 50)


async def taken_back(stage: Stage) -> None:
    """In the middle, and the Deployment says again what stable is."""
    await in_the_middle(stage)
    await stage.push("x:1")


async def adopting(stage: Stage) -> None:
    await stage.create()
    await stage.until(lambda: stage.share("x:1"))


def end(stage: Stage) -> list[str]:
    """Everything that is left, with images for revisions and without uids."""
    left = [
        [table, one["metadata"]["name"], one["metadata"].get("ownerReferences"), one.get("spec")]
        for table in ("deployments.apps", "replicasets.apps", "configmaps", SERVICES, RULES)
        for one in stage.objects(table)
    ]
    lines = [stage.named(json.dumps(one, sort_keys=True)) for one in left]
    for one in stage.objects("deployments.apps"):
        lines = [line.replace(one["metadata"]["uid"], "uid") for line in lines]
    return sorted(lines)


@pytest.mark.timeout(150)
@pytest.mark.parametrize(
    ("begin", "weights"),
    [
        pytest.param(at_rest, [{"x:1": 100}], marks=pytest.mark.scenario),
        pytest.param(in_the_middle, [{"x:1": 50, "x:2": 50}, {"x:1": 100}], marks=pytest.mark.scenario),
        pytest.param(taken_back, [{"x:1": 50, "x:2": 50}, {"x:1": 100}], marks=pytest.mark.scenario),
        pytest.param(adopting, [{"x:1": 100}], marks=pytest.mark.scenario),
    ],
)
async def test_a_deletion_stopped_after_each_write(begin: Begin, weights: list[dict[str, int]]) -> None:
    wanted: list[str] = []
    for number in range(100):
        async with staged() as stage:
            await begin(stage)
            stage.weights[:] = stage.weights[-1:]
            mark = len(stage.writes())
            if number:
                stage.stop_after(number)
            await delete(stage)
            await gone(stage)
            assert stage.weights == weights
            wanted = wanted or end(stage)
            assert end(stage) == wanted, f"stopped after write {number}: {stage.writes()[mark:][: number + 3]}"
            if stage.stop is not None:  # it was never reached: so many writes are not made
                assert number > 6
                return
    raise AssertionError("it never ends")
