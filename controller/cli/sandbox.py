"""``sluice sandbox``: a cluster to play with, on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def sandbox(
    port: Annotated[int, typer.Option(help="Port of the Kubernetes API; 0 takes a free one.", min=0, max=65535)] = 0,
    rate: Annotated[float, typer.Option(help="Requests per second of the sample's users; 0: none.", min=0)] = 20,
    app: Annotated[bool, typer.Option(help="Deploy the sample application, shop/podinfo.")] = True,
    metrics: Annotated[bool, typer.Option(help="Start Prometheus.")] = True,
    for_: Annotated[float, typer.Option("--for", help="Stop by itself after so many seconds; 0: never.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON instead of the table.")] = False,
) -> None:
    """Start a Kubernetes API, workloads, a mesh with real Envoy, and Prometheus: no cluster and no container needed.

    Everything listens on 127.0.0.1 and is gone after Ctrl-C.
    """
    # Imported here: the rest of the command line must not need what only the sandbox needs (the extra `sandbox`).
    from controller.sandbox.run import Options, Sandbox

    options = Options(port=port, crds=_definitions, app=app, metrics=metrics, rate=rate if app else 0)
    asyncio.run(_run(Sandbox(options), for_, as_json=as_json))


def _definitions() -> list[dict[str, Any]]:
    """Sluice's own CRDs, as generated: importing the models that they come from would take half a second."""
    found: list[dict[str, Any]] = json.loads((files("controller") / "crd" / "definitions.json").read_text())
    return found


async def _run(sandbox: Any, seconds: float, *, as_json: bool) -> None:
    from rich.console import Console

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _STOPS:
        loop.add_signal_handler(number, stop.set)
    out = Console(highlight=False)
    if not as_json:
        out.print("starting the sandbox: Kubernetes API, workloads, Envoy, Prometheus ...")
    # A signal during the start ends it too, in good order.
    async with contextlib.AsyncExitStack() as stack:
        if not await _or(stop, stack.enter_async_context(sandbox)):
            return
        if sandbox.options.app and not await _or(stop, sandbox.answering()):
            return
        if as_json:
            print(json.dumps(sandbox.describe()), flush=True)
        else:
            _show(out, sandbox.describe())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds or None):
                await _or(stop, sandbox.watch())
        if not as_json:
            out.print("stopping ...")
    if not as_json:
        out.print("nothing is left behind.")


async def _or(stop: asyncio.Event, work: Any) -> bool:
    """Do ``work``, but leave it where it stands once ``stop`` is set. Whether it was done."""
    task = asyncio.ensure_future(work)
    waiter = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            return False
        task.result()
        return True
    finally:
        for one in (task, waiter):
            one.cancel()
        await asyncio.gather(task, waiter, return_exceptions=True)


def _show(out: Console, where: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_row("Kubernetes API", where["api"])
    for source, url in where["sources"].items():
        table.add_row(f"mesh, {source}", url)
    table.add_row("Prometheus", where["prometheus"] or "not started")
    table.add_row("faults of pods", f"{where['switch']}/behaviour/NAMESPACE/VERSION")
    table.add_row(f"users ({where['rate']:g}/s)", f"{where['load']}/account")
    out.print(table)
    out.print("\n[bold]Try[/bold] (in another terminal):", soft_wrap=True)
    for command in where["try"]:
        out.print(f"  {command}", soft_wrap=True, markup=False)
    out.print("\nCtrl-C stops it.")
    sys.stdout.flush()
