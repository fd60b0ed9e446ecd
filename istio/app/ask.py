"""The sample's users: RATE requests per second (100) to TARGET; each minute a line with what was answered, by version.

An answer that takes longer than 10 s, or none, counts as `none`. At most 200 requests are under way; what would be more
is left out and counted, so that a slow application is not buried.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter

import aiohttp

TARGET = os.environ.get("TARGET", "http://podinfo:9898/")
RATE = float(os.environ.get("RATE", "100"))
EVERY = float(os.environ.get("EVERY", "60"))
AT_ONCE = 200


async def ask(session: aiohttp.ClientSession, seen: Counter[str]) -> None:
    try:
        async with session.get(TARGET) as answer:
            await answer.read()
            seen[f"{answer.headers.get('x-version', '-')} {answer.status}"] += 1
    except (aiohttp.ClientError, TimeoutError):
        seen["none"] += 1


async def tell(seen: Counter[str]) -> None:
    while True:
        await asyncio.sleep(EVERY)
        print(json.dumps(dict(sorted(seen.items()))), flush=True)
        seen.clear()


async def main() -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    seen: Counter[str] = Counter()
    under_way: set[asyncio.Task[None]] = set()
    telling = asyncio.create_task(tell(seen))
    connector, limit = aiohttp.TCPConnector(limit=AT_ONCE), aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(connector=connector, timeout=limit) as session:
        due = loop.time()
        while not over.is_set():
            if len(under_way) < AT_ONCE:
                task = asyncio.create_task(ask(session, seen))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            else:
                seen["left out"] += 1
            due = max(due + 1 / RATE, loop.time() - 1)  # after a pause of the machine: at most a second to catch up
            try:
                await asyncio.wait_for(over.wait(), max(0.0, due - loop.time()))
            except TimeoutError:
                pass
        await asyncio.gather(*under_way)
    telling.cancel()
    print(json.dumps(dict(sorted(seen.items()))), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
