"""/metrics, /healthz and /readyz over HTTP: what a kubelet and a Prometheus ask of the controller.

May not go in: anything that decides or changes traffic. The server starts first and stops last, so that a start that
hangs and a stop that drags can both be seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Self

from aiohttp import web
from prometheus_client.exposition import choose_encoder

from controller.telemetry import Telemetry


class Heartbeat:
    """Knows when a loop last turned; ``limit`` is how many seconds it may go without. ``clock`` counts seconds."""

    def __init__(self, limit: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._last = clock()

    def beat(self) -> None:
        self._last = self._clock()

    def problem(self) -> str:
        """What is wrong, in one sentence; "" while all is well."""
        silent = self._clock() - self._last
        return "" if silent <= self._limit else f"the loop has not turned for {silent:.0f} s"


class Server:
    """Serves while its ``async with`` block lasts; :attr:`port` is the one really bound (with port 0: any free one).

    ``alive`` says what is wrong with this process, "" when nothing: a kubelet restarts it then. ``unready`` lists what
    is still missing before it can work (caches that are not synced); nothing restarts for that.
    Raises OSError on entering when the address cannot be bound.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        telemetry: Telemetry,
        alive: Callable[[], str] = lambda: "",
        unready: Callable[[], Sequence[str]] = lambda: (),
    ) -> None:
        self._host = host or None
        self._wanted = port
        self._telemetry = telemetry
        self._alive = alive
        self._unready = unready
        self.port = port
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, self._host, self._wanted)
            await site.start()
        except BaseException:
            await self._runner.cleanup()
            raise
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._telemetry.registry), headers={"Content-Type": content_type})

    async def _healthz(self, _request: web.Request) -> web.Response:
        problem = self._alive()
        return web.Response(text=f"{problem or 'ok'}\n", status=503 if problem else 200)

    async def _readyz(self, _request: web.Request) -> web.Response:
        missing = self._unready()
        if missing:
            return web.Response(text="".join(f"waiting for {name}\n" for name in missing), status=503)
        return web.Response(text="ok\n")
