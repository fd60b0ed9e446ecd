"""A watch: what changed since a version, then every change, as one long answer of lines.

Changes are put into the watcher's queue by the store's own call, so none is lost between list and watch; the watcher
writes all that wait in one go.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from controller.sandbox.api.content import encode
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.reading import exact_version, matcher
from controller.sandbox.api.render import change_json, event_json
from controller.sandbox.api.request import Call, ListOptions
from controller.sandbox.api.selectors import Matcher
from controller.sandbox.api.state import State
from controller.sandbox.api.store import Change, Compacted, Stored
from controller.sandbox.client import Object

QUEUE_LIMIT = 20_000  # a watcher this far behind is cut off, as a real server does; it lists again


@dataclass(eq=False)
class Watch:
    """One watcher. Iterate :meth:`chunks`; ``cut`` ends it from outside.

    ``overrun`` is called when the client does not read: it waits in the middle of an answer and must be broken off.
    """

    state: State
    call: Call
    bookmark_seconds: float
    overrun: Callable[[], None]
    _queue: deque[Change] = field(default_factory=deque)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: bool = False
    _head: bool = True

    def cut(self) -> None:
        """End the answer in good order."""
        self._ended = True
        self._wake.set()

    def open(self) -> tuple[list[bytes], Callable[[], None]]:
        """The first lines, and the function that stops listening. Raises Failure before anything is answered."""
        options = ListOptions.of(self.call.query)
        options.check(watching=True)
        self._options = options
        self._matches = matcher(self.call, options)
        lines = self._start(options)
        return lines, self.state.store.listen(self.call.resource.table, self._push)

    def _push(self, change: Change) -> None:
        if self.call.namespace and change.key[0] != self.call.namespace:
            return
        if len(self._queue) >= QUEUE_LIMIT:
            self.cut()
            self.overrun()
            return
        self._queue.append(change)
        self._wake.set()

    def _start(self, options: ListOptions) -> list[bytes]:
        initial = options.initial_events
        since = exact_version(options.version) if options.version else 0
        if initial:
            end = [self._bookmark({"k8s.io/initial-events-end": "true"})] if options.bookmarks else []
            return [*self._present(), *end]
        if not since:
            return [] if initial is False else self._present()
        try:
            changes = self.state.store.changes(self.call.resource.table, since)
        except Compacted as error:
            self._ended = True
            return [_error(Failure.expired(str(error)))]
        here = [change for change in changes if not self.call.namespace or change.key[0] == self.call.namespace]
        return [line for change in here for line in self._lines(change)]

    def _present(self) -> list[bytes]:
        rows = self.state.store.rows(self.call.resource.table, self.call.namespace)
        return [self._event("ADDED", row) for _, row in rows if self._matches is None or self._matches(row.object)]

    def _event(self, kind: str, row: Stored) -> bytes:
        head, self._head = self._head, False
        return event_json(kind, row, self.call.resource, self.call.form, self.state.clock(), head=head)

    def _lines(self, change: Change) -> list[bytes]:
        kind, row = _as_seen(change, self._matches)
        if row is None:
            return []
        head, self._head = self._head, False
        now = self.state.clock()
        if row is not change.new:
            return [event_json(kind, row, self.call.resource, self.call.form, now, head=head)]
        return [change_json(kind, change, row, self.call.resource, self.call.form, now, head=head)]

    def _bookmark(self, annotations: Object | None = None) -> bytes:
        metadata: Object = {"resourceVersion": str(self.state.store.revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        resource = self.call.resource
        item: Object = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
        return event_json("BOOKMARK", Stored(item, 0), resource, self.call.form, self.state.clock())

    async def chunks(self, first: list[bytes]) -> AsyncIterator[bytes]:
        """Lines to send, ``first`` those of :meth:`open`, until the time is up or the watch is cut.

        The first chunk may be empty, so that a fault can strike before anything was sent.
        """
        yield b"".join(first)
        loop = asyncio.get_running_loop()
        end = loop.time() + self._options.timeout if self._options.timeout else float("inf")
        bookmark = loop.time() + self.bookmark_seconds if self._options.bookmarks else float("inf")
        while not self._ended:
            self._wake.clear()
            lines: list[bytes] = []
            while self._queue:
                lines += self._lines(self._queue.popleft())
            if loop.time() >= bookmark:
                bookmark = loop.time() + self.bookmark_seconds
                lines.append(self._bookmark())
            if lines:
                yield b"".join(lines)
                continue
            if loop.time() >= end:
                return
            try:
                async with asyncio.timeout_at(min(end, bookmark) if min(end, bookmark) != float("inf") else None):
                    await self._wake.wait()
            except TimeoutError:
                pass


def _as_seen(change: Change, matches: Matcher | None) -> tuple[str, Stored | None]:
    """The event that a watcher with this selector sees: an object that begins or ceases to match comes or goes."""
    before = change.old is not None and (matches is None or matches(change.old.object))
    after = not change.deleted and (matches is None or matches(change.new.object))
    if after:
        return ("MODIFIED" if before else "ADDED"), change.new
    if not before:
        return "", None
    if change.deleted or change.old is None:
        return "DELETED", change.new
    return "DELETED", _last_seen(change.old, change.revision)


def _last_seen(old: Stored, revision: int) -> Stored:
    """The object as the watcher knew it, at the revision that took it out of sight."""
    metadata = {**old.object["metadata"], "resourceVersion": str(revision)}
    return Stored({**old.object, "metadata": metadata}, revision)


def _error(failure: Failure) -> bytes:
    return encode({"type": "ERROR", "object": failure.status()}) + b"\n"
