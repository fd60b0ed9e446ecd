"""``sluice promote``, ``pause``, ``abort`` ...: a person's word, as annotations; the spec stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from controller.cli.commands.order import Order
from controller.cli.options import AllNamespaces, Context, Kubeconfig, Name, Namespace, Timeout, seconds
from controller.core.release.command import CommandName

_Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept with the command.")]
_Wait = Annotated[bool, typer.Option("--wait", help="Wait until the controller has handled it, and print its answer.")]
_Force = Annotated[bool, typer.Option("--force", help="Replace a command that is not handled yet.")]
_All = Annotated[bool, typer.Option("--all", help="All Releases of the namespace that it makes sense for.")]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether that is meant.")]

_ABOUT = {
    CommandName.PROMOTE: "Pass this step without waiting for its time and its gates.",
    CommandName.PROMOTE_FULL: "Send all requests to the candidate, past all steps.",
    CommandName.PAUSE: "Hold a release where it is; harm is still looked for, and rolled back.",
    CommandName.RESUME: "Let a paused release go on.",
    CommandName.ABORT: "Send all requests back to stable, at once, and end the release.",
    CommandName.RETRY: "Try a release that was rolled back once more.",
    CommandName.ROLLBACK: "Go back to the previous revision, also after promotion.",
    CommandName.APPROVE: "Let a release that waits for an approval pass.",
    CommandName.REJECT: "Refuse the approval, and roll back.",
}
_MANY = (CommandName.PAUSE, CommandName.RESUME, CommandName.ABORT)
"""Commands that are said to all Releases at once in an emergency, and after it."""


def commands() -> dict[str, Callable[..., None]]:
    """The functions that typer makes commands of, by name."""
    return {name.value: (_for_many if name in _MANY else _for_one)(name) for name in CommandName}


def _for_one(command: CommandName) -> Callable[..., None]:
    def run(
        name: Name,
        reason: _Reason = "",
        wait: _Wait = False,
        timeout: Timeout = "1m",
        force: _Force = False,
        namespace: Namespace = "",
        context: Context = "",
        kubeconfig: Kubeconfig = "",
    ) -> None:
        order = Order(command.value, name, reason=reason, force=force, wait=seconds(timeout) if wait else None)
        _carry_out(order, kubeconfig, context, namespace)

    return _documented(run, command)


def _for_many(command: CommandName) -> Callable[..., None]:
    def run(
        name: Name = "",
        everything: _All = False,
        yes: _Yes = False,
        reason: _Reason = "",
        wait: _Wait = False,
        timeout: Timeout = "1m",
        force: _Force = False,
        namespace: Namespace = "",
        all_namespaces: AllNamespaces = False,
        context: Context = "",
        kubeconfig: Kubeconfig = "",
    ) -> None:
        if bool(name) == everything:
            raise typer.BadParameter("name a Release, or say --all; one of the two")
        if all_namespaces and not everything:
            raise typer.BadParameter("--all-namespaces goes with --all")
        order = Order(
            command.value,
            name,
            reason=reason,
            force=force,
            wait=seconds(timeout) if wait else None,
            yes=yes,
            everywhere=all_namespaces,
        )
        _carry_out(order, kubeconfig, context, namespace)

    return _documented(run, command)


def _documented(run: Callable[..., None], command: CommandName) -> Callable[..., None]:
    run.__doc__ = f"{_ABOUT[command]}\n\nExit status with --wait: 0 it was done, 1 it was ignored, 2 nobody handled it."
    return run


def _carry_out(order: Order, kubeconfig: str, context: str, namespace: str) -> None:
    from controller.cli.cluster import Target, on_cluster
    from controller.cli.commands.carry_out import carry_out

    raise typer.Exit(on_cluster(Target(kubeconfig, context, namespace), lambda session: carry_out(session, order)))
