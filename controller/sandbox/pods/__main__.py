"""The node's process: ``python -m controller.sandbox.pods --api URL``. Ends with SIGTERM, or when its input ends."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from pathlib import Path

from controller.sandbox.client import Connection
from controller.sandbox.pods.node import DEFAULT_BACKOFF, DEFAULT_NOTICE_AFTER, running_node


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m controller.sandbox.pods", description=__doc__)
    parser.add_argument("--api", required=True, help="the Kubernetes API, such as http://127.0.0.1:8001")
    parser.add_argument("--token", default="", help="a bearer token")
    parser.add_argument("--ca", default="", help="a PEM file, for https")
    parser.add_argument("--control", type=int, default=0, help="the switch's port on 127.0.0.1; 0: any")
    parser.add_argument("--announce", type=Path, help="a file to write {control: PORT} to when all is ready")
    parser.add_argument("--backoff", type=float, default=DEFAULT_BACKOFF, help="seconds before the second restart")
    parser.add_argument(
        "--notice-after", type=float, default=DEFAULT_NOTICE_AFTER, help="seconds until a dead container is noticed"
    )
    parser.add_argument("--leash", action="store_true", help="end when the standard input ends")
    return parser.parse_args(argv)


async def serve(options: argparse.Namespace) -> None:
    """Run the node until it is told to end, also while it waits for the API."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    if options.leash:  # where the system has no PR_SET_PDEATHSIG, the owner's end of this pipe is the sign of life
        loop.add_reader(sys.stdin.fileno(), lambda: over.set() if not os.read(sys.stdin.fileno(), 1024) else None)
    node = asyncio.create_task(_node(options), name="node")
    end = asyncio.create_task(over.wait(), name="until told to end")
    await asyncio.wait({node, end}, return_when=asyncio.FIRST_COMPLETED)
    end.cancel()
    node.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await node


async def _node(options: argparse.Namespace) -> None:
    connection = Connection(options.api, options.token, options.ca)
    node = running_node(connection, control=options.control, backoff=options.backoff, notice_after=options.notice_after)
    async with node as control:
        if options.announce:
            beside = options.announce.with_suffix(".new")
            beside.write_text(json.dumps({"control": control}))
            beside.rename(options.announce)
        await asyncio.Event().wait()


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(serve(arguments()))


if __name__ == "__main__":
    main()
