"""What a pass writes into the Release itself: status, finalizer, a command that was handled. Each of these writes is
against the version that the pass has in hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from controller.cluster import Caches, Cluster, Object
from controller.core.decide import told
from controller.core.objects import deleting, difference, resource_version
from controller.crd import COMMAND, COMMAND_BY, COMMAND_REASON, status_to_wire
from controller.errors import Conflict, NotFound
from controller.observe.found import RELEASE
from controller.reconcile.finalizer import held, is_held, released
from controller.reconcile.passes import Pass


@dataclass(slots=True)
class Writer:
    """``leading`` says whether this process may still write; it is asked before each write.

    All raise ClusterError; a Conflict when the Release has changed since it was read, and then it has been read again.
    """

    cluster: Cluster
    caches: Caches
    leading: Callable[[], bool]

    async def record(self, it: Pass) -> None:
        """The status, if it is due."""
        memory, status = it.memory, it.decision.status
        if memory.due(status, it.now):
            status = told(it.release, status, it.seen.observed)
            it.decision = replace(it.decision, status=status)
            change = difference(memory.wire, status_to_wire(status))
            if change:
                it.obj = await self._written({"status": change}, it, subresource="status")
            memory.wire, memory.recorded, memory.written = it.obj.get("status") or {}, status, it.now
        memory.status = status

    async def hold(self, it: Pass) -> None:
        """Before the first object is touched: from now on the Release is not gone before it was handed back."""
        if it.decision.wanted is not None and not it.homeward and not is_held(it.obj) and not deleting(it.obj):
            it.obj = await self._written(held(it.obj), it)

    async def let_go(self, it: Pass) -> None:
        """Nothing is left: the Release may go."""
        try:
            await self._written(released(it.obj), it)
        except NotFound:
            pass  # gone by somebody else's hand

    async def clear(self, it: Pass) -> bool:
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

    async def _written(self, patch: Object, it: Pass, *, subresource: str = "") -> Object:
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
