"""How quickly the sandbox answers, and how much memory all of it takes.

    python -m bench.sandbox

Starts `sluice sandbox` three times, for some seconds each; prints the median. Python's byte code is there, as after an
installation: one more run, which does not count, has written it. Memory is the proportional set size of
the program and of every process below it (Linux), after a thousand requests.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

RUNS = 3
REQUESTS = 1000
HOST = "podinfo.shop.svc.cluster.local"
FIRST_ANSWER = 2.0  # seconds
MEMORY = 400.0  # MB


def main() -> int:
    """The table; status 1 when a limit is missed."""
    with tempfile.TemporaryDirectory() as compiled:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = compiled
        runs = [run(environment) for _ in range(1 + RUNS)][1:]
    seconds, memory = (statistics.median(values) for values in zip(*runs, strict=True))
    table = Table("what", "median", "limit", "each run")
    table.add_row("start to first answer, s", f"{seconds:.2f}", f"{FIRST_ANSWER:g}", listed(one for one, _ in runs))
    table.add_row("memory of all processes, MB", f"{memory:.0f}", f"{MEMORY:g}", listed(one for _, one in runs))
    Console().print(table)
    return 0 if seconds <= FIRST_ANSWER and memory <= MEMORY else 1


def run(environment: dict[str, str]) -> tuple[float, float]:
    """Seconds from the start of the program to the first answer of the application, and megabytes later on."""
    begin = time.perf_counter()
    argv = [sys.executable, "-m", "controller", "sandbox", "--json", "--for", "60", "--rate", "0"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment) as program:
        assert program.stdout is not None
        where = json.loads(program.stdout.readline())
        proxy = urlsplit(where["sources"]["sidecar.shop.frontend"]).netloc
        connection = http.client.HTTPConnection(proxy, timeout=10)
        ask(connection)
        seconds = time.perf_counter() - begin
        for _ in range(REQUESTS - 1):
            ask(connection)
        megabytes = sum(proportional(pid) for pid in family(program.pid)) / 1024
        program.terminate()
    return seconds, megabytes


def ask(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/", headers={"Host": HOST})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, answer.status


def family(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += family(int(path.parent.name))
    return found


def proportional(pid: int) -> float:
    """Kilobytes; pages that several processes share count in part for each."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(float(line.split()[1]) for line in lines if line.startswith("Pss:"))


def listed(values: Iterable[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


if __name__ == "__main__":
    sys.exit(main())
