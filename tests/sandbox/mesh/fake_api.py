"""The least of an API server that a mirror needs: list and watch of whatever the test puts in."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from controller.sandbox.client import Connection

Object = dict[str, Any]
_PLURALS = {
    "Service": "services",
    "Pod": "pods",
    "EndpointSlice": "endpointslices",
    "VirtualService": "virtualservices",
    "DestinationRule": "destinationrules",
    "Gateway": "gateways",
}


class FakeApi:
    """An async context manager; ``put`` and ``remove`` change its objects."""

    def __init__(self) -> None:
        self._version = 1
        self._objects: dict[tuple[str, str, str], Object] = {}
        self._events: list[tuple[int, str, str, Object]] = []
        self._news = asyncio.Condition()
        self._closing = False

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{rest:.*}", self._get)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        self.connection = Connection(f"http://127.0.0.1:{port}")
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._closing = True
        async with self._news:
            self._news.notify_all()
        await self._runner.cleanup()

    async def put(self, *items: Object) -> list[Object]:
        """Create or replace; the objects as stored."""
        stored = []
        for item in items:
            self._version += 1
            item = json.loads(json.dumps(item))
            item["metadata"]["resourceVersion"] = str(self._version)
            item["metadata"].setdefault("uid", f"{item['kind']}/{item['metadata']['name']}")
            key = (_PLURALS[item["kind"]], item["metadata"].get("namespace", ""), item["metadata"]["name"])
            self._events.append((self._version, key[0], "MODIFIED" if key in self._objects else "ADDED", item))
            self._objects[key] = item
            stored.append(item)
        async with self._news:
            self._news.notify_all()
        return stored

    async def remove(self, *items: Object) -> None:
        for item in items:
            self._version += 1
            key = (_PLURALS[item["kind"]], item["metadata"].get("namespace", ""), item["metadata"]["name"])
            gone = json.loads(json.dumps(self._objects.pop(key)))
            gone["metadata"]["resourceVersion"] = str(self._version)
            self._events.append((self._version, key[0], "DELETED", gone))
        async with self._news:
            self._news.notify_all()

    async def _get(self, request: web.Request) -> web.StreamResponse:
        plural = request.path.rsplit("/", 1)[-1]
        if request.query.get("watch"):
            return await self._watch(request, plural)
        items = [item for (kind, _, _), item in self._objects.items() if kind == plural]
        meta = {"resourceVersion": str(self._version)}
        return web.json_response({"apiVersion": "v1", "kind": "SomeList", "metadata": meta, "items": items})

    async def _watch(self, request: web.Request, plural: str) -> web.StreamResponse:
        version = int(request.query["resourceVersion"])
        answer = web.StreamResponse()
        await answer.prepare(request)
        while not self._closing:
            for at, kind, event, item in list(self._events):
                if at > version and kind == plural:
                    await answer.write(json.dumps({"type": event, "object": item}).encode() + b"\n")
            version = self._version
            async with self._news:
                while not self._closing and self._version == version:
                    await self._news.wait()
        return answer
