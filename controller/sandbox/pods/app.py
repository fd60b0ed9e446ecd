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
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from controller.sandbox.pods.behaviour import Behaviour
from controller.sandbox.pods.http import Connection, Request, Response
from controller.sandbox.pods.ports import Port

_LONGEST_DELAY = 60.0
_LOOK_EVERY = 0.2
_HEALTH = {"/healthz", "/livez", "/readyz"}


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
        self._connections: set[asyncio.Transport] = set()

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
                await port.open(self._echo if plain else self._http)
        if behaviour.refuse:
            await self._cut()

    async def drain(self, quiet: float, limit: Callable[[], float]) -> bool:
        """What SIGTERM starts: serve on for ``quiet`` seconds, close, and finish what is in hand.

        ``limit()`` is the time left until SIGKILL. True when all was finished before it.
        """
        self._draining = True
        await pause(quiet, limit)
        self._close_ports()
        await asyncio.sleep(0)  # what has just arrived begins
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
        for transport in list(self._connections):
            transport.abort()
        await asyncio.sleep(0)  # their ends are told in the loop's next turn

    def _echo(self) -> asyncio.Protocol:
        return _Echo(self._connections)

    def _http(self) -> asyncio.Protocol:
        return Connection(self.answer, self._extra, self._connections)

    def _extra(self) -> bytes:
        version = re.sub(r"[^!-~]", "?", self.version)  # an API lets any text pass as an image
        return f"x-demo-version: {version}\r\nx-demo-pod: {self._pod}\r\n".encode("latin-1")

    def answer(self, request: Request) -> Response | Awaitable[Response]:
        """One request: its answer, or one that is to be waited for."""
        if request.path in _HEALTH:
            well = not self.behaviour.unready
            return self._respond(200 if well else 503, _json({"status": "ok" if well else "unready"}))
        behaviour, number = self.behaviour, self.counter.next()
        self.requests += 1
        fails = behaviour.fails(number)
        self.failures += fails
        if fails:
            body = _json({"error": "a fault of the demo app", "request": number})
            response = self._respond(behaviour.status, body)
        else:
            response = self._route(request)
        delay = behaviour.delay(number) + (0.0 if fails else _asked_delay(request.path))
        return self._late(response, None if behaviour.hang else delay) if behaviour.hang or delay else response

    async def _late(self, response: Response, delay: float | None) -> Response:
        """``None``: never, until the client gives up or the container ends."""
        self._in_hand += 1
        self._idle.clear()
        try:
            await (asyncio.Event().wait() if delay is None else asyncio.sleep(delay))
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._idle.set()
        return replace(response, close=response.close or self._draining)

    def _route(self, request: Request) -> Response:
        first, _, rest = request.path[1:].partition("/")
        if first == "status" and rest.isdigit() and 200 <= int(rest) <= 599:
            return self._respond(int(rest), _json({"status": int(rest)}))
        if request.path == "/echo":
            return self._respond(200, request.body, request.headers.get("content-type", "text/plain"))
        return self._respond(200, _json(self.config() if request.path == "/config" else self._about(request)))

    def _about(self, request: Request) -> dict[str, Any]:
        return {
            "version": self.version,
            "pod": self._pod,
            "namespace": self._namespace,
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": request.headers,
        }

    def _respond(self, status: int, body: bytes, content_type: str = "application/json") -> Response:
        # A client that is asked to leave opens its next connection elsewhere.
        return Response(status, body, content_type, close=self._draining)


def _asked_delay(path: str) -> float:
    """Seconds that a ``/delay/MS`` asks for."""
    word = path.removeprefix("/delay/")
    return min(int(word) / 1000, _LONGEST_DELAY) if word != path and word.isdigit() else 0.0


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

    def __init__(self, connections: set[asyncio.Transport]) -> None:
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
