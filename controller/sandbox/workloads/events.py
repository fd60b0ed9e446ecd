"""Events: what `kubectl describe` shows below an object. Written in the background; the same one is counted."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime

import aiohttp

from controller.sandbox.client import ApiError, Client, Object
from controller.sandbox.workloads.kinds import EVENT
from controller.sandbox.workloads.objects import stamp

_KEPT = 1000
_log = logging.getLogger(__name__)


class Recorder:
    """Writes events in the name of ``component``, one after the other; the oldest are dropped when too many wait."""

    def __init__(self, client: Client, component: str, now: Callable[[], datetime]) -> None:
        self._client = client
        self._component = component
        self._now = now
        self._waiting: deque[Object] = deque(maxlen=_KEPT)
        self._wake = asyncio.Event()
        self._written: OrderedDict[tuple[str, ...], Object] = OrderedDict()

    def normal(self, item: Object, reason: str, message: str) -> None:
        self._add(item, "Normal", reason, message)

    def warning(self, item: Object, reason: str, message: str) -> None:
        self._add(item, "Warning", reason, message)

    def _add(self, item: Object, kind: str, reason: str, message: str) -> None:
        metadata = item["metadata"]
        now = stamp(self._now())
        self._waiting.append(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {
                    "name": f"{metadata['name']}.{secrets.token_hex(8)}",
                    "namespace": metadata.get("namespace") or "default",
                },
                "involvedObject": {
                    "apiVersion": item.get("apiVersion", ""),
                    "kind": item.get("kind", ""),
                    "name": metadata["name"],
                    "namespace": metadata.get("namespace", ""),
                    "uid": metadata.get("uid", ""),
                    "resourceVersion": metadata.get("resourceVersion", ""),
                },
                "type": kind,
                "reason": reason,
                "message": message,
                "source": {"component": self._component},
                "reportingComponent": self._component,
                "reportingInstance": "sandbox",
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
            }
        )
        self._wake.set()

    async def run(self) -> None:
        """Write for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                event = self._waiting.popleft()
                try:
                    await self._write(event)
                except (ApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
                    # A namespace that goes away refuses events; none is worth a second attempt.
                    _log.debug("event %s: %s", event["metadata"]["name"], error)

    async def _write(self, event: Object) -> None:
        about = event["involvedObject"]
        key = (about["uid"], about["name"], event["type"], event["reason"], event["message"])
        known = self._written.pop(key, None)
        if known is not None:
            count = known.get("count", 1) + 1
            try:
                change = {"count": count, "lastTimestamp": event["lastTimestamp"]}
                self._written[key] = await self._client.patch(EVENT.of(known), change)
                return
            except ApiError as error:
                if error.code != 404:
                    raise
        self._written[key] = await self._client.create(EVENT.path(event["metadata"]["namespace"]), event)
        if len(self._written) > _KEPT:
            self._written.popitem(last=False)
