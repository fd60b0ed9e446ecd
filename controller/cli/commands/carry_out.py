"""An order carried out: for whom, asked first where it is for many, given, and waited for."""

from __future__ import annotations

import asyncio

import typer

from controller.cli.alive import absence
from controller.cli.cluster import Session, bare
from controller.cli.commands.answer import Answer, await_answer
from controller.cli.commands.give import Words, give, myself
from controller.cli.commands.order import Order
from controller.cli.console import say, warn
from controller.cli.exits import Exit
from controller.cli.program import program
from controller.cli.status import words
from controller.cluster import Key, Object, key_of
from controller.errors import ClusterError

_AT_ONCE = 16


async def carry_out(session: Session, order: Order) -> Exit:
    """The exit status; what happened is printed, a line for each Release."""
    if order.name:
        keys = [(session.namespace, bare(order.name))]
    else:
        found = await session.releases(everywhere=order.everywhere)
        keys = [key_of(one) for one in found if makes_sense(order.command, one)]
        where = "in the cluster" if order.everywhere else f"in namespace {session.namespace}"
        if not keys:
            say(f"there is no Release {where} to {order.command}")
            return Exit.DONE
        names = ", ".join(_shown(key, order) for key in keys)
        question = f"{order.command} {len(keys)} release{'s' * (len(keys) != 1)} {where} ({names})?"
        if not order.yes and not typer.confirm(question):
            say("nothing was done")
            return Exit.NO
    said = Words(order.command, await myself(session), order.reason)
    limit = asyncio.Semaphore(_AT_ONCE)

    async def one(key: Key) -> Exit:
        async with limit:
            return await _one(session.within(key[0]), key, said, order)

    exits = await asyncio.gather(*(one(key) for key in keys))
    if order.wait is None and (gone := await absence(session)):
        warn(gone)
    return max(exits)


def makes_sense(command: str, release: Object) -> bool:
    """Whether a command that is said to all is meant for this one. Pure."""
    status = words.status_of(release)
    phase = status.get("phase")
    if command == "resume":
        return bool(status.get("paused"))
    return phase in words.IN_PROGRESS and not (command == "pause" and phase == "Paused")


async def _one(session: Session, key: Key, said: Words, order: Order) -> Exit:
    name = _shown(key, order)
    try:
        given = await give(session, key[1], said, force=order.force)
        if order.wait is None:
            say(f"{name}: {said} is given; `{program()} status -n {key[0]} {key[1]}` shows what comes of it")
            return Exit.DONE
        answer = await await_answer(session, given, order.wait, lambda text: warn(f"{name}: {text}"))
    except ClusterError as error:
        if order.name:
            raise
        answer = Answer(Exit.CLUSTER, str(error))
    (say if answer.exit is Exit.DONE else warn)(f"{name}: {answer.text}")
    return answer.exit


def _shown(key: Key, order: Order) -> str:
    return "/".join(key) if order.everywhere else key[1]
