"""``sluice wait``: for pipelines. It ends when the release does, and its exit status says how."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from controller.cli.options import Context, Kubeconfig, Name, Namespace, Timeout, seconds


def wait(
    name: Name,
    timeout: Timeout = "30m",
    revision: Annotated[str, typer.Option(help="Wait for this revision instead of the Deployment's own.")] = "",
    image: Annotated[str, typer.Option(help="Wait until the Deployment has this image, then for its end.")] = "",
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Wait until what the Deployment holds now is promoted or rolled back. For pipelines.

    Right also directly after `kubectl set image`: the Deployment is read first, and a status that does not speak of it
    yet is not believed. A change of a ConfigMap alone cannot be told so; wait for its revision by name.

    Exit status: 0 promoted, 1 rolled back or the Release is invalid, 2 the time is over, 3 a newer revision took its
    place, 4 the cluster could not be asked.
    """
    from controller.cli.cluster import Target, on_cluster
    from controller.cli.console import say
    from controller.cli.lines import Lines
    from controller.cli.wait.pursue import Wish, pursue

    if revision and image:
        raise typer.BadParameter("--revision and --image name the same in two ways; give one of them")
    lines = Lines(say, time.time)
    wish = Wish(name, seconds(timeout), revision, image)
    end = on_cluster(
        Target(kubeconfig, context, namespace), lambda session: pursue(session, wish, lines.tell, lines.show)
    )
    lines.tell(end.text)
    raise typer.Exit(end.exit)
