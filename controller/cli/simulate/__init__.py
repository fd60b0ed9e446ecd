"""``sluice simulate``: how long a Release would take, and what it would catch, before anybody meets it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from controller.cli.plan.form import Form

if TYPE_CHECKING:
    from controller.cli.simulate.show import Simulated
    from controller.core.release import Release
    from controller.simulate.runs import Source


def simulate(
    files: Annotated[list[str], typer.Argument(help="Files and directories with a Release; - reads standard input.")],
    rate: Annotated[float, typer.Option(min=0.0, max=1e6, help="Requests per second, to both versions.")] = 0.0,
    errors: Annotated[str, typer.Option(help="The share of requests that fails anyway.")] = "0.1%",
    latency: Annotated[str, typer.Option(help="The median of the response time.")] = "50ms",
    p99: Annotated[str, typer.Option(help="What 99 of 100 requests take at most.")] = "250ms",
    prometheus: Annotated[str, typer.Option(help="A Prometheus with Istio's metrics: take its past instead.")] = "",
    workload: Annotated[
        list[str] | None, typer.Option(help="With it: the Deployment that served. May be repeated.")
    ] = None,
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="With it: where; without: the Release's.")] = "",
    since: Annotated[str, typer.Option(help="With it: how far back.")] = "1h",
    runs: Annotated[int, typer.Option(min=10, max=10_000, help="Simulated releases of each kind.")] = 40,
    seed: Annotated[str, typer.Option(help="The same seed gives the same figures.")] = "1",
    output: Annotated[Form, typer.Option("--output", "-o", help="How it is printed.")] = Form.TEXT,
) -> None:
    """Try a Release on simulated traffic: how long each step takes, and how small a fault would be caught how soon.

    Nothing is modelled but the traffic: every simulated release goes through the controller's own decisions, look by
    look. Exit status: 0 shown, 1 the Release cannot be followed, 2 a file or an option is wrong.
    """
    from controller.cli.plan.files import read

    if not rate and not prometheus:
        raise typer.BadParameter("how much traffic is there? Give --rate, or --prometheus for what there was")
    releases, _ = read(files, namespace or "default")
    for number, release in enumerate(releases):
        found = _simulated(
            release, prometheus, workload or [], namespace, since, (rate, errors, latency, p99), runs, seed
        )
        _print(found, output, number)


def _simulated(
    release: Release,
    prometheus: str,
    workloads: list[str],
    namespace: str,
    since: str,
    traffic: tuple[float, str, str, str],
    runs: int,
    seed: str,
) -> Simulated:
    from rich.progress import Progress

    from controller.cli.simulate.show import Simulated
    from controller.cli.simulate.sources import assumed, recorded
    from controller.cli.simulate.work import FAULTS, HEALTHY, run

    source: Source
    if prometheus:
        source, words = recorded(release, prometheus, workloads, namespace, since)
    else:
        source, words = assumed(*traffic)
    kinds = (HEALTHY, *FAULTS)

    @contextmanager
    def bar() -> Iterator[Callable[[int], None]]:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(f"simulating {release.ref}", total=runs * len(kinds))
            yield lambda done: progress.advance(task, done)

    found = run(release, source, kinds, runs, seed, bar)
    return Simulated(release, source, words, runs, seed, found)


def _print(found: Simulated, output: Form, number: int) -> None:
    from controller.cli.simulate import show

    if output is Form.JSON:
        print(json.dumps(show.as_json(found), indent=2, ensure_ascii=False))
        return
    out = Console(highlight=False)
    if number:
        out.print()
    show.text(out, found)
