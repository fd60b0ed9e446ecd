"""What became of a command: as soon as the controller has written it down, or why nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from controller.cli.alive import SILENCE, absence
from controller.cli.cluster import Session
from controller.cli.commands.give import Given, handled, handled_at, standing
from controller.cli.exits import Exit
from controller.cli.feed import Feed, feed
from controller.cluster import Object

_SILENT = 10.0  # seconds after which somebody who waits wants to know why

_MOMENT = 1.0  # seconds for the controller to note that the annotations are gone


@dataclass(frozen=True)
class Answer:
    """``text`` says what the controller made of it."""

    exit: Exit
    text: str


def answered(given: Given, release: Object | None) -> Answer | None:
    """The answer in a Release as it is now, None (the object) when it is gone; None while there is none. Pure."""
    words = given.words
    if release is None:
        return Answer(Exit.CLUSTER, f"the Release was deleted before {words.command} was handled")
    status = release.get("status") or {}
    if handled(release) == words and handled_at(release) != given.before:
        ignored = status["handled"].get("ignored")
        if ignored:
            return Answer(Exit.NO, f"{words.command} was ignored: {ignored}")
        return Answer(Exit.DONE, f"{words.command} is done; {status.get('phase')}: {status.get('message')}")
    there = standing(release)
    if there is None:
        return Answer(Exit.NO, f"{words.command} was taken away before it was handled")
    if there != words:
        return Answer(Exit.NO, f"{words.command} was replaced by {there} before it was handled")
    return None


async def await_answer(session: Session, given: Given, seconds: float, tell: Callable[[str], None]) -> Answer:
    """Wait for it, at most so many seconds; ``tell`` hears meanwhile why it takes long."""
    metadata = given.release["metadata"]
    loop = asyncio.get_running_loop()
    end, impatient = loop.time() + seconds, loop.time() + _SILENT
    async with feed(session.within(metadata["namespace"]), metadata["name"]) as changes:
        if gone := await absence(session):
            tell(gone)
            impatient = end
        while (now := loop.time()) < end:
            change = await changes.next(min(end, impatient) - now)
            if change is None and impatient < end:
                impatient = end
                tell(SILENCE)
            elif change is not None and change.trouble:
                tell(change.trouble)
            elif change is not None and (answer := answered(given, change.item)):
                return await _settled(given, answer, change.item, changes)
    words = given.words
    return Answer(Exit.TIME_OUT, f"{words.command} was not handled within {seconds:g} s; it stands, and may be later")


async def _settled(given: Given, answer: Answer, item: Object | None, changes: Feed) -> Answer:
    """The answer in the words of the passes right after: the one that handles a command makes no other move."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _MOMENT
    while answer.exit is Exit.DONE and item is not None and not item["status"]["handled"].get("cleared"):
        change = await changes.next(until - loop.time())
        if change is None or change.item is None:
            break
        item = change.item
        answer = answered(given, item) or answer
    return answer
