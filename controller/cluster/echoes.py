"""Tells the echoes of our own writes from what others did, so that a write of ours queues no further pass.

The answer to a write carries the resourceVersion that the watch will report for it. The event often comes before the
answer, on another connection: while a write is under way, events of its object are held back, and judged once the
answer is there.

Only a write that names the version it applies to counts as ours. One that does not may change nothing, and is then
answered with the version that somebody else wrote; taking that for an echo would lose their change.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterator

Subject = tuple[str, str, str]
"""(group and kind, namespace, name)."""


class Echoes:
    """``keep`` bounds how many versions are remembered; one is needed until its event has come."""

    def __init__(self, keep: int = 4096) -> None:
        self._keep = keep
        self._ours: OrderedDict[tuple[Subject, str], None] = OrderedDict()
        self._open: dict[Subject, int] = {}
        self._held: dict[Subject, list[tuple[str, Callable[[], None]]]] = {}

    @contextlib.contextmanager
    def writing(self, subject: Subject) -> Iterator[Callable[[str], None]]:
        """Around one write; call what it yields with the resourceVersion of the answer, if the write is ours."""

        def ours(version: str) -> None:
            self._ours[subject, version] = None
            while len(self._ours) > self._keep:
                self._ours.popitem(last=False)

        self._open[subject] = self._open.get(subject, 0) + 1
        try:
            yield ours
        finally:
            self._open[subject] -= 1
            if not self._open[subject]:
                del self._open[subject]
                for version, deliver in self._held.pop(subject, ()):
                    self._judge(subject, version, deliver)

    def tell(self, subject: Subject, version: str, deliver: Callable[[], None]) -> None:
        """Calls ``deliver`` now, or when the write under way has ended, or never if this version is our own."""
        if subject in self._open:
            self._held.setdefault(subject, []).append((version, deliver))
        else:
            self._judge(subject, version, deliver)

    def _judge(self, subject: Subject, version: str, deliver: Callable[[], None]) -> None:
        if (subject, version) not in self._ours:
            deliver()
