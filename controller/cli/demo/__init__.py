"""``sluice demo``: a good version is promoted and a bad one rolled back, on this machine, in two minutes."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from controller.cli.demo.story import Result, Story


def demo(
    rate: Annotated[float, typer.Option(help="Requests per second of the users.", min=20, max=2000)] = 300,
    as_json: Annotated[bool, typer.Option("--json", help="End with one line of JSON: outcomes and figures.")] = False,
    plain: Annotated[bool, typer.Option(help="Plain lines, also on a terminal.")] = False,
) -> None:
    """Release a good version and a bad one under load, in the sandbox, and watch.

    Exit status 0 if the good one was promoted, the bad one rolled back, and no request failed because traffic moved.
    """
    # Imported here: the rest of the command line must not need what only the sandbox needs (the extra `sandbox`).
    from rich.console import Console

    from controller.cli.demo.story import Story
    from controller.cli.demo.view import Lines, Screen, View

    console = Console(highlight=False)
    view: View = Lines(console) if plain or as_json or not console.is_terminal else Screen(console)
    with view:
        results = asyncio.run(_interruptible(Story(view, rate)))
    ok = bool(results) and all(result.right for result in results)
    if not as_json:
        for result in results:
            console.print(f"{'right' if result.right else 'WRONG'}: {result.sentence()}", soft_wrap=True)
    else:
        print(json.dumps({"releases": [result.to_json() for result in results], "ok": ok}), flush=True)
    raise typer.Exit(0 if ok else 1)


async def _interruptible(story: Story) -> list[Result]:
    """The story, or nothing when somebody stops it; everything that it started is gone either way."""
    task = asyncio.ensure_future(story.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return []
