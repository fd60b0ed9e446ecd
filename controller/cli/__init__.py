"""The command line, ``sluice`` and ``kubectl sluice``: typer reads it, rich shows it. No decision is made here.

Exit status: 0 done, 1 it failed and said why, 2 the command line is wrong, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys

import typer

from controller.cli.demo import demo
from controller.cli.run import run
from controller.cli.sandbox import sandbox
from controller.errors import SettingsError, SluiceError

app = typer.Typer(
    name="sluice",
    help="Progressive delivery for Istio: it opens the gate to a new version a little at a time, and shuts it again.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
# Settings reads the options of `run`, for flags and environment alike; they are declared there once.
app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})(run)
app.command()(sandbox)
app.command()(demo)


def main() -> None:
    """Run the command line and exit. An error that is ours is one line on standard error, not a traceback."""
    try:
        app()
    except SluiceError as error:
        print(f"sluice: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, SettingsError) else 1)
