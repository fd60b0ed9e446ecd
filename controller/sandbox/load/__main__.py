"""The users' process: ``python -m controller.sandbox.load``. It does nothing until its control port is told to.

Ends with SIGTERM, with POST /stop, after --max-seconds, and when its parent ends.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from aiohttp import web

from controller.sandbox.load.control import Control
from controller.sandbox.load.ledger import Ledger
from controller.sandbox.load.users import Users


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m controller.sandbox.load", description=__doc__)
    parser.add_argument("--control", type=int, default=0, help="the control port on 127.0.0.1; 0: any")
    parser.add_argument("--announce", type=Path, help="a file to write {control: PORT} to when all is ready")
    parser.add_argument("--record", type=Path, help="a file for every answer, as lines of JSON")
    parser.add_argument("--max-seconds", type=float, default=3600.0, help="end after so long, whatever happens")
    parser.add_argument("--leash", action="store_true", help="end when the standard input ends")
    return parser.parse_args(argv)


@contextlib.contextmanager
def _recording(path: Path | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
    else:
        with path.open("a", buffering=64 * 1024) as file:
            yield file


async def serve(options: argparse.Namespace) -> None:
    """Run until told to end."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    loop.call_later(options.max_seconds, over.set)
    if options.leash:  # where the system has no PR_SET_PDEATHSIG, the owner's end of this pipe is the sign of life
        loop.add_reader(sys.stdin.fileno(), lambda: over.set() if not os.read(sys.stdin.fileno(), 1024) else None)
    with _recording(options.record) as record:
        ledger = Ledger(time.time, record)
        users = Users(ledger)
        runner = web.AppRunner(Control(users, ledger, over).application(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", options.control)
            await site.start()
            if options.announce:
                beside = options.announce.with_suffix(".new")
                beside.write_text(json.dumps({"control": runner.addresses[0][1]}))
                beside.rename(options.announce)
            await over.wait()
        finally:
            users.close()
            await runner.cleanup()


def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS allows less than it says
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536), most))
    gc.freeze()  # what is loaded now stays; the collector need not look at it
    asyncio.run(serve(arguments()))


if __name__ == "__main__":
    main()
