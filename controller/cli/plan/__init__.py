"""``sluice plan``: what a Release would do, step by step, down to the objects that it would write."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from controller.cli.options import Context, Kubeconfig, Namespace
from controller.cli.plan.form import Form
from controller.errors import InvalidRelease

if TYPE_CHECKING:
    from controller.cli.cluster import Target
    from controller.cli.plan.inputs import Inputs
    from controller.core.objects import Object
    from controller.core.release import Release
    from controller.simulate import Rehearsal


def plan(
    files: Annotated[list[str], typer.Argument(help="Files and directories with a Release; - reads standard input.")],
    objects: Annotated[
        bool, typer.Option("--objects", help="Print the objects that Sluice would write at a step, see --step.")
    ] = False,
    step: Annotated[
        int | None, typer.Option("--step", min=1, help="The step, by the number in the table; without: the first.")
    ] = None,
    live: Annotated[
        bool,
        typer.Option("--live", help="Start from what the cluster has; --objects prints the difference."),
    ] = False,
    replicas: Annotated[
        int | None, typer.Option(min=1, max=100_000, help="Pods of stable, where the files do not say.")
    ] = None,
    output: Annotated[Form, typer.Option("--output", "-o", help="How it is printed.")] = Form.TEXT,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Show what a Release would do: traffic, pods, least times and gates of each step. Changes nothing.

    Deployments, Services, VirtualServices and DestinationRules of the same files are taken as they are; what is not
    there is assumed, and said. The steps are played through the controller's own decisions, and the objects made by its
    own routers. Exit status: 0 shown, 1 the Release cannot be followed, 2 a file could not be read.
    """
    # Imported here: the models cost half a second, which --help must not take.
    from controller.cli.cluster import Target
    from controller.cli.plan import show
    from controller.cli.plan.files import read

    target = Target(kubeconfig, context, namespace) if live else None
    releases, others = read(files, _namespace(target) if target else namespace or "default")
    out = Console(highlight=False)
    plans = []
    for number, release in enumerate(releases):
        inputs = _inputs(release, others, replicas, target)
        rehearsal = _rehearsed(inputs)
        stage = show.stage_of(rehearsal, step)
        if stage is None:
            raise InvalidRelease(f"there is no step {step}; {release.ref} has {len(rehearsal.stages)}")
        plans.append(show.as_json(inputs, rehearsal, stage if objects else None))
        if output is Form.JSON:
            continue
        if number and not objects:
            out.print()
        if not objects:
            show.table(out, inputs, rehearsal)
        elif live:
            show.differences(out, inputs, stage)
        else:
            show.objects(out, inputs, stage)
    if output is Form.JSON:
        print(json.dumps(plans if len(plans) > 1 else plans[0], indent=2, ensure_ascii=False))


def _namespace(target: Target) -> str:
    from controller.cli.cluster import Session, on_cluster

    async def own(session: Session) -> str:
        return session.namespace

    return on_cluster(target, own)


def _inputs(release: Release, others: list[Object], replicas: int | None, target: Target | None) -> Inputs:
    from controller.cli.plan.inputs import from_cluster, from_files

    if target is None:
        return from_files(release, others, replicas)
    from controller.cli.cluster import on_cluster
    from controller.cli.plan.live import look

    found = on_cluster(target, lambda session: look(session, release))
    return from_cluster(release, found.objects, others, found.status, time.time())


def _rehearsed(inputs: Inputs) -> Rehearsal:
    from controller.simulate import ObjectCluster, Stuck, rehearse

    cluster = ObjectCluster(inputs.objects)
    try:
        return rehearse(inputs.release, cluster, inputs.pods, status=inputs.status, now=inputs.now)
    except Stuck as why:
        raise InvalidRelease(f"{inputs.release.ref} cannot go on: {why}") from None
