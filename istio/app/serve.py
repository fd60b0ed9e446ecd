"""The sample application: says its version; every ERROR_EVERY-th answer (0: none) is a 500, as of a bad version.

Serves on PORT (9898). After SIGTERM it finishes what is in hand, and takes requests for DRAIN more seconds (2): callers
learn a moment late that it goes.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import socket

from aiohttp import web

VERSION = os.environ.get("VERSION", "v1")
ERROR_EVERY = int(os.environ.get("ERROR_EVERY", "0"))
PORT = int(os.environ.get("PORT", "9898"))
DRAIN = float(os.environ.get("DRAIN", "2"))

_numbers = itertools.count(1)


async def healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def answer(request: web.Request) -> web.Response:
    failed = ERROR_EVERY > 0 and next(_numbers) % ERROR_EVERY == 0
    said = {"version": VERSION, "pod": socket.gethostname(), "path": request.path}
    return web.json_response(said, status=500 if failed else 200, headers={"x-version": VERSION})


async def main() -> None:
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, None, PORT).start()
    await over.wait()
    await asyncio.sleep(DRAIN)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
