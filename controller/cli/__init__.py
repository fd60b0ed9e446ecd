"""The command line, ``sluice`` and ``kubectl sluice``: typer reads it, rich shows it. No decision is made here.

A command's module imports what it needs when it runs, so that ``sluice --help`` and shell completion answer at once.
Exit statuses stand in :mod:`controller.cli.exits`.
"""

from __future__ import annotations

import sys

import typer

from controller.cli.commands import commands
from controller.cli.demo import demo
from controller.cli.exits import Exit, table
from controller.cli.history import history
from controller.cli.lint import lint
from controller.cli.plan import plan
from controller.cli.program import program
from controller.cli.restart import restart
from controller.cli.run import run
from controller.cli.sandbox import sandbox
from controller.cli.simulate import simulate
from controller.cli.status import status
from controller.cli.wait import wait
from controller.cli.watch import watch
from controller.errors import ClusterError, SettingsError, SluiceError

_SEE = "See what happens"
_SAY = "Say what shall happen"
_HERE = "On this machine"
_BEFORE = "Before you apply"

app = typer.Typer(
    name="sluice",
    help="Progressive delivery for Istio: it opens the gate to a new version a little at a time, and shuts it again.",
    epilog=f"Exit status:\n\n\b\n{table()}",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.command(rich_help_panel=_SEE)(status)
app.command(rich_help_panel=_SEE)(watch)
app.command(rich_help_panel=_SEE)(history)
app.command(rich_help_panel=_SEE)(wait)
for _name, _command in commands().items():
    app.command(_name, rich_help_panel=_SAY)(_command)
app.command(rich_help_panel=_SAY)(restart)
# Settings reads the options of `run`, for flags and environment alike; they are declared there once.
_passed_on = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
app.command(rich_help_panel=_HERE)(sandbox)
app.command(rich_help_panel=_HERE)(demo)
app.command(rich_help_panel=_BEFORE)(lint)
app.command(rich_help_panel=_BEFORE)(plan)
app.command(rich_help_panel=_BEFORE)(simulate)
app.command(rich_help_panel="In the cluster", context_settings=_passed_on)(run)


def main() -> None:
    """Run the command line and exit. An error that is ours is one line on standard error, not a traceback."""
    try:
        app(prog_name=program())
    except SluiceError as error:
        print(f"sluice: {error}", file=sys.stderr)
        sys.exit(status_of(error))


def status_of(error: SluiceError) -> Exit:
    """The exit status that an error ends the program with."""
    if isinstance(error, SettingsError):
        return Exit.USAGE
    return Exit.CLUSTER if isinstance(error, ClusterError) else Exit.NO
