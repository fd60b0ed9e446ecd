"""The demo app: what every pod runs, whatever its image. Real HTTP/1.1, and an echo on ports named ``tcp-``.

=================  ==========================================================================================
path               answer
=================  ==========================================================================================
``/healthz``       200 while the app is well, 503 while it is unready; never counted, never a fault
``/status/CODE``   that status
``/delay/MS``      200 after so many milliseconds (a minute at most)
``/echo``          the request's body
``/config``        the container's DEMO_ variables, and the files of its ConfigMap volumes
any other          JSON: version, pod, namespace, method, path, query, headers
=================  ==========================================================================================

Every answer carries ``x-demo-version`` and ``x-demo-pod``. Faults and delays follow the number of the request; the
requests to all pods of one version (one controlling owner, such as a ReplicaSet) are counted together, so that the
share of faults is exact however they are balanced.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from controller.sandbox.pods.behaviour import Behaviour
from controller.sandbox.pods.ports import Port

_LONGEST_DELAY = 60.0
_LOOK_EVERY = 0.2
_AT_ONCE = 0.001  # aiohttp takes 0 for no limit
_HEALTH = {"/healthz", "/livez", "/readyz"}
_JSON = "application/json"


@dataclass
class Counter:
    """How many requests came, shared by the pods of one version."""

    requests: int = 0

    def next(self) -> int:
        self.requests += 1
        return self.requests


class App:
    """The app in one container of the pod ``pod``; an image and its configuration are put in before each start.

    ``version`` is the image's tag, ``config`` gives what ``/config`` shows. ``requests`` and ``failures`` count this
    container's own; ``counter`` is shared with the other pods of the version.
    """

    def __init__(self, namespace: str, pod: str, counter: Counter) -> None:
        self.behaviour = Behaviour()
        self.version = ""
        self.config: Callable[[], dict[str, Any]] = dict
        self.counter = counter
        self.requests = 0
        self.failures = 0
        self._namespace = namespace
        self._pod = pod
        self._draining = False
        self._in_hand = 0
        self._idle = asyncio.Event()
        self._ports: list[tuple[Port, bool]] = []
        self._connections: set[asyncio.BaseTransport] = set()
        self._web = web.Server(self.answer, access_log=None, keepalive_timeout=3600.0)

    async def start(self, ports: list[tuple[Port, bool]]) -> None:
        """Serve on ``ports``; the flag says plain TCP, not HTTP. With ``refuse`` they stay closed."""
        self._ports = ports
        self._draining = False
        await self.follow(self.behaviour)

    async def follow(self, behaviour: Behaviour) -> None:
        """Behave so from now on."""
        self.behaviour = behaviour
        for port, plain in self._ports:
            if not behaviour.refuse:
                await port.open(self._echo if plain else self._web)
        if behaviour.refuse:
            await self._cut()

    async def drain(self, quiet: float, limit: Callable[[], float]) -> bool:
        """What SIGTERM starts: serve on for ``quiet`` seconds, close, and finish what is in hand.

        ``limit()`` is the time left until SIGKILL. True when all was finished before it.
        """
        self._draining = True
        await pause(quiet, limit)
        self._close_ports()
        while self._in_hand and limit() > 0:
            try:
                await asyncio.wait_for(self._idle.wait(), min(limit(), _LOOK_EVERY))
            except TimeoutError:
                continue
        whole = not self._in_hand
        await self._cut()
        return whole

    async def kill(self) -> None:
        """End at once; open connections are cut."""
        self._close_ports()
        await self._cut()

    def _close_ports(self) -> None:
        for port, _ in self._ports:
            port.close()

    async def _cut(self) -> None:
        self._close_ports()
        await self._web.shutdown(_AT_ONCE)
        for transport in list(self._connections):
            transport.close()

    def _echo(self) -> asyncio.Protocol:
        return _Echo(self._connections)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request."""
        path = request.rel_url.path
        if path in _HEALTH:
            well = not self.behaviour.unready
            return self._respond(200 if well else 503, _json({"status": "ok" if well else "unready"}))
        self._in_hand += 1
        self._idle.clear()
        try:
            return await self._serve(request, path)
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._idle.set()

    async def _serve(self, request: web.BaseRequest, path: str) -> web.Response:
        behaviour, number = self.behaviour, self.counter.next()
        self.requests += 1
        if behaviour.hang:
            await asyncio.Event().wait()  # until the client gives up or the container ends
        if delay := behaviour.delay(number):
            await asyncio.sleep(delay)
        if behaviour.fails(number):
            self.failures += 1
            return self._respond(behaviour.status, _json({"error": "a fault of the demo app", "request": number}))
        return await self._route(request, path)

    async def _route(self, request: web.BaseRequest, path: str) -> web.Response:
        first, _, rest = path[1:].partition("/")
        if first == "status" and rest.isdigit() and 200 <= int(rest) <= 599:
            return self._respond(int(rest), _json({"status": int(rest)}))
        if first == "delay" and rest.isdigit():
            await asyncio.sleep(min(int(rest) / 1000, _LONGEST_DELAY))
        elif path == "/echo":
            return self._respond(200, await request.read(), request.headers.get("content-type", "text/plain"))
        elif path == "/config":
            return self._respond(200, _json(self.config()))
        return self._respond(200, _json(self._about(request)))

    def _about(self, request: web.BaseRequest) -> dict[str, Any]:
        return {
            "version": self.version,
            "pod": self._pod,
            "namespace": self._namespace,
            "method": request.method,
            "path": request.rel_url.path,
            "query": request.rel_url.raw_query_string,
            "headers": {key.lower(): value for key, value in request.headers.items()},
        }

    def _respond(self, status: int, body: bytes, content_type: str = _JSON) -> web.Response:
        headers = {"content-type": content_type, "x-demo-version": self.version, "x-demo-pod": self._pod}
        response = web.Response(status=status, body=body if status not in (204, 304) else None, headers=headers)
        if self._draining:
            response.force_close()  # so that the client opens its next connection elsewhere
        return response


async def pause(seconds: float, limit: Callable[[], float]) -> None:
    """Sleep, but not beyond ``limit()``, which a second deletion of the pod may shorten meanwhile."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left := min(end - loop.time(), limit())) > 0:  # noqa: ASYNC110 - nobody tells that the limit shrank
        await asyncio.sleep(min(left, _LOOK_EVERY))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


class _Echo(asyncio.Protocol):
    """Sends back every byte."""

    def __init__(self, connections: set[asyncio.BaseTransport]) -> None:
        self._connections = connections
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)
