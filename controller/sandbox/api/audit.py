"""Who asked what: one entry for each request, kept in bounded memory, and counts that are kept for ever."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Entry:
    """One request. ``agent`` is the User-Agent's first word, ``time`` Unix seconds, ``code`` 0 while a watch is open.

    ``stage`` is ``answered``, ``dropped`` (the connection was broken off instead), or ``opened`` and ``ended`` for a
    watch (two entries).
    """

    time: float
    agent: str
    user: str
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    code: int = 0
    stage: str = "answered"


class Audit:
    """The log. ``kept`` is how many entries can be listed; the counts reach back to the start."""

    def __init__(self, kept: int = 20_000) -> None:
        self._entries: deque[Entry] = deque(maxlen=kept)
        self._counts: Counter[tuple[str, str, str, str, str, int, str]] = Counter()

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._counts[
            entry.agent, entry.user, entry.verb, entry.resource, entry.subresource, entry.code, entry.stage
        ] += 1

    def clear(self) -> None:
        """Forget everything, counts too."""
        self._entries.clear()
        self._counts.clear()

    def count(
        self,
        *,
        agent: str | None = None,
        user: str | None = None,
        verb: str | None = None,
        resource: str | None = None,
        subresource: str | None = None,
        code: int | None = None,
    ) -> int:
        """How many requests were made; None means any. A watch counts once, when it is opened.

        ``resource`` is the plural (``deployments``); ``subresource`` "" is the main resource alone.
        """
        wanted = (agent, user, verb, resource, subresource, code)
        return sum(
            number
            for key, number in self._counts.items()
            if key[-1] != "ended" and all(want in (None, have) for want, have in zip(wanted, key, strict=False))
        )

    def entries(self, **wanted: str | int) -> Iterator[Entry]:
        """The kept entries whose fields have these values, oldest first."""
        return (
            entry
            for entry in list(self._entries)
            if all(getattr(entry, name) == value for name, value in wanted.items())
        )


def with_code(entry: Entry, code: int, stage: str = "answered", time: float | None = None) -> Entry:
    """The entry when it is known how it went."""
    return replace(entry, code=code, stage=stage, time=entry.time if time is None else time)
