"""Which kinds the API server serves, where, and in which version it prefers them.

Asked group by group, when a kind is first needed, and remembered. A kind that turns out to be gone (404) is asked
again, at most every ten seconds; so is one that was not there, since its CRD may come later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from controller.cluster.kinds import Kind, Resource
from controller.cluster.objects import Object
from controller.cluster.transport import Call, MissingKind, Transport
from controller.errors import NotFound

_AGAIN = 10.0  # seconds
_LIMIT = 10.0  # seconds for one request


class Discovery:
    """Kinds of one API server."""

    def __init__(self, transport: Transport, clock: Callable[[], float] = time.monotonic) -> None:
        self._transport = transport
        self._clock = clock
        self._known: dict[Kind, Resource] = {}
        self._missing: dict[Kind, float] = {}  # until when that is believed
        self._asked: dict[Kind, float] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def resolve(self, kind: Kind) -> Resource:
        """How a kind is served. Raises NotFound when it is not, another ClusterError when nobody can say."""
        if found := self._known.get(kind):
            return found
        async with self._locks.setdefault(kind.group, asyncio.Lock()):  # a start asks for many kinds at once
            if found := self._known.get(kind):
                return found
            if self._clock() < self._missing.get(kind, float("-inf")):
                raise _absent(kind)
            try:
                found = await self._find(kind)
            except NotFound:
                self._missing[kind] = self._clock() + _AGAIN
                raise
            self._asked[kind] = self._clock()
            self._known[kind] = found
            return found

    def doubt(self, kind: Kind) -> bool:
        """A path of this kind was answered 404: forget it, unless that was asked a moment ago.

        True when :meth:`resolve` will ask anew.
        """
        if kind in self._known and self._clock() - self._asked[kind] < _AGAIN:
            return False
        self._known.pop(kind, None)
        return True

    async def _find(self, kind: Kind) -> Resource:
        versions = [kind.version] if kind.version else await self._versions(kind)
        for version in versions:  # the preferred one first; a kind may be served in another one only
            found = await self._in_version(kind, version)
            if found is not None:
                return found
        raise _absent(kind)

    async def _versions(self, kind: Kind) -> list[str]:
        if not kind.group:
            return ["v1"]
        answer = await self._ask(f"/apis/{kind.group}", kind)
        versions = [entry["version"] for entry in answer.get("versions") or ()]
        preferred = (answer.get("preferredVersion") or {}).get("version")
        return sorted(versions, key=lambda version: version != preferred)

    async def _in_version(self, kind: Kind, version: str) -> Resource | None:
        answer = await self._ask(f"/apis/{kind.group}/{version}" if kind.group else f"/api/{version}", kind)
        for entry in answer.get("resources") or ():
            if entry["kind"] == kind.kind and "/" not in entry["name"]:  # with a slash: a subresource
                return Resource(kind.group, version, kind.kind, entry["name"], entry["namespaced"])
        return None

    async def _ask(self, path: str, kind: Kind) -> Object:
        call = Call("get", path, f"discovery of {kind}", "discovery", _LIMIT)
        try:
            return await self._transport.call(call)
        except NotFound:
            raise _absent(kind) from None


def _absent(kind: Kind) -> MissingKind:
    return MissingKind(f"the cluster does not serve {kind}; install its CRDs", where=kind.kind, status=404)
