"""What a pass follows and what it sees: the spec that stands there or the one a release in progress began with, and the
world as that spec reads it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from controller.admission import Admission
from controller.cluster import Caches, Object
from controller.core.decide.edits import Following, following, moves_objects
from controller.core.decide.standing import underway
from controller.core.objects import deleting
from controller.core.release import Command, Release
from controller.errors import InvalidRelease
from controller.observe import CachedFound, Observer, Seen
from controller.observe.found import RELEASE
from controller.reconcile.accepted import accepted_spec, as_now, nothing_asked
from controller.reconcile.memory import Memory
from controller.reconcile.passes import Key
from controller.workloads import workload_of


@dataclass(slots=True)
class Sight:
    """For all releases of one process; what it keeps of each goes with :meth:`forget`."""

    caches: Caches
    observer: Observer
    admission: Admission = field(default_factory=Admission)
    _changed: dict[Key, asyncio.Event] = field(default_factory=dict)

    def hurry(self, key: Key) -> None:
        """The Release was changed: a pass that is asking a provider about it goes on without the answer."""
        if key in self._changed:
            self._changed[key].set()

    def forget(self, key: Key) -> None:
        """The Release is gone."""
        self.admission.forget(*key)

    def about(self, obj: Object, memory: Memory | None) -> Iterator[Release]:
        """Every spec that decides what its passes read: its own, and the one that a release in progress follows."""
        with contextlib.suppress(InvalidRelease):
            yield self.admission.parsed(obj)
        if memory and memory.accepted and (underway(memory.status) or memory.status.hand_back):
            yield memory.accepted

    async def see(
        self, key: Key, obj: Object, memory: Memory, command: Command | None, now: float
    ) -> tuple[Following, Seen]:
        """At the moment ``now``, in epoch seconds; a provider may be asked."""
        if deleting(obj):
            return await self._last(obj, memory, now)
        return await self._next(key, obj, memory, command, now)

    async def _next(
        self, key: Key, obj: Object, memory: Memory, command: Command | None, now: float
    ) -> tuple[Following, Seen]:
        asked: Release | None = None
        refused: tuple[str, ...] = ()
        try:
            asked = memory.admitted = self.admission.admit(obj, self.caches[RELEASE].list())
        except InvalidRelease as error:
            refused = tuple(str(error).splitlines())
        follow = following(asked, accepted_spec(obj, memory, asked), memory.status)
        if follow.release is None:
            return follow, self.observer.unreadable(command, now, refused)
        release = as_now(follow.release, obj)
        if follow.edited is not None and moves_objects(release, follow.edited):
            problems = self.observer.problems(follow.edited)
            follow = Following(release, problems=problems) if problems else follow
        refused += follow.problems
        changed = self._changed[key] = asyncio.Event()
        try:
            seen = await self.observer.observe(release, memory.status, command, now, changed, memory.mended, refused)
        finally:
            del self._changed[key]
        seen = replace(seen, observed=replace(seen.observed, failures=memory.failures))
        return replace(follow, release=release), seen.following(follow.edited)

    async def _last(self, obj: Object, memory: Memory, now: float) -> tuple[Following, Seen]:
        """What a Release that is being deleted has to hand back: nothing that is wrong with its spec holds it up."""
        release = memory.accepted = self._to_hand_back(obj, memory)
        seen = await self.observer.observe(release, memory.status, None, now, asyncio.Event())
        at = memory.status.hand_back
        settled = at is not None and memory.settled is at.stage
        observed = replace(seen.observed, settled=settled, failures=memory.failures)
        return Following(release), replace(seen, observed=observed)

    def _to_hand_back(self, obj: Object, memory: Memory) -> Release:
        """The spec that was followed last, as far as it is known; never one that claims what another Release has."""
        release = self._readable(obj, memory) or nothing_asked(obj)
        template = workload_of(release).owner(release, CachedFound(self.caches))
        if template:  # objects were made for another Deployment than the one named now
            release = replace(release, workload=replace(release.workload, deployment=template))
        return as_now(release, obj)

    def _readable(self, obj: Object, memory: Memory) -> Release | None:
        others = self.caches[RELEASE].list()
        accepted = accepted_spec(obj, memory, None)
        if accepted is not None:
            return accepted  # what an edited spec names was never written
        with contextlib.suppress(InvalidRelease):
            return self.admission.admit(obj, others)
        if memory.admitted is not None:
            return memory.admitted
        with contextlib.suppress(InvalidRelease):
            return self.admission.claimed(obj, others)
        return None
