"""Giving a command: its annotations in one patch of the version that was read, and nobody else's overwritten unseen.

The protocol is the controller's (release-api.md, "Commands"): the same words count again only once it has noted that
they were gone, so a repetition waits for that note; other words may take the place of a handled command at any time.
"""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from controller.cli.cluster import RELEASE, Session
from controller.cluster import Kind, Object, version_of
from controller.core.release import COMMAND, COMMAND_BY, COMMAND_REASON
from controller.errors import ClusterError, Conflict

_REVIEW = Kind("authentication.k8s.io", "SelfSubjectReview", "v1")
_NOTED = 5.0  # seconds until the controller has noted that its last command is gone
_PAUSE = 0.1
_CONFLICTS = 20  # a controller that is busy writes several times a second


@dataclass(frozen=True)
class Words:
    """What is said: a command, who gives it, and why."""

    command: str
    by: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.command} by {self.by or 'somebody'}" + (f" ({self.reason})" if self.reason else "")


class Place(Enum):
    """What stands where a command is to go."""

    FREE = "free"
    SAME = "the same words, not handled yet"
    OTHER = "another command, not handled yet"
    UNNOTED = "the same words were handled a moment ago"


@dataclass(frozen=True)
class Given:
    """A command that stands in its Release. ``before``: the one that was handled last until then, and when."""

    words: Words
    release: Object
    before: tuple[Words | None, str] = (None, "")


def standing(release: Mapping[str, Any]) -> Words | None:
    """The command in the annotations, None without one."""
    found = release["metadata"].get("annotations") or {}
    return Words(found[COMMAND], found.get(COMMAND_BY, ""), found.get(COMMAND_REASON, "")) if COMMAND in found else None


def handled(release: Mapping[str, Any]) -> Words | None:
    """The command that was handled last, None without one."""
    found = (release.get("status") or {}).get("handled")
    return Words(found["name"], found.get("by", ""), found.get("reason", "")) if found else None


def handled_at(release: Mapping[str, Any]) -> tuple[Words | None, str]:
    """The same with the moment, which tells two of the same words apart."""
    return handled(release), str(((release.get("status") or {}).get("handled") or {}).get("at", ""))


def place(release: Mapping[str, Any], words: Words) -> Place:
    """Whether ``words`` can be said now. Pure."""
    last, there = handled(release), standing(release)
    noted = last is None or bool(release["status"]["handled"].get("cleared"))
    if last == words and not noted:
        return Place.UNNOTED
    if there is None or (there == last and not noted):
        return Place.FREE
    return Place.SAME if there == words else Place.OTHER


async def give(session: Session, name: str, words: Words, *, force: bool = False) -> Given:
    """Put the command into the Release; ``force`` replaces one that waits to be handled.

    Raises Conflict where that one stands, or the Release changes faster than it can be written.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + _NOTED
    conflicts = 0
    while True:
        release = await session.release(name)
        before = handled_at(release)
        found = place(release, words)
        if found is Place.UNNOTED and loop.time() < until:
            await asyncio.sleep(_PAUSE)
            continue
        if found is Place.SAME:
            return Given(words, release, before)
        if found is Place.UNNOTED or (found is Place.OTHER and not force):
            raise Conflict(_refusal(release, words, found), status=409)
        try:
            return Given(words, await _write(session, release, words), before)
        except Conflict:
            conflicts += 1
            if conflicts == _CONFLICTS:
                raise
            await asyncio.sleep(_PAUSE)


async def _write(session: Session, release: Object, words: Words) -> Object:
    marks = {COMMAND: words.command, COMMAND_BY: words.by or None, COMMAND_REASON: words.reason or None}
    metadata = release["metadata"]
    patch = {"metadata": {"annotations": marks}}
    return await session.cluster.merge_patch(
        RELEASE, metadata["namespace"], metadata["name"], patch, version=version_of(release)
    )


def _refusal(release: Object, words: Words, found: Place) -> str:
    name = f"{release['metadata']['namespace']}/{release['metadata']['name']}"
    if found is Place.UNNOTED:
        return f"{name}: {words} was handled a moment ago, and the controller has not noted the end of it; try again"
    return f"{name}: {standing(release)} is not handled yet; wait for it, or put yours in its place with --force"


async def myself(session: Session) -> str:
    """Who gives commands: the user as the API server knows it, else the kubeconfig's name, else this machine's."""
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": _REVIEW.kind, "metadata": {}}
    try:
        answer = await session.cluster.create(review)
        if name := ((answer.get("status") or {}).get("userInfo") or {}).get("username"):
            return str(name)
    except ClusterError:
        pass  # an older server, or one that tells nobody who they are
    return session.user or getpass.getuser()
