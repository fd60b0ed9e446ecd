"""The options that every command against a cluster has, as kubectl has them. Cheap to import."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from controller.cli.complete import context_names, release_names
from controller.errors import SettingsError

Name = Annotated[
    str, typer.Argument(help="The Release.", metavar="NAME", show_default=False, autocompletion=release_names)
]
OptionalName = Annotated[
    str,
    typer.Argument(
        help="A Release; without: all of them.", metavar="NAME", show_default=False, autocompletion=release_names
    ),
]
Context = Annotated[
    str,
    typer.Option(
        "--context", autocompletion=context_names, help="Context of the kubeconfig; without: its current one."
    ),
]
Kubeconfig = Annotated[
    str, typer.Option("--kubeconfig", envvar="KUBECONFIG", help="Kubeconfig file; without: ~/.kube/config.")
]
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Namespace; without: the context's own.")]
AllNamespaces = Annotated[bool, typer.Option("--all-namespaces", "-A", help="In all namespaces.")]


Timeout = Annotated[str, typer.Option("--timeout", help="The longest time to wait, such as 90s or 30m.")]


def seconds(text: str) -> float:
    """The seconds of a time with a unit. Raises SettingsError."""
    from controller.settings import duration

    try:
        return duration(text)
    except ValueError as error:
        raise SettingsError(f"--timeout: {text!r} {error}") from None


class Format(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


Output = Annotated[Format, typer.Option("--output", "-o", help="How it is printed.")]
