"""``sluice sandbox``: a cluster to play with, on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Coroutine
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from controller.sandbox.early import Begun
    from controller.sandbox.run import Sandbox

_Result = TypeVar("_Result")
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
    # Everything the sandbox talks to is on this machine. aiohttp reads the system's certificates when it is imported,
    # which takes a tenth of a second in each of three processes.
    os.environ.setdefault("SSL_CERT_FILE", os.devnull)
    asyncio.run(_run(port, {"app": app, "metrics": metrics, "rate": rate if app else 0}, for_, as_json=as_json))


def _sandbox(begun: Begun, options: dict[str, Any]) -> Sandbox:
    # Imported here: the rest of the command line must not need what only the sandbox needs (the extra `sandbox`), and
    # the sandbox's children start the sooner.
    from controller.sandbox.run import Options, Sandbox

    return Sandbox(Options(crds=_definitions, **options), begun)


def _definitions() -> list[dict[str, Any]]:
    """Sluice's own CRDs, as generated: importing the models that they come from would take half a second."""
    found: list[dict[str, Any]] = json.loads((files("controller") / "crd" / "definitions.json").read_text())
    return found


class _Stopped(Exception):
    """A signal came."""


async def _run(port: int, options: dict[str, Any], seconds: float, *, as_json: bool) -> None:
    from controller.sandbox.early import begin

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _STOPS:
        loop.add_signal_handler(number, stop.set)
    # A signal during the start ends it too, in good order.
    with contextlib.suppress(_Stopped):
        async with contextlib.AsyncExitStack() as stack:
            begun = await _or(stop, stack.enter_async_context(begin(port)))
            from rich.console import Console  # the pods' process imports already

            out = Console(highlight=False, quiet=as_json)
            out.print("starting the sandbox: Kubernetes API, workloads, Envoy, Prometheus ...")
            # In a thread, so that a signal need not wait for the imports.
            sandbox = await _or(stop, asyncio.to_thread(_sandbox, begun, options))
            await _or(stop, stack.enter_async_context(sandbox))
            if sandbox.options.app:
                await _or(stop, sandbox.answering())
            if as_json:
                print(json.dumps(sandbox.describe()), flush=True)
            else:
                _show(out, sandbox.describe())
            with contextlib.suppress(TimeoutError, _Stopped):
                async with asyncio.timeout(seconds or None):
                    await _or(stop, sandbox.watch())
            out.print("stopping ...")
        out.print("nothing is left behind.")


async def _or(stop: asyncio.Event, work: Coroutine[Any, Any, _Result]) -> _Result:
    """The result of ``work``; but once ``stop`` is set it is left where it stands, and _Stopped is raised."""
    task = asyncio.ensure_future(work)
    waiter = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise _Stopped
        return task.result()
    finally:
        for one in (task, waiter):
            one.cancel()
        await asyncio.gather(task, waiter, return_exceptions=True)


def _show(out: Console, where: dict[str, Any]) -> None:
    rows = {
        "Kubernetes API": where["api"],
        **{f"mesh, {source}": url for source, url in where["sources"].items()},
        "Prometheus": where["prometheus"] or "not started",
        "faults of pods": f"{where['switch']}/behaviour/NAMESPACE/VERSION",
        f"users ({where['rate']:g}/s)": f"{where['load']}/account",
    }
    widest = max(map(len, rows))
    for label, url in rows.items():  # no table: it would cut the addresses where the terminal is narrow, or is a file
        out.print(f"  {label:<{widest}}  {url}", soft_wrap=True, markup=False)
    out.print("\n[bold]Try[/bold] (in another terminal):", soft_wrap=True)
    for command in where["try"]:
        out.print(f"  {command}", soft_wrap=True, markup=False)
    out.print("\nCtrl-C stops it.")
    sys.stdout.flush()
