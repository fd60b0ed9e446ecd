"""``sluice status``: what a Release does, and why; or all of them, a line each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from controller.cli.exits import Exit
from controller.cli.options import AllNamespaces, Context, Format, Kubeconfig, Namespace, OptionalName, Output

if TYPE_CHECKING:
    from controller.cli.cluster import Session


def status(
    name: OptionalName = "",
    namespace: Namespace = "",
    all_namespaces: AllNamespaces = False,
    output: Output = Format.TABLE,
    context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Show what a Release does and why: step, weights, gates; or all Releases, a line each.

    Exit status 1 if one of them is Failed or Invalid.
    """
    from controller.cli.alive import absence
    from controller.cli.cluster import Target, on_cluster
    from controller.cli.console import dump, say, show, warn

    async def releases(session: Session) -> list[dict[str, Any]]:
        return [await session.release(name)] if name else await session.releases(everywhere=all_namespaces)

    async def work(session: Session) -> tuple[list[dict[str, Any]], str]:
        found = await releases(session)
        return found, await absence(session) if output is Format.TABLE and found else ""

    found, gone = on_cluster(Target(kubeconfig, context, namespace), work)
    for one in found:
        one["metadata"].pop("managedFields", None)
    now = time.time()
    if output is not Format.TABLE:
        dump(found[0] if name else {"apiVersion": "v1", "kind": "List", "items": found}, output)
    elif name:
        from controller.cli.status.detail import detail

        show(detail(found[0], now))
    elif found:
        from controller.cli.status.overview import Overview

        show(Overview(found, now, all_namespaces))
    else:
        say("there is no Release" + (" in the cluster" if all_namespaces else "; look in all namespaces with -A"))
    if gone:
        warn(gone)
    raise typer.Exit(verdict(found))


def verdict(releases: Sequence[dict[str, Any]]) -> Exit:
    """The exit status: NO where somebody has to do something."""
    from controller.cli.status.words import WRONG, status_of

    return Exit.NO if any(status_of(one).get("phase") in WRONG for one in releases) else Exit.DONE
