"""``sluice watch``: lines beside a real controller, and what a screen shows."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from controller.cli.cluster import Session
from controller.cli.lines import Lines, line
from controller.cli.watch import look
from controller.cli.watch.views import Printed, Screen
from controller.cluster import Cluster, explicit
from tests.cli.conftest import Sluice
from tests.stage import RELEASES, Stage

NOW = 1_800_000_000.0


async def test_a_line_for_each_change_until_it_is_done(stage: Stage, typed: Callable[..., Sluice]) -> None:
    await stage.idle()
    await stage.push("x:2")
    watching = asyncio.create_task(typed(stage.api)("watch", "podinfo", "--until-done"))
    await stage.wait(lambda: stage.api.audit.count(agent="sluice-cli", verb="watch", resource="releases") > 0)
    await stage.until(lambda: stage.serves("x:2"))
    said = await watching
    assert said.code == 0
    lines = [text.partition(" UTC  ")[2] for text in said.out.splitlines()]
    assert lines[0].startswith("Idle  ")
    assert lines[-1].endswith("is promoted: x:2 serves")
    assert len(lines) == len(set(lines)), "nothing is said twice"
    assert [text for text in lines if text.startswith("Progressing  1/2 10%")]
    assert "\x1b" not in said.out


async def test_all_of_them_over_an_outage(stage: Stage) -> None:
    """The API refuses once, then has forgotten what it said (410), and a Release is deleted meanwhile."""
    await stage.idle()
    await stage.kill()
    written: list[str] = []
    faults = [
        stage.api.faults.add(verb="watch", resource="releases", agent="someone", status=code, times=1)
        for code in (503, 410)
    ]
    connection = stage.api.connection
    async with Cluster(explicit(connection.url, token=connection.token), manager="someone") as cluster:
        view = Printed(Lines(written.append, lambda: NOW, names=True))
        session = Session(cluster, "elsewhere")
        task = asyncio.create_task(look(session, "", view, 60.0, until_done=False, everywhere=True))
        await stage.wait(lambda: all(fault.hits for fault in faults))
        await stage.client.delete(f"{RELEASES}/podinfo")
        if stage.objects("releases.sluice.dev"):  # a finalizer waits for the controller
            await stage.client.patch(f"{RELEASES}/podinfo", {"metadata": {"finalizers": None}})
        await stage.wait(lambda: written[-1:] == ["08:00:00 UTC  shop/podinfo  deleted"])
        task.cancel()
        await asyncio.wait({task})
    lines = [text.partition(" UTC  ")[2] for text in written]
    assert lines[0].startswith("shop/podinfo  Idle  ")
    assert "503" in lines[1]
    assert lines[1].endswith("; trying again")
    assert len(lines) == 3, "what was listed anew is not said anew"


async def test_what_is_typed_wrongly(typed: Callable[..., Sluice]) -> None:
    said = await typed(None)("watch", "--until-done")
    assert said.code == 2
    assert "--until-done goes with the name of a Release" in said.err


def release(name: str = "podinfo", **status: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "shop", "name": name}, "status": status}


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ({}, "no controller has looked at it yet"),
        ({"phase": "Idle", "message": "a serves"}, "Idle  a serves"),
        (
            {"phase": "Progressing", "step": {"position": "1/2"}, "weight": "5%", "message": "b at 5%"},
            "Progressing  1/2 5%  b at 5%",
        ),
    ],
)
def test_a_status_in_one_line(status: dict[str, Any], text: str) -> None:
    assert line(status) == text


def test_lines_say_nothing_twice() -> None:
    written: list[str] = []
    lines = Lines(written.append, lambda: NOW, names=True)
    for phase in ("Idle", "Idle", "Preparing"):
        lines.show(release(phase=phase, gates=[]))
    lines.show(release("cart", phase="Idle"))
    lines.gone("shop/podinfo")
    assert written == [
        "08:00:00 UTC  shop/podinfo  Idle",
        "08:00:00 UTC  shop/podinfo  Preparing",
        "08:00:00 UTC  shop/cart  Idle",
        "08:00:00 UTC  shop/podinfo  deleted",
    ]


@pytest.mark.parametrize("one", [True, False])
def test_a_screen_shows_what_is_and_what_happened(one: bool) -> None:
    out = io.StringIO()
    screen = Screen(
        Console(file=out, width=140, force_terminal=True, color_system=None), lambda: NOW, one=one, namespaces=True
    )
    with screen:
        screen.show(release(phase="Progressing", weight="5%", message="b at 5%", stable={"revision": "a"}))
        screen.tell("the API server answered 503; trying again")
    shown = out.getvalue()
    assert "Progressing" in shown
    assert "b at 5%" in shown
    assert "08:00:00 UTC  the API server answered 503; trying again" in shown
    with screen:
        screen.gone(("shop", "podinfo"))
    assert "shop/podinfo was deleted" in out.getvalue()
