"""One pass for one release: observe, decide, record, act, tell. The only reader of the clock here, once a pass.

What a pass decided is written to the status before anything is done about it, against the version that was read: so a
controller that dies anywhere in between, or is no longer the leader, leaves something that the next one continues.
One thing may precede its record: requests come home although the status cannot be written (traffic-safety).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from controller.act import Acted, Actor
from controller.admission import Admission
from controller.cluster import Caches, Cluster, EventRecorder, Object
from controller.core.decide import Decision, decide, told
from controller.core.decide.edits import Following, following, from_here, moves_objects
from controller.core.decide.phases import IN_PROGRESS, STEPPING
from controller.core.decide.standing import standing, underway
from controller.core.objects import deleting, difference, resource_version
from controller.core.release import Command, Release
from controller.core.status import Phase, Status
from controller.core.traffic import Weights
from controller.core.wanted import Reach
from controller.crd import (
    COMMAND,
    COMMAND_BY,
    COMMAND_REASON,
    parse_command,
    status_from_wire,
    status_to_wire,
)
from controller.errors import ClusterError, Conflict, InvalidRelease, NotFound
from controller.observe import CachedFound, Observer, Seen
from controller.observe.found import RELEASE
from controller.reconcile.accepted import accepted_spec, as_now, nothing_asked, remembering
from controller.reconcile.finalizer import held, is_held, released
from controller.reconcile.memory import Memory, spread
from controller.reconcile.records import Records
from controller.reconcile.series import show
from controller.telemetry import Telemetry
from controller.workloads import workload_of

Key = tuple[str, str]

_FEW = 3
"""Errors that a message names; more than these say the same."""
_HOMEWARD = {Phase.ROLLING_BACK, Phase.HANDING_BACK}
_SOON = 0.05
"""Seconds until the pass that looks at what this one wrote: our own writes wake nobody."""


@dataclass(slots=True)
class _Pass:
    """One pass: the Release that it is about, and what it came to. ``obj`` follows our own writes."""

    key: Key
    obj: Object
    memory: Memory
    now: float
    command: Command | None
    before: Status
    release: Release
    seen: Seen
    decision: Decision

    @property
    def homeward(self) -> bool:
        """Whether requests are at the candidate by the record, and are all to go to stable."""
        recorded, stable = self.memory.recorded, self.decision.status.stable
        traffic = self.decision.wanted.traffic if self.decision.wanted else None
        phase = standing(self.release, recorded)
        away = recorded.candidate is not None and phase in STEPPING | {Phase.PROMOTING}
        return away and bool(stable and traffic and traffic.weights == Weights.all_to(stable.name))

    @property
    def moved(self) -> bool:
        """Whether anything was decided, rather than only seen."""

        def place(status: Status) -> tuple[object, ...]:
            step = status.step and (status.step.index, status.step.target)
            return status.phase, step, status.handled, status.hand_back and status.hand_back.stage

        return bool(self.decision.events) or place(self.before) != place(self.decision.status)

    @property
    def rested(self) -> bool:
        """Whether a stage of a hand-back has just come to its end: that is news, which the next pass decides on."""
        at = self.decision.status.hand_back
        return at is not None and self.memory.settled is at.stage and not self.seen.observed.settled

    @property
    def forced(self) -> bool:
        """Whether routes are written though nothing differs, so that a deposed leader's late patch fails: at a
        rollback or deletion, and by a new leader that finds a release in progress.
        """
        phase = self.decision.status.phase
        if phase in _HOMEWARD and self.before.phase is not phase:
            return True
        return phase in IN_PROGRESS | _HOMEWARD and not self.memory.fenced


@dataclass(slots=True)
class Reconciler:
    """``now`` gives epoch seconds. ``leading`` says whether this process may still write; it is asked before."""

    cluster: Cluster
    caches: Caches
    observer: Observer
    actor: Actor
    events: EventRecorder
    telemetry: Telemetry
    records: Records
    now: Callable[[], float] = time.time
    leading: Callable[[], bool] = lambda: True
    admission: Admission = field(default_factory=Admission)
    _memory: dict[Key, Memory] = field(default_factory=dict)
    _changed: dict[Key, asyncio.Event] = field(default_factory=dict)

    def begin(self) -> None:
        """A term of leadership begins: another process may have acted since the last one."""
        self._memory.clear()
        self.records.begin()

    def hurry(self, key: Key) -> None:
        """The Release was changed: a pass that is asking a provider about it goes on without the answer."""
        if key in self._changed:
            self._changed[key].set()

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
            await self._record(it)
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
            await self._let_go(it)
            return None
        await self._hold(it)
        acted = await self._act(it)
        cleared = await self._clear(it)
        again = await self.records.write(it.key, it.obj, it.decision.status, it.now)
        if acted.errors:
            raise next((error for error in acted.errors if not isinstance(error, Conflict)), acted.errors[0])
        after = min((delay for delay in (it.decision.after, again) if delay is not None), default=None)
        if acted.writes or cleared or it.rested:
            return _SOON if after is None else min(_SOON, after)
        return after

    def forget(self, key: Key) -> None:
        """The Release is gone: so are its series and what was remembered of it."""
        memory = self._memory.pop(key, None)
        if memory:
            self.admission.forget(memory.uid)
        self.telemetry.releases.drop(*key)
        self.records.forget(key)

    async def _decided(self, key: Key, obj: Object) -> _Pass:
        now = self.now()
        memory = self._remember(key, obj, now)
        command = parse_command(obj)
        see = self._see_last if deleting(obj) else self._see
        follow, seen = await see(key, obj, memory, command, now)
        release = follow.release or nothing_asked(obj)
        decision = remembering(decide(release, memory.status, seen.observed), follow, memory.status, obj)
        release = from_here(release, follow.edited, follow=decision.follow)
        return _Pass(key, obj, memory, now, command, memory.status, release, seen, decision)

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
                uid=obj["metadata"].get("uid", ""),
            )
            self._memory[key] = memory
        return memory

    async def _see(
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
        return replace(follow, release=release), seen.following(follow.edited)

    def followed(self, key: Key) -> Release | None:
        """The spec that the release in progress follows, though another stands there; None without one."""
        memory = self._memory.get(key)
        if memory is None or not (underway(memory.status) or memory.status.hand_back):
            return None
        return memory.accepted

    async def _see_last(
        self, key: Key, obj: Object, memory: Memory, command: Command | None, now: float
    ) -> tuple[Following, Seen]:
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

    async def _record(self, it: _Pass) -> None:
        """Write the status if it is due. Raises Conflict when the Release has changed since it was read."""
        memory, status = it.memory, it.decision.status
        if memory.due(status, it.now):
            status = told(it.release, status, it.seen.observed)
            it.decision = replace(it.decision, status=status)
            change = difference(memory.wire, status_to_wire(status))
            if change:
                it.obj = await self._written({"status": change}, it, subresource="status")
            memory.wire, memory.recorded, memory.written = it.obj.get("status") or {}, status, it.now
        memory.status = status

    async def _record_or_go_home(self, it: _Pass) -> None:
        """The second try; then the routes move home all the same, and the pass ends as the write did."""
        try:
            await self._record(it)
        except Conflict:
            raise
        except ClusterError:
            assert it.decision.wanted is not None
            fence = resource_version(it.obj)
            await self.actor.home(it.release, it.decision.wanted, it.seen.found, fence=fence)
            it.memory.status = it.decision.status  # it is done: later passes go on from there, and write it
            self._tell(it)
            raise

    async def _written(self, patch: Object, it: _Pass, *, subresource: str = "") -> Object:
        """The Release after a patch of the version in hand. After a Conflict it has been read again."""
        if not self.leading():
            raise Conflict("no longer the leader: another controller acts now")
        cache, version = self.caches[RELEASE], resource_version(it.obj)
        try:
            obj = await self.cluster.merge_patch(RELEASE, *it.key, patch, version=version, subresource=subresource)
        except Conflict:
            try:
                cache.answered(await self.cluster.get(RELEASE, *it.key))
            except NotFound:
                pass  # the watch tells
            raise
        cache.answered(obj)
        return obj

    def _tell(self, it: _Pass) -> None:
        self.records.note(it.key, it.before, it.decision.status, it.decision.events, it.now)
        show(self.telemetry.releases, it.release, it.before, it.decision, it.now)
        for event in it.decision.events:
            self.events.record(it.obj, event.reason, event.message, warning=event.warning)

    async def _hold(self, it: _Pass) -> None:
        """Before the first object is touched: from now on the Release is not gone before it was handed back."""
        if it.decision.wanted is not None and not it.homeward and not is_held(it.obj) and not deleting(it.obj):
            it.obj = await self._written(held(it.obj), it)

    async def _let_go(self, it: _Pass) -> None:
        """Nothing is left: the Release may go. A Conflict has been read again, as with every write."""
        try:
            await self._written(released(it.obj), it)
        except NotFound:
            pass  # gone by somebody else's hand
        self.forget(it.key)

    async def _act(self, it: _Pass) -> Acted:
        wanted, memory, at = it.decision.wanted, it.memory, it.decision.status.hand_back
        if wanted is None:
            return Acted()
        fence, found = resource_version(it.obj), it.seen.found
        if at is None:
            acted = await self.actor.act(it.release, wanted, found, fence=fence, force=it.forced)
        else:
            acted = await self.actor.hand_back(it.release, at.stage, wanted, found, fence=fence, force=it.forced)
            memory.settled = None if acted.writes or acted.errors else at.stage
            memory.failures = tuple(str(error) for error in acted.errors if not isinstance(error, Conflict))[:_FEW]
        memory.fenced = memory.fenced or (wanted.reach is not Reach.PODS and not acted.errors)
        memory.mended = frozenset(acted.made)
        timers = memory.status.timers
        if wanted.traffic is not None and not acted.errors and timers.routes_written is None:
            # It need not be seen: in a fight, the other's routes stand there again at every look.
            memory.status = replace(memory.status, timers=replace(timers, routes_written=it.now))
        return acted

    async def _clear(self, it: _Pass) -> bool:
        """Take a handled command away, from the version that it was read in: a newer one must not be lost."""
        handled, command = it.decision.status.handled, it.command
        if command is None or handled is None or handled.cleared:
            return False
        if (handled.name, handled.by, handled.reason) != (command.name, command.by, command.reason):
            return False
        nothing = dict.fromkeys((COMMAND, COMMAND_BY, COMMAND_REASON))
        try:
            it.obj = await self._written({"metadata": {"annotations": nothing}}, it)
        except (Conflict, NotFound):
            return False  # whoever wrote meanwhile has queued a pass of its own
        return True
