"""One pass for one release: observe, decide, record, act, tell. The only reader of the clock here, once a pass.

What a pass decided is written to the status before anything is done about it, against the version that was read: so a
controller that dies anywhere in between, or is no longer the leader, leaves something that the next one continues.
One thing may precede its record: requests come home although the status cannot be written (traffic-safety).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from controller.act import Acted, Actor
from controller.cluster import Caches, EventRecorder, Object
from controller.core.decide import decide
from controller.core.decide.edits import from_here
from controller.core.objects import deleting, resource_version
from controller.core.release import Release
from controller.core.wanted import Reach
from controller.crd import parse_command, status_from_wire
from controller.errors import ClusterError, Conflict
from controller.observe.found import RELEASE
from controller.reconcile.accepted import nothing_asked, remembering
from controller.reconcile.finalizer import is_held
from controller.reconcile.memory import Memory, failures, spread
from controller.reconcile.passes import Key, Pass
from controller.reconcile.records import Records
from controller.reconcile.series import show
from controller.reconcile.sight import Sight
from controller.reconcile.writer import Writer
from controller.telemetry import Telemetry

_SOON = 0.05
"""Seconds until the pass that looks at what this one wrote: our own writes wake nobody."""


@dataclass(slots=True)
class Reconciler:
    """``now`` gives epoch seconds."""

    caches: Caches
    sight: Sight
    writer: Writer
    actor: Actor
    events: EventRecorder
    telemetry: Telemetry
    records: Records
    now: Callable[[], float] = time.time
    _memory: dict[Key, Memory] = field(default_factory=dict)

    def begin(self) -> None:
        """A term of leadership begins: another process may have acted since the last one."""
        self._memory.clear()
        self.records.begin()

    def hurry(self, key: Key) -> None:
        """The Release was changed: a pass that is asking a provider about it goes on without the answer."""
        self.sight.hurry(key)

    def about(self, key: Key, obj: Object) -> Iterator[Release]:
        """Every spec that decides what the passes of a Release read."""
        return self.sight.about(obj, self._memory.get(key))

    async def reconcile(self, key: Key) -> float | None:
        """One pass for the Release (namespace, name): seconds until the next one is needed, None when only a change is.

        Raises ClusterError when the cluster did not let it finish; the caller tries again with backoff, after a
        Conflict at once (what was in the way has been read again by then).
        """
        obj = self.caches[RELEASE].get(*key)
        if obj is None:
            self.forget(key)
            return None
        if deleting(obj) and not is_held(obj):
            self.forget(key)  # nothing is its own (any more), whoever else has yet to let it go
            return None
        it = await self._decided(key, obj)
        try:
            await self.writer.record(it)
        except Conflict:
            raise
        except ClusterError:
            if not it.homeward:
                if not it.moved:
                    it.memory.status = it.decision.status  # facts and looks: harm is found though nothing is written
                raise
            await self._record_or_go_home(it)
        self._tell(it)
        if it.decision.done:
            await self.writer.let_go(it)
            self.forget(it.key)
            return None
        await self.writer.hold(it)
        acted = await self._act(it)
        cleared = await self.writer.clear(it)
        again = await self.records.write(it.key, it.obj, it.decision.status, it.now)
        if acted.errors:
            raise next((error for error in acted.errors if not isinstance(error, Conflict)), acted.errors[0])
        after = min((delay for delay in (it.decision.after, again) if delay is not None), default=None)
        if acted.writes or cleared or it.rested:
            return _SOON if after is None else min(_SOON, after)
        return after

    def forget(self, key: Key) -> None:
        """The Release is gone: so are its series and what was remembered of it."""
        self._memory.pop(key, None)
        self.sight.forget(key)
        self.telemetry.releases.drop(*key)
        self.records.forget(key)

    async def _decided(self, key: Key, obj: Object) -> Pass:
        now = self.now()
        memory = self._remember(key, obj, now)
        command = parse_command(obj)
        follow, seen = await self.sight.see(key, obj, memory, command, now)
        release = follow.release or nothing_asked(obj)
        decision = remembering(decide(release, memory.status, seen.observed), follow, memory.status, obj)
        release = from_here(release, follow.edited, follow=decision.follow)
        return Pass(key, obj, memory, now, command, memory.status, release, seen, decision)

    def _remember(self, key: Key, obj: Object, now: float) -> Memory:
        wire = obj.get("status") or {}
        memory = self._memory.get(key)
        if memory is None or memory.wire != wire:
            status = status_from_wire(wire)
            memory = Memory(
                wire,
                status,
                status,
                now - spread(key),
                mended=memory.mended if memory else frozenset(),
                admitted=memory.admitted if memory else None,
            )
            self._memory[key] = memory
        return memory

    async def _record_or_go_home(self, it: Pass) -> None:
        """The second try; then the routes move home all the same, and the pass ends as the write did."""
        try:
            await self.writer.record(it)
        except Conflict:
            raise
        except ClusterError:
            assert it.decision.wanted is not None
            fence = resource_version(it.obj)
            await self.actor.home(it.release, it.decision.wanted, it.seen.found, fence=fence)
            it.memory.status = it.decision.status  # it is done: later passes go on from there, and write it
            self._tell(it)
            raise

    def _tell(self, it: Pass) -> None:
        self.records.note(it.key, it.before, it.decision.status, it.decision.events, it.now)
        show(self.telemetry.releases, it.release, it.before, it.decision, it.now)
        for event in it.decision.events:
            self.events.record(it.obj, event.reason, event.message, warning=event.warning)

    async def _act(self, it: Pass) -> Acted:
        wanted, memory, at = it.decision.wanted, it.memory, it.decision.status.hand_back
        if wanted is None:
            memory.failures = ()
            return Acted()
        fence, found = resource_version(it.obj), it.seen.found
        if at is None:
            acted = await self.actor.act(it.release, wanted, found, fence=fence, force=it.forced)
        else:
            acted = await self.actor.hand_back(it.release, at.stage, wanted, found, fence=fence, force=it.forced)
            memory.settled = None if acted.writes or acted.errors else at.stage
        memory.failures = failures(acted.errors, last=at is not None)
        memory.fenced = memory.fenced or (wanted.reach is not Reach.PODS and not acted.errors)
        memory.mended = frozenset(acted.made)
        timers = memory.status.timers
        if wanted.traffic is not None and not acted.errors and timers.routes_written is None:
            # It need not be seen: in a fight, the other's routes stand there again at every look.
            memory.status = replace(memory.status, timers=replace(timers, routes_written=it.now))
        return acted
