"""Lease-based leadership: of several replicas one acts, and it knows in time when it no longer may.

Three clocks are kept apart:

- A leader's right ends ``duration`` seconds after it *sent* its last successful renewal, by its own monotonic clock,
  whatever a request in flight does. Work is cancelled when a third of that is left and nothing was renewed, so that it
  has ended before the lease has.
- A standby counts ``duration`` from the moment it *saw* the Lease change, by its own monotonic clock. The times written
  in the Lease are for people; clocks of two nodes need not agree.
- What was sent was seen later, so the first ends before the second: no two lead at once, as long as clocks run at about
  the same rate (a third of the lease is the margin).

The lease is given up only after the work has ended. The library's elector is not used: it lets work go on while the
API server hangs past the lease.
"""

from __future__ import annotations

import asyncio
import math
import random
import socket
import time
import uuid
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Protocol

import structlog

from controller.cluster import Kind, Object, version_of
from controller.errors import ClusterError, Conflict, NotFound
from controller.telemetry import Telemetry

LEASE = Kind("coordination.k8s.io", "Lease", "v1")

Work = Callable[[], Coroutine[Any, Any, None]]

_TURN = 1.0  # seconds between looks at the clock: a machine that slept wakes to a lease long gone


class Leases(Protocol):
    """What is asked of the API; a Cluster does it."""

    async def get(self, kind: Kind, namespace: str, name: str) -> Object: ...

    async def create(self, item: Object) -> Object: ...

    async def replace(self, item: Object) -> Object: ...


def steady_clock() -> float:
    """Seconds that go on while the machine sleeps, where the system can count them (Linux)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def new_identity() -> str:
    """The host (in a pod: its name) and a random part: a process that comes back is another one."""
    return f"{socket.gethostname()}_{uuid.uuid4().hex[:8]}"


class Alone:
    """Leadership where there is only one replica (``--leader-election=off``)."""

    leading = True

    def time_left(self) -> float:
        return math.inf

    def may_act(self) -> bool:
        return True

    async def run(self, work: Work) -> None:
        await work()


class _Outcome(Enum):
    RENEWED = "renewed"
    FAILED = "failed"  # nobody knows; the lease runs on
    LOST = "lost"  # somebody else holds it


class Leader:
    """One candidate for one Lease. Times are in seconds; ``renew`` is at most a third of ``duration``.

    ``clock`` is monotonic, ``wall`` gives Unix seconds for the Lease's text only.
    """

    def __init__(
        self,
        leases: Leases,
        *,
        namespace: str,
        name: str,
        identity: str = "",
        duration: float = 15.0,
        renew: float = 5.0,
        telemetry: Telemetry | None = None,
        clock: Callable[[], float] = steady_clock,
        wall: Callable[[], float] = time.time,
        source: random.Random | None = None,
    ) -> None:
        if renew * 3 > duration:
            raise ValueError("a lease is renewed at least every third of its duration")
        self.identity = identity or new_identity()
        self.leading = False
        self._leases = leases
        self._namespace, self._name = namespace, name
        self._duration, self._renew = duration, renew
        self._limit = (duration * 2 / 3 - renew) / 2  # of one renewal: two fit before the end of a term
        self._clock, self._wall = clock, wall
        self._random = source or random.Random()
        self._until = -math.inf  # when our right ends
        self._lease: Object | None = None  # ours, as last answered; None: read it first
        self._seen: tuple[Object, float] | None = None  # another's lease, and when we saw it change
        telemetry = telemetry or Telemetry()
        telemetry.leader.labels(name).set_function(lambda: float(self.leading))
        self._terms = telemetry.leader_terms.labels(name)
        self._renewals = {outcome: telemetry.leader_renewals.labels(name, outcome.value) for outcome in _Outcome}
        self._log = structlog.get_logger(__name__).bind(lease=f"{namespace}/{name}", identity=self.identity)

    def time_left(self) -> float:
        """Seconds until our right ends; 0 for a standby."""
        return max(0.0, self._until - self._clock()) if self.leading else 0.0

    def may_act(self) -> bool:
        """False with less than a third of the lease left: whatever is begun then might end too late."""
        return self.time_left() >= self._duration / 3

    async def run(self, work: Work) -> None:
        """Waits for leadership, runs ``work``, and again after every loss; returns when ``work`` returns.

        On a loss, and when this call is cancelled, the work is cancelled and awaited; while it ends after a
        cancellation the lease is renewed further. Then the lease is given up. An exception of the work is raised.
        """
        try:
            while True:
                await self._acquire()
                if await self._lead(work):
                    return
        finally:
            await self._release()

    # ---- the two states

    async def _acquire(self) -> None:
        while True:
            if await self._attempt() is _Outcome.RENEWED:
                return
            # Two standbys that saw the same change must not come back in the same moment.
            jitter = self._random.uniform(0.1, 1.0) * self._renew / 5
            await asyncio.sleep(min(0.4 * self._renew, self._others_time()) + jitter)

    async def _lead(self, work: Work) -> bool:
        """One term. True when the work ended by itself, False when leadership was lost."""
        self.leading = True
        self._terms.inc()
        self._log.info("leading")
        working = asyncio.create_task(work(), name="work of the leader")
        keeping = asyncio.create_task(self._keep(), name="renew the lease")
        try:
            while not working.done() and not keeping.done() and self.may_act():
                left = self.time_left() - self._duration / 3
                await asyncio.wait({working, keeping}, timeout=min(_TURN, left), return_when=asyncio.FIRST_COMPLETED)
            lost = not working.done()
            if lost:
                self.leading = False  # nothing new is begun while the work unwinds
                self._log.warning("leadership lost", reason=self._reason(keeping))
        finally:
            await self._unwind(working, keeping)
        if lost and working.cancelled():
            return False
        working.result()
        return not lost

    async def _unwind(self, working: asyncio.Task[None], keeping: asyncio.Task[None]) -> None:
        """Cancels and awaits the work, then the renewals; the lease is kept in between."""
        working.cancel()
        await asyncio.wait({working})
        self.leading = False
        keeping.cancel()
        await asyncio.wait({keeping})
        if not working.cancelled() and (error := working.exception()) is not None:
            self._log.error("the leader's work failed", error=repr(error))

    async def _keep(self) -> None:
        """Renews while we lead; returns when somebody else holds the lease."""
        outcome = _Outcome.RENEWED
        began = self._clock()
        while self.leading and outcome is not _Outcome.LOST:  # leading: a request may swallow our cancellation
            calm = outcome is _Outcome.RENEWED
            pause = self._renew if calm else self._renew / 5 * self._random.uniform(0.5, 1.5)
            await asyncio.sleep(max(0.0, began + pause - self._clock()))  # a try that hung has waited enough
            began = self._clock()
            outcome = await self._attempt()

    def _reason(self, keeping: asyncio.Task[None]) -> str:
        if keeping.done():
            return "another replica holds the lease"
        return "the lease could not be renewed in time"

    # ---- the lease

    async def _attempt(self) -> _Outcome:
        """One try to take or renew the lease."""
        started = self._clock()
        try:
            async with asyncio.timeout(self._limit if self.leading else self._renew):
                outcome = await self._take()
        except Conflict:
            self._lease = None  # somebody wrote it: read before the next try
            outcome = _Outcome.FAILED
        except (ClusterError, TimeoutError) as error:
            self._lease = None  # what we sent may have arrived
            outcome = _Outcome.FAILED
            self._log.warning("the lease could not be written", error=str(error) or type(error).__name__)
        if outcome is _Outcome.RENEWED:
            self._until = started + self._duration
        elif outcome is _Outcome.LOST:
            self._until = -math.inf
        self._renewals[outcome].inc()
        return outcome

    async def _take(self) -> _Outcome:
        lease = self._lease
        if lease is None:
            try:
                lease = await self._leases.get(LEASE, self._namespace, self._name)
            except NotFound:
                self._lease = await self._leases.create(self._written(None))
                return _Outcome.RENEWED
        spec = lease.get("spec") or {}
        if spec.get("holderIdentity") not in (None, "", self.identity):
            self._observe(lease)
            if self._others_time() > 0:
                return _Outcome.LOST
        self._lease = await self._leases.replace(self._written(lease))
        return _Outcome.RENEWED

    def _observe(self, lease: Object) -> None:
        if self._seen is None or version_of(self._seen[0]) != version_of(lease):
            self._seen = (lease, self._clock())

    def _others_time(self) -> float:
        """Seconds that the holder last seen still has, counted from when we saw its lease change."""
        if self._seen is None:
            return self._renew
        lease, at = self._seen
        duration = max(self._duration, float(lease["spec"].get("leaseDurationSeconds") or 0))
        return max(0.0, at + duration - self._clock())

    def _written(self, lease: Object | None, *, released: bool = False) -> Object:
        """The Lease as it is to be; everything that others put into it stays."""
        old = (lease or {}).get("spec") or {}
        now = datetime.fromtimestamp(self._wall(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = dict(old) | {"renewTime": now, "leaseDurationSeconds": 1 if released else math.ceil(self._duration)}
        if released:
            spec.pop("holderIdentity", None)
        elif old.get("holderIdentity") != self.identity:
            transitions = int(old.get("leaseTransitions") or 0) + (1 if lease is not None else 0)
            spec |= {"holderIdentity": self.identity, "acquireTime": now, "leaseTransitions": transitions}
        if lease is None:
            metadata = {"namespace": self._namespace, "name": self._name}
            return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
        return lease | {"spec": spec}

    async def _release(self) -> None:
        """Gives the lease up, if it is ours, so that a standby need not wait for its end."""
        if self._until <= self._clock():
            return
        self._until = -math.inf
        try:
            async with asyncio.timeout(self._limit):
                lease = self._lease or await self._leases.get(LEASE, self._namespace, self._name)
                if (lease.get("spec") or {}).get("holderIdentity") == self.identity:
                    await self._leases.replace(self._written(lease, released=True))
                    self._log.info("lease given up")
        except (ClusterError, TimeoutError) as error:  # it then ends by itself
            self._log.info("the lease could not be given up", error=str(error) or type(error).__name__)
        finally:
            self._lease = None
