"""The Releases of files, for commands that need them to be right."""

from __future__ import annotations

import sys

import typer

from controller.cli.exits import Exit
from controller.cli.files import collect
from controller.cli.lint.findings import Severity
from controller.cli.lint.judge import judge
from controller.cli.lint.show import as_text
from controller.core.objects import Object
from controller.core.release import Release
from controller.errors import InvalidRelease


def read(files: list[str], namespace: str) -> tuple[list[Release], list[Object]]:
    """The Releases of the files and the other objects there. Exits with lint's own lines when there is an error."""
    collected = collect(files, ours="sluice.dev")
    if collected.missing:
        for sentence in collected.missing:
            print(f"sluice: {sentence}", file=sys.stderr)
        raise typer.Exit(Exit.USAGE)
    judged = judge(collected, namespace)
    judged.findings = [one for one in judged.findings if one.severity is Severity.ERROR]
    if judged.findings:
        for line in as_text(judged):
            print(line.plain, file=sys.stderr)
        raise typer.Exit(Exit.NO)
    if not judged.readable:
        raise InvalidRelease("there is no Release in these files; name one that holds it")
    return [release for release, _ in judged.readable], judged.others
