"""A wait from its first question to its end, over the watch of one Release."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from controller.cli.alive import SILENCE, absence
from controller.cli.cluster import DEPLOYMENT, Session, bare
from controller.cli.exits import Exit
from controller.cli.feed import feed
from controller.cli.status import words
from controller.cli.wait.goal import End, Goal, with_image
from controller.cluster import Object

_SILENT = 10.0  # seconds without being noticed, after which somebody who waits wants to know why
_POLL = 2.0  # seconds between looks at the Deployment while its image is waited for

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """What to wait for: ``revision`` or ``image``, or with neither what the Deployment holds now; seconds at most."""

    name: str
    seconds: float
    revision: str = ""
    image: str = ""


async def pursue(session: Session, wish: Wish, tell: Tell, seen: Callable[[Object], None] = lambda _: None) -> End:
    """Wait. ``tell`` hears what happens meanwhile, ``seen`` each state of the Release.

    Raises ClusterError for what stands in the way at the beginning; later the wait goes on over it.
    """
    name = bare(wish.name)
    try:
        async with asyncio.timeout(wish.seconds):
            goal = await _goal(session, wish, name, tell)
            return await _follow(session, name, goal, tell, seen)
    except TimeoutError:
        return End(Exit.TIME_OUT, f"not over within {words.duration(wish.seconds)}")


async def _goal(session: Session, wish: Wish, name: str, tell: Tell) -> Goal:
    """What is meant, fixed before the status is believed."""
    if wish.revision:
        await session.release(name)
        return Goal(revision=wish.revision)
    told = ""
    while True:
        release = await session.release(name)
        deployment = str(((release.get("spec") or {}).get("workload") or {}).get("deployment") or "")
        template = await session.cluster.get(DEPLOYMENT, session.namespace, deployment) if deployment else None
        if not wish.image or template is None or wish.image in _images(template):
            return Goal(template["metadata"].get("generation") if template else None)
        if there := with_image(words.status_of(release), wish.image):
            return Goal(revision=there)
        holds = f"Deployment {deployment} holds {', '.join(_images(template))}: waiting until it is {wish.image}"
        if holds != told:
            told = holds
            tell(holds)
        await asyncio.sleep(_POLL)


async def _follow(session: Session, name: str, goal: Goal, tell: Tell, seen: Callable[[Object], None]) -> End:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    patient, noticed = True, False
    async with feed(session, name) as changes:
        if gone := await absence(session):
            tell(gone)
            patient = False
        item: Object | None = None
        known = False
        while True:
            change = await changes.next(1.0)
            if change is not None and change.trouble:
                tell(change.trouble)
                continue
            if change is not None:
                item, known = change.item, True
                noticed = noticed or (item is not None and (goal.given or goal.accounted(item)))
                if item is not None:
                    seen(item)
            if patient and not noticed and loop.time() - begun > _SILENT:
                patient = False
                tell(SILENCE)
            # Time alone is an end too: for a Release that stays Invalid.
            if known and (end := goal.look(item, loop.time())):
                return end


def _images(deployment: Object) -> list[str]:
    return [str(one.get("image")) for one in deployment["spec"]["template"]["spec"].get("containers") or ()]
