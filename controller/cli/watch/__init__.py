"""``sluice watch``: a live view on a terminal; elsewhere a line for each change."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.exits import Exit
from controller.cli.options import AllNamespaces, Context, Kubeconfig, Namespace, OptionalName, Timeout, seconds

if TYPE_CHECKING:
    from controller.cli.cluster import Session
    from controller.cli.watch.views import View


def watch(
    name: OptionalName = "",
    until_done: Annotated[
        bool, typer.Option("--until-done", help="End with the release, as `wait` does, and with its exit status.")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines, also on a terminal.")] = False,
    timeout: Timeout = "24h",
    namespace: Namespace = "",
    all_namespaces: AllNamespaces = False,
    context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Watch a Release, or all of them, until Ctrl-C. It goes on when the API server is away for a while."""
    from controller.cli.cluster import Target, on_cluster
    from controller.cli.console import console, say
    from controller.cli.lines import Lines
    from controller.cli.watch.views import Printed, Screen

    if until_done and not name:
        raise typer.BadParameter("--until-done goes with the name of a Release")
    longest = seconds(timeout)
    out = console()
    view: View = Screen(out, time.time, one=bool(name), namespaces=all_namespaces)
    if plain or not out.is_terminal:
        view = Printed(Lines(say, time.time, names=not name))
    with view:
        code = on_cluster(
            Target(kubeconfig, context, namespace),
            lambda session: look(session, name, view, longest, until_done=until_done, everywhere=all_namespaces),
        )
    raise typer.Exit(code)


async def look(session: Session, name: str, view: View, longest: float, *, until_done: bool, everywhere: bool) -> Exit:
    """Show what happens until the time is over, or with ``until_done`` until the release is; the exit status."""
    from controller.cli.cluster import bare
    from controller.cli.feed import feed
    from controller.cli.wait.pursue import Wish, pursue

    if name:
        view.show(await session.release(name))  # a wrong name is said at once
    else:
        await session.releases(everywhere=everywhere)
    if until_done:
        end = await pursue(session, Wish(name, longest), view.tell, view.show)
        view.tell(end.text)
        return end.exit
    try:
        async with (
            asyncio.timeout(longest),
            feed(session, bare(name) if name else "", everywhere=everywhere) as changes,
        ):
            while True:
                change = await changes.next(1.0)
                if change is None:
                    view.tick()
                elif change.trouble:
                    view.tell(f"{change.trouble}; trying again")
                elif change.item is None:
                    view.gone(change.key)
                else:
                    view.show(change.item)
    except TimeoutError:
        return Exit.TIME_OUT
