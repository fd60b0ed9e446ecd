"""The objects, their versions and their history, in memory.

One counter gives every write its resourceVersion, as etcd's revision does. The history of writes serves watches that
start in the past and lists of a past version; it is bounded, and what is dropped is compacted: asking for it is 410.

Nothing here awaits, so a read and the write that follows from it cannot be interleaved with another request. A stored
object is never changed: whoever wants to change one makes a copy.
"""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field

from controller.sandbox.client import Key, Object


class Compacted(Exception):
    """The revision asked for is older than what is kept; ``oldest`` is the oldest that can still be asked for."""

    def __init__(self, asked: int, oldest: int) -> None:
        super().__init__(f"too old resource version: {asked} ({oldest})")
        self.asked = asked
        self.oldest = oldest


@dataclass(slots=True, eq=False)
class Stored:
    """One object at one revision. ``rendered`` keeps its encoded forms, each made once."""

    object: Object
    revision: int
    rendered: dict[Hashable, bytes] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Change:
    """One write: ``old`` is None for a creation. For a deletion ``new`` is the object's last state at this revision."""

    table: str
    key: Key
    old: Stored | None
    new: Stored
    deleted: bool
    rendered: dict[Hashable, bytes] = field(default_factory=dict)

    @property
    def revision(self) -> int:
        return self.new.revision


Listener = Callable[[Change], None]


class _Table:
    """The objects of one kind, and the order of their keys (made when asked for)."""

    def __init__(self) -> None:
        self.rows: dict[Key, Stored] = {}
        self.history: deque[Change] = deque()
        self.listeners: dict[object, Listener] = {}
        self._order: list[Key] | None = None

    def order(self) -> list[Key]:
        if self._order is None:
            self._order = sorted(self.rows)
        return self._order

    def put(self, key: Key, row: Stored) -> None:
        if key not in self.rows:
            self._order = None
        self.rows[key] = row

    def drop(self, key: Key) -> None:
        del self.rows[key]
        self._order = None


class Store:
    """Tables of objects by (namespace, name); ``table`` is a kind's ``plural.group``.

    ``history`` is how many writes are kept for watches and for lists of past versions.
    """

    def __init__(self, history: int = 5000) -> None:
        self.revision = 1
        self.compacted = 0
        self._kept = history
        self._tables: dict[str, _Table] = {}
        self._history: deque[Change] = deque()
        self._untold: deque[Change] = deque()
        self._telling = False

    def get(self, table: str, namespace: str, name: str) -> Stored | None:
        return self._table(table).rows.get((namespace, name))

    def count(self, table: str, namespace: str = "") -> int:
        return len(self._keys(self._table(table), namespace))

    def rows(self, table: str, namespace: str = "") -> Iterator[tuple[Key, Stored]]:
        """The objects of one namespace, or of all, by key."""
        found = self._table(table)
        for key in self._keys(found, namespace):
            yield key, found.rows[key]

    def rows_at(self, table: str, revision: int, namespace: str = "") -> list[tuple[Key, Stored]]:
        """The objects as they were at a revision. Raises Compacted."""
        if revision < self.compacted:
            raise Compacted(revision, self.compacted)
        found = self._table(table)
        past: dict[Key, Stored | None] = {}
        for change in reversed(found.history):  # the older the change, the later it overwrites
            if change.revision <= revision:
                break
            past[change.key] = change.old
        if not past:
            return list(self.rows(table, namespace))
        keys = [key for key in set(found.rows) | set(past) if not namespace or key[0] == namespace]
        rows = ((key, past[key] if key in past else found.rows[key]) for key in sorted(keys))
        return [(key, row) for key, row in rows if row is not None]

    def put(self, table: str, item: Object) -> Stored:
        """Write an object; its resourceVersion is set, and the object is the store's from now on."""
        found = self._table(table)
        metadata = item["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        row = self._next(item)
        change = Change(table, key, found.rows.get(key), row, deleted=False)
        found.put(key, row)
        self._tell(found, change)
        return row

    def delete(self, table: str, item: Object) -> Stored:
        """Remove an object; ``item`` is its last state, a copy that the store may keep."""
        found = self._table(table)
        metadata = item["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        change = Change(table, key, found.rows[key], self._next(item), deleted=True)
        found.drop(key)
        self._tell(found, change)
        return change.new

    def changes(self, table: str, since: int) -> list[Change]:
        """The writes after a revision, oldest first. Raises Compacted."""
        if since < self.compacted:
            raise Compacted(since, self.compacted)
        history = self._table(table).history
        return list(history)[bisect.bisect_right(history, since, key=lambda change: change.revision) :]

    def listen(self, table: str, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every write from now on, until the returned function is called."""
        listeners = self._table(table).listeners
        token = object()
        listeners[token] = listener
        return lambda: listeners.pop(token, None) and None

    def watchers(self, table: str) -> int:
        """How many listen to this table now."""
        return len(self._table(table).listeners)

    def compact(self, revision: int | None = None) -> None:
        """Forget the history up to a revision (all of it by default)."""
        revision = self.revision if revision is None else min(revision, self.revision)
        while self._history and self._history[0].revision <= revision:
            self._forget_oldest()
        self.compacted = max(self.compacted, revision)

    def _table(self, name: str) -> _Table:
        found = self._tables.get(name)
        if found is None:
            found = self._tables[name] = _Table()
        return found

    @staticmethod
    def _keys(table: _Table, namespace: str) -> list[Key]:
        order = table.order()
        if not namespace:
            return order
        start = bisect.bisect_left(order, (namespace, ""))
        return order[start : bisect.bisect_left(order, (namespace + "\0", ""))]

    def _next(self, item: Object) -> Stored:
        self.revision += 1
        item["metadata"]["resourceVersion"] = str(self.revision)
        return Stored(item, self.revision)

    def _tell(self, table: _Table, change: Change) -> None:
        table.history.append(change)
        self._history.append(change)
        if len(self._history) > self._kept:
            self._forget_oldest()
        self._untold.append(change)
        if self._telling:  # a listener wrote: everybody hears of the first write before they hear of the second
            return
        self._telling = True
        try:
            while self._untold:
                told = self._untold.popleft()
                for listener in list(self._table(told.table).listeners.values()):
                    listener(told)
        finally:
            self._telling = False

    def _forget_oldest(self) -> None:
        change = self._history.popleft()
        self._tables[change.table].history.popleft()  # the oldest of all is the oldest of its table
        self.compacted = change.revision
