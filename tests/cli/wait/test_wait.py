"""``sluice wait`` beside a real controller; the wait itself runs in a thread, on real time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.stage import Stage


@pytest.fixture
async def idle(stage: Stage) -> Stage:
    await stage.idle()
    return stage


async def begun(stage: Stage, task: asyncio.Task[Any]) -> None:
    """Until the wait watches the Release; nothing has moved meanwhile."""
    await stage.wait(
        lambda: task.done() or stage.api.audit.count(agent="sluice-cli", verb="watch", resource="releases") > 0
    )


@pytest.mark.parametrize(
    ("image", "code", "last"), [("x:2", 0, "is promoted: x:2 serves"), ("x:bad", 1, "rolled back: ")]
)
async def test_it_is_right_directly_after_a_new_image(
    idle: Stage, typed: Callable[..., Any], image: str, code: int, last: str
) -> None:
    """The controller has not even looked: the status still speaks of the image before, ready and at rest."""
    await idle.push(image)
    waiting = asyncio.create_task(typed(idle.api)("wait", "podinfo"))
    await begun(idle, waiting)
    assert not waiting.done()
    assert idle.serves("x:1")
    await idle.until(lambda: idle.serves(image) or idle.phase() == "Failed")
    said = await waiting
    lines = said.out.splitlines()
    assert said.code == code, said
    assert last in lines[-1]
    assert any("Progressing  1/2 10%" in line for line in lines)
    assert not any("Idle" in line and "x:1" in line for line in lines[1:])


async def test_a_newer_revision_has_an_exit_status_of_its_own(idle: Stage, typed: Callable[..., Any]) -> None:
    await idle.push("x:2")
    waiting = asyncio.create_task(typed(idle.api)("wait", "podinfo"))
    await begun(idle, waiting)
    await idle.until(lambda: idle.share("x:2") == 10)
    await idle.push("x:3")
    await idle.until(lambda: idle.serves("x:3"))
    said = await waiting
    assert said.code == 3
    assert "was superseded by" in said.out
    assert said.out.endswith("(x:3)\n")


async def test_an_image_that_comes_later(idle: Stage, typed: Callable[..., Any]) -> None:
    """As with GitOps: the pipeline knows the image before the Deployment does."""
    waiting = asyncio.create_task(typed(idle.api)("wait", "podinfo", "--image", "x:2"))
    await idle.wait(lambda: idle.api.audit.count(agent="sluice-cli", verb="get", resource="deployments") > 0)
    await idle.push("x:2")
    await idle.until(lambda: idle.serves("x:2"))
    said = await waiting
    assert said.code == 0
    assert "Deployment podinfo holds x:1: waiting until it is x:2" in said.out


async def test_a_revision_by_name(idle: Stage, typed: Callable[..., Any]) -> None:
    said = await typed(idle.api)("wait", "podinfo", "--revision", idle.revision("x:1"))
    assert (said.code, said.out.splitlines()[-1].partition("UTC  ")[2]) == (
        0,
        f"{idle.revision('x:1')} is promoted: x:1 serves",
    )


async def test_when_the_time_is_over(idle: Stage, typed: Callable[..., Any]) -> None:
    await idle.push("x:2")
    said = await typed(idle.api)("wait", "podinfo", "--timeout", "500ms")
    assert (said.code, said.out.splitlines()[-1].partition("UTC  ")[2]) == (2, "not over within 0s")


async def test_what_is_typed_wrongly(idle: Stage, typed: Callable[..., Any]) -> None:
    sluice = typed(idle.api)
    assert (await sluice("wait", "podinfo", "--timeout", "30")).err == (
        "sluice: --timeout: '30' has no unit; write 30s for seconds or 30m for minutes\n"
    )
    assert (await sluice("wait", "podinfo", "--image", "a", "--revision", "b")).code == 2
    said = await sluice("wait", "podinf")
    assert (said.code, said.err) == (
        4,
        "sluice: there is no Release podinf in namespace shop; did you mean podinfo?\n",
    )


async def test_it_goes_on_over_an_api_that_breaks_and_forgets(idle: Stage, typed: Callable[..., Any]) -> None:
    await idle.push("x:2")
    waiting = asyncio.create_task(typed(idle.api)("wait", "podinfo"))
    await begun(idle, waiting)
    gone = idle.api.faults.add(verb="watch", resource="releases", agent="sluice-cli", status=410, times=1)
    idle.api.break_watches(agent="sluice-cli")
    await idle.until(lambda: idle.serves("x:2"))
    assert (await waiting).code == 0
    assert gone.hits == 1
