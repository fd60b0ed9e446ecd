"""One pass for one release: observe, decide, record, act, tell. The only reader of the clock here, once a pass.

What a pass decided is written to the status before anything is done about it, against the version that was read: so a
controller that dies anywhere in between, or is no longer the leader, leaves something that the next one continues.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from controller.act import Actor
from controller.admission import admit
from controller.cluster import Caches, Cluster, EventRecorder, Object
from controller.core.decide import Decision, decide
from controller.core.objects import difference, resource_version
from controller.core.release import Canary, Command, Gates, IstioRouting, ManagedWorkload, Release, Routing
from controller.core.status import Phase, Status, Verdict
from controller.crd import COMMAND, COMMAND_BY, COMMAND_REASON, parse_command, status_from_wire, status_to_wire
from controller.errors import Conflict, InvalidRelease, Rejected
from controller.observe import Observer, Seen
from controller.observe.found import RELEASE
from controller.telemetry import Telemetry

CHECKPOINT = 60.0
"""Seconds between two status writes that say nothing but newer numbers."""

_SOON = 0.05
"""Seconds until the pass that looks at what this one wrote: our own writes wake nobody."""


@dataclass(slots=True)
class _Memory:
    """What this process knows of a release beyond its status on the wire: newer numbers, and when it was written.

    ``wire`` is the status as it stands in the API; a status that somebody else wrote makes all of this void.
    """

    wire: dict[str, Any]
    status: Status
    written: float
    release: Release | None = None


@dataclass(slots=True)
class Reconciler:
    """``now`` gives epoch seconds. ``leading`` says whether this process may still write; it is asked before acting."""

    cluster: Cluster
    caches: Caches
    observer: Observer
    actor: Actor
    events: EventRecorder
    telemetry: Telemetry
    now: Callable[[], float] = time.time
    leading: Callable[[], bool] = lambda: True
    _memory: dict[tuple[str, str], _Memory] = field(default_factory=dict)

    async def reconcile(self, key: tuple[str, str]) -> float | None:
        """One pass for the Release (namespace, name): seconds until the next one is needed, None when only a change is.

        Raises ClusterError when the cluster did not let it finish; the caller tries again with backoff.
        """
        obj = self.caches[RELEASE].get(*key)
        if obj is None:
            self.forget(key)
            return None
        now = self.now()
        memory = self._remember(key, obj)
        command = parse_command(obj)
        release, seen = await self._see(obj, memory, command, now)
        decision = decide(release, memory.status, seen.observed)
        before = memory.status
        obj = await self._record(key, obj, memory, decision, now)
        self._show(release, before, decision, now)
        for event in decision.events:
            self.events.record(obj, event.reason, event.message, warning=event.warning)
        await self._clear(obj, command, decision.status)
        return await self._act(release, before, decision, seen, obj)

    def forget(self, key: tuple[str, str]) -> None:
        """The Release is gone: so are its series and what was remembered of it."""
        self._memory.pop(key, None)
        self.telemetry.releases.drop(*key)

    def _remember(self, key: tuple[str, str], obj: Object) -> _Memory:
        wire = obj.get("status") or {}
        memory = self._memory.get(key)
        if memory is None or memory.wire != wire:
            memory = _Memory(wire, status_from_wire(wire), self.now(), memory.release if memory else None)
            self._memory[key] = memory
        return memory

    async def _see(self, obj: Object, memory: _Memory, command: Command | None, now: float) -> tuple[Release, Seen]:
        try:
            release = admit(obj, self.caches[RELEASE].list())
        except InvalidRelease as error:
            problems = tuple(str(error).splitlines())
            last = memory.release or _nothing_asked(obj)
            return last, self.observer.unreadable(command, now, problems)
        memory.release = release
        return release, await self.observer.observe(release, memory.status, command, now)

    async def _record(
        self, key: tuple[str, str], obj: Object, memory: _Memory, decision: Decision, now: float
    ) -> Object:
        """Write the status if a person or a restart would miss it. Raises Conflict when the Release has changed."""
        status = decision.status
        due = _essence(status) != _essence(memory.status) or not memory.wire
        if not due and (status == memory.status or now - memory.written < CHECKPOINT):
            memory.status = status
            return obj
        wire = status_to_wire(status)
        change = difference(memory.wire, wire)
        if change:
            version = resource_version(obj)
            obj = await self.cluster.patch_status(RELEASE, key[0], key[1], change, version=version)
            self.caches[RELEASE].put(obj)
        self._memory[key] = replace(memory, wire=obj.get("status") or {}, status=status, written=now)
        return obj

    async def _clear(self, obj: Object, command: Command | None, status: Status) -> None:
        """Take a handled command away, if it still reads the same: a newer one in its place must not be lost."""
        handled = status.handled
        if command is None or handled is None or handled.cleared:
            return
        if (handled.name, handled.by, handled.reason) != (command.name, command.by, command.reason):
            return
        annotations = obj["metadata"].get("annotations", {})
        operations = []
        for name in (COMMAND, COMMAND_BY, COMMAND_REASON):
            if name in annotations:
                path = "/metadata/annotations/" + name.replace("~", "~0").replace("/", "~1")
                operations += [{"op": "test", "path": path, "value": annotations[name]}, {"op": "remove", "path": path}]
        where = obj["metadata"]["namespace"], obj["metadata"]["name"]
        try:
            self.caches[RELEASE].put(await self.cluster.json_patch(RELEASE, *where, operations))
        except (Rejected, Conflict):
            pass  # somebody wrote another command meanwhile: its own pass is coming

    async def _act(self, release: Release, before: Status, decision: Decision, seen: Seen, obj: Object) -> float | None:
        if decision.wanted is None:
            return decision.after
        if not self.leading():
            raise Conflict("no longer the leader: another controller acts now")
        force = decision.status.phase is Phase.ROLLING_BACK and before.phase is not Phase.ROLLING_BACK
        fence = resource_version(obj)
        acted = await self.actor.act(release, decision.wanted, seen.found, fence=fence, force=force)
        if acted.errors:
            raise next((error for error in acted.errors if not isinstance(error, Conflict)), acted.errors[0])
        if acted.writes:
            return _SOON if decision.after is None else min(_SOON, decision.after)
        return decision.after

    def _show(self, release: Release, before: Status, decision: Decision, now: float) -> None:
        """The release's own series: what anybody would alert on."""
        status, one = decision.status, (release.namespace, release.name)
        series = self.telemetry.releases
        if before.phase is not status.phase:
            series.set(series.phase, 0, *one, str(before.phase))
        series.set(series.phase, 1, *one, str(status.phase))
        step = status.step
        series.set(series.step, step.index + 1 if step else 0, *one)
        wanted = step.wanted[status.candidate.name] / 1000 if step and step.wanted and status.candidate else 0.0
        series.set(series.wanted, wanted, *one)
        if step and step.measured:
            series.set(series.measured, step.measured.share, *one)
        else:
            series.remove(series.measured, *one)
        for gone in series.gates(*one) - {gate.name for gate in status.gates}:
            series.remove(series.verdict, *one, gone)
            series.remove(series.value, *one, gone)
        for gate in status.gates:
            series.set(series.verdict, _VERDICTS[gate.verdict], *one, gate.name)
            if gate.value is not None:
                series.set(series.value, gate.value, *one, gate.name)
        for event in decision.events:
            if event.reason in _OUTCOMES:
                reason = status.failed_reason if event.reason == "RolledBack" else ""
                series.count(_OUTCOMES[event.reason], reason, *one)
        if before.step and before.step.in_effect_since and (step is None or step.index != before.step.index):
            series.observe(series.step_seconds, now - before.step.in_effect_since, *one)


_VERDICTS = {Verdict.PASS: 1, Verdict.INCONCLUSIVE: 0, Verdict.FAIL: -1}
_OUTCOMES = {
    "Started": "started",
    "Promoted": "promoted",
    "RolledBack": "rolled_back",
    "Superseded": "superseded",
    "Reverted": "reverted",
}


def _nothing_asked(obj: Object) -> Release:
    """A Release that asks for nothing, for one that could never be read: it only says why."""
    metadata = obj["metadata"]
    return Release(
        namespace=metadata["namespace"],
        name=metadata["name"],
        workload=ManagedWorkload(""),
        traffic=Routing("", IstioRouting((), "")),
        strategy=Canary(()),
        gates=Gates(),
        generation=metadata.get("generation", 0),
    )


def _essence(status: Status) -> Status:
    """A status without what changes with every look: numbers alone cause no write."""
    step = status.step and replace(status.step, measured=None, looked_until=None, mismatches_in_a_row=0)
    gates = tuple(
        replace(gate, value=None, sample=0, reason="", pool_requests=0.0, pool_bad=0.0) for gate in status.gates
    )
    conditions = tuple(replace(condition, message="") for condition in status.conditions)
    return replace(status, step=step, gates=gates, conditions=conditions, evidence="", message="")
