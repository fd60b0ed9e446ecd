"""How fast the embedded API is: start, writes, lists, events to ten watchers, memory.

    python -m bench.api

The API runs in a process of its own, the load in this one, on loopback, for some 30 seconds at most.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from controller.sandbox.client import Client, Connection

OBJECTS = 1000
WATCHERS = 10
AT_ONCE = 20  # writes under way at the same time
SECONDS = 120
PATH = "/apis/apps/v1/namespaces/default/deployments"
SERVE = """
import asyncio, resource, sys, time
begin = time.perf_counter()
from controller.sandbox.api import EmbeddedApi
imported = time.perf_counter()

async def main():
    async with EmbeddedApi() as api:
        print(api.connection.url, imported - begin, time.perf_counter() - imported, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)

asyncio.run(main())
"""

Rows = list[tuple[str, str]]


def deployment(number: int) -> dict[str, Any]:
    labels = {"app": f"app-{number}"}
    container = {
        "name": "app",
        "image": "app:1",
        "ports": [{"containerPort": 80}],
        "env": [{"name": "A", "value": "B"}],
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "metadata": {"name": f"app-{number:04}"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }


class Watcher:
    """Counts events, and how long after its write each came (the writer notes the times by name and value)."""

    def __init__(self, sent: dict[str, float]) -> None:
        self._sent = sent
        self.delays: list[float] = []
        self.ready = asyncio.Event()

    async def run(self, connection: Connection, version: str, wanted: int) -> None:
        async with Client(connection, "watcher") as client:
            self.ready.set()
            async for _, item in client.watch(PATH, version):
                note = (item["metadata"].get("annotations") or {}).get("note", "")
                if note in self._sent:
                    self.delays.append(time.perf_counter() - self._sent[note])
                    if len(self.delays) == wanted:
                        return


async def at_once(work: Sequence[Callable[[], Awaitable[Any]]]) -> float:
    """Do it all, some at the same time; seconds taken."""
    todo = iter(work)

    async def worker() -> None:
        for step in todo:
            await step()

    begin = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return time.perf_counter() - begin


async def events(client: Client, connection: Connection) -> Rows:
    """Change every object once while ten watch."""
    sent: dict[str, float] = {}
    watchers = [Watcher(sent) for _ in range(WATCHERS)]
    _, version = await client.list(PATH)
    tasks = [asyncio.ensure_future(watcher.run(connection, version, OBJECTS)) for watcher in watchers]
    await asyncio.gather(*(watcher.ready.wait() for watcher in watchers))

    def change(number: int) -> Callable[[], Awaitable[Any]]:
        async def step() -> None:
            note = f"n{number}"
            sent[note] = time.perf_counter()
            await client.patch(f"{PATH}/app-{number:04}", {"metadata": {"annotations": {"note": note}}})

        return step

    begin = time.perf_counter()
    writing = await at_once([change(number) for number in range(OBJECTS)])
    await asyncio.gather(*tasks)
    seconds = time.perf_counter() - begin
    delays = [delay * 1000 for watcher in watchers for delay in watcher.delays]
    cuts = statistics.quantiles(delays, n=100)
    return [
        (f"patches per second, {AT_ONCE} at once, {WATCHERS} watching", f"{OBJECTS / writing:,.0f}"),
        ("events per second, all watchers together", f"{len(delays) / seconds:,.0f}"),
        ("from the write's start to its event, p50", f"{cuts[49]:.1f} ms"),
        ("from the write's start to its event, p99", f"{cuts[98]:.1f} ms"),
    ]


async def single(client: Client) -> Rows:
    """One write after the other, with one watcher: what a controller feels."""
    _, version = await client.list(PATH)
    found = client.watch(PATH, version)
    delays = []
    for number in range(200):
        begin = time.perf_counter()
        await client.patch(f"{PATH}/app-0000", {"metadata": {"annotations": {"alone": str(number)}}})
        await anext(found)
        delays.append((time.perf_counter() - begin) * 1000)
    cuts = statistics.quantiles(delays, n=100)
    return [
        ("one write and its event, p50", f"{cuts[49]:.1f} ms"),
        ("one write and its event, p99", f"{cuts[98]:.1f} ms"),
    ]


async def lists(client: Client) -> Rows:
    async def timed(label: str, **options: Any) -> tuple[str, str]:
        taken = []
        for _ in range(5):
            begin = time.perf_counter()
            await client.request("GET", PATH, **options)
            taken.append(time.perf_counter() - begin)
        return label, f"{statistics.median(taken) * 1000:.0f} ms"

    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    return [
        await timed(f"list of {OBJECTS}, decoded by the client"),
        await timed(f"list of {OBJECTS} as a table", accept=table),
        await timed(f"1 of {OBJECTS} by its label", params={"labelSelector": "app=app-1"}),
    ]


async def measure(connection: Connection) -> Rows:
    async with Client(connection, "bench") as client:
        writes = [partial(client.create, PATH, deployment(number)) for number in range(OBJECTS)]
        creating = await at_once(writes)
        rows = [(f"creates per second, {AT_ONCE} at once", f"{OBJECTS / creating:,.0f}")]
        return rows + await events(client, connection) + await single(client) + await lists(client)


def main() -> int:
    begin = time.perf_counter()
    server = subprocess.Popen([sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        url, imported, started = server.stdout.readline().split()
        ready = time.perf_counter() - begin
        rows = asyncio.run(asyncio.wait_for(measure(Connection(url)), SECONDS))
        server.stdin.write("stop\n")
        server.stdin.flush()
        memory = int(server.stdout.readline()) / (1024 if sys.platform == "linux" else 1024**2)
    finally:
        server.terminate()
        server.wait(10)
    table = Table("embedded API", "figure", title=f"{OBJECTS} Deployments, {WATCHERS} watchers")
    for label, figure in [
        ("start: process to first answer", f"{ready * 1000:.0f} ms"),
        ("start: imports", f"{float(imported) * 1000:.0f} ms"),
        ("start: EmbeddedApi to serving", f"{float(started) * 1000:.0f} ms"),
        *rows,
        ("memory of the API's process, at most", f"{memory:.0f} MB"),
        (
            "memory of the load's process, at most",
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB",
        ),
    ]:
        table.add_row(label, figure)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
