"""All groups of users: each sends at its pace, can be changed, paused and drained."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from controller.sandbox.load.group import Group
from controller.sandbox.load.ledger import Ledger
from controller.sandbox.load.pace import Pace
from controller.sandbox.load.sender import Sender, Sending


class _Running:
    """One group at work."""

    def __init__(self, group: Group, now: float) -> None:
        self.group = group
        self.pace = Pace(group.effective_rate(), now)
        self.paused = False
        self.timer: asyncio.TimerHandle | None = None
        self.address = group.address()
        self.payload = group.request()

    def follow(self, group: Group, now: float) -> None:
        """Do as the changed group says, without a gap."""
        self.group = group
        self.address = group.address()
        self.payload = group.request()
        self.pace.change(0.0 if self.paused else group.effective_rate(), now)


class Users:
    """The groups by name. Use inside a running loop; ``close`` at the end."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._sender = Sender(ledger)
        self._loop = asyncio.get_running_loop()
        self._running: dict[str, _Running] = {}

    def groups(self) -> list[Group]:
        return [running.group for _, running in sorted(self._running.items())]

    def set_group(self, group: Group) -> None:
        """Starts a group, or changes it while it runs; what is on its way goes on as it was."""
        now = self._loop.time()
        running = self._running.get(group.name)
        if running is None:
            running = self._running[group.name] = _Running(group, now)
        else:
            running.follow(group, now)
        self._arm(running)

    def remove_group(self, name: str) -> None:
        """Stops a group; its account stays, and so do requests on their way. Raises KeyError."""
        running = self._running.pop(name)
        if running.timer is not None:
            running.timer.cancel()

    def pause(self, names: Collection[str] | None = None) -> None:
        """No new requests from these groups (None: all) until resumed. Raises KeyError."""
        self._set_paused(names, True)

    def resume(self, names: Collection[str] | None = None) -> None:
        """Goes on; the time of the pause does not count, nothing is made up for. Raises KeyError."""
        self._set_paused(names, False)

    async def drain(self) -> None:
        """Pauses all groups and returns when every request sent has ended; each has its time limit."""
        self.pause()
        await self._sender.drained()
        self._ledger.flush()

    def close(self) -> None:
        for running in self._running.values():
            if running.timer is not None:
                running.timer.cancel()
        self._running.clear()
        self._sender.close()
        self._ledger.flush()

    def _set_paused(self, names: Collection[str] | None, paused: bool) -> None:
        now = self._loop.time()
        for running in [self._running[name] for name in (self._running if names is None else names)]:
            if running.paused != paused:
                if paused:
                    self._send_due(running)
                running.paused = paused
                running.pace.change(0.0 if paused else running.group.effective_rate(), now)
                self._arm(running)

    def _arm(self, running: _Running) -> None:
        if running.timer is not None:
            running.timer.cancel()
            running.timer = None
        when = running.pace.next()
        if when != float("inf"):
            running.timer = self._loop.call_at(when, self._fire, running)

    def _fire(self, running: _Running) -> None:
        running.timer = None
        self._send_due(running)
        self._arm(running)

    def _send_due(self, running: _Running) -> None:
        now = self._loop.time()
        late = max(0.0, now - running.pace.next())
        due = running.pace.take(now)
        group = running.group
        free = group.max_outstanding - self._ledger.waiting(group.name)
        count = max(0, min(due, free))
        for _ in range(count):
            sending = Sending(group.name, running.address, running.payload, to_head=group.method == "HEAD")
            self._sender.send(sending, group.timeout, late)
        if count < due:
            self._ledger.skipped(group.name, due - count)
