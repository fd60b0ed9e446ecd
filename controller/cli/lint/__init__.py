"""``sluice lint``: Releases in files, judged as the controller would, before anybody applies them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from controller.cli.exits import Exit
from controller.cli.lint.form import Form

if TYPE_CHECKING:
    from controller.cli.lint.judge import Judged


def lint(
    files: Annotated[list[str], typer.Argument(help="Files and directories of YAML or JSON; - reads standard input.")],
    output: Annotated[Form, typer.Option("--output", "-o", help="How it is printed.")] = Form.TEXT,
    strict: Annotated[
        bool, typer.Option("--strict", help="Count warnings, and files without a Release, as errors.")
    ] = False,
) -> None:
    """Check Releases in files: every fault at its line and column, with what to write instead. Needs no cluster.

    They are read by the same parser and admission as in the controller, and compared with the Deployments, Services,
    VirtualServices and DestinationRules of the same files. Exit status: 0 nothing wrong, 1 errors, 2 a file could not
    be read.
    """
    # Imported here: the models cost half a second, which --help must not take.
    from controller.cli.files import collect
    from controller.cli.lint.findings import Severity
    from controller.cli.lint.judge import judge

    collected = collect(files, ours="sluice.dev")
    judged = judge(collected)
    if strict:
        judged.findings = [one.strict() for one in judged.findings]
    _print(judged, output)
    for sentence in collected.missing:
        print(f"sluice: {sentence}", file=sys.stderr)
    if collected.missing:
        raise typer.Exit(Exit.USAGE)
    if any(one.severity is Severity.ERROR for one in judged.findings) or (strict and not judged.releases):
        raise typer.Exit(Exit.NO)


def _print(judged: Judged, output: Form) -> None:
    from controller.cli.lint.show import as_github, as_json, as_text

    out = Console(highlight=False, soft_wrap=True)
    lines: Any = as_text(judged) if output is Form.TEXT else as_github(judged)
    if output is Form.JSON:
        print(as_json(judged))
        return
    for line in lines:
        out.print(line, markup=False)
