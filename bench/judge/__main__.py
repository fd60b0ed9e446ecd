"""``python -m bench.judge [--full] [--releases N] [--only WORD] [--workers N]``; exit status 1: a limit is missed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from math import inf
from statistics import fmean
from time import perf_counter

from bench.judge.cells import HEALTHY, Cell, Check, Outcome, rolled_back, table, typical_failures, typical_seconds
from bench.judge.cost import cost_of_a_look
from bench.judge.run import outcomes

REDUCED = 150
FULL = 1000
CHUNK = 25
MEAN_HEALTHY = 0.002
MOST_COST = 1.0
"""Of judging to decoding; 0.7 to 0.75 with five latency bounds, and each costs about a tenth."""


def main() -> int:
    """Runs the table and prints it, one line a cell."""
    options = _options()
    releases = options.releases or (FULL if options.full else REDUCED)
    cells = [cell for cell in table() if options.only in f"{cell.group}: {cell.name}"]
    began = perf_counter()
    print(f"{len(cells)} cells of {releases} simulated releases each")
    missed = 0
    healthy = []
    for cell, results in _all(cells, releases, options.workers):
        missed += _show(cell, results)
        if cell.group == HEALTHY:
            healthy.append(rolled_back(results))
    if healthy:
        mean = Check("rolled back", rolled_back, "{:.2%}", most=MEAN_HEALTHY)
        missed += _line("healthy: mean of the cells", mean, fmean(healthy))
    if not options.only:
        missed += _cost()
    print(f"{perf_counter() - began:.0f} s; {f'{missed} limits missed' if missed else 'every limit is kept'}")
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.judge", description=__doc__)
    parser.add_argument("--full", action="store_true", help=f"{FULL} releases a cell instead of {REDUCED}")
    parser.add_argument("--releases", type=int, default=0, help="so many releases a cell")
    parser.add_argument("--only", default="", help="only cells whose name contains this")
    parser.add_argument("--workers", type=int, default=None, help="processes; default: one a core")
    parsed = parser.parse_args()
    if parsed.releases < 0 or (parsed.workers is not None and parsed.workers < 1):
        parser.error("--releases and --workers take whole numbers above 0")
    return parsed


def _all(cells: list[Cell], releases: int, workers: int | None) -> Iterable[tuple[Cell, list[Outcome]]]:
    """The cells in order with their outcomes; handed out in chunks, so that no core waits for a long cell."""
    starts = range(0, releases, CHUNK)
    work = [(cell, first, min(first + CHUNK, releases)) for cell in cells for first in starts]
    with ProcessPoolExecutor(workers) as pool:
        results = pool.map(outcomes, *zip(*work, strict=True))
        for cell in cells:
            yield cell, [outcome for part in islice(results, len(starts)) for outcome in part]


def _show(cell: Cell, results: list[Outcome]) -> int:
    name = f"{cell.group}: {cell.name}"
    missed = sum(_line(name, check, check.measure(results)) for check in cell.checks)
    if not cell.until_passed and cell.group.startswith((HEALTHY, "worse")):
        fixed = [Outcome(o.fixed_seconds, o.fixed_failed, None, 0.0, None) for o in results]
        shown = f"{rolled_back(fixed):.1%} rolled back"
        if cell.group != HEALTHY:
            median = typical_seconds(fixed)
            when = f"median {median:.0f} s" if median < inf else "mostly never"
            shown += f", {when}, {typical_failures(fixed):.0f} failed requests"
        print(f"  {'(5 failed checks of 1 min against 99 %)':<52} {shown}")
    return missed


def _line(name: str, check: Check, value: float) -> int:
    limit = ""
    if check.most is not None:
        limit = f"at most {check.show.format(check.most)}"
    elif check.least is not None:
        limit = f"at least {check.show.format(check.least)}"
    kept = check.holds(value)
    mark = "" if not limit else "ok" if kept else "MISSED"
    print(f"{name:<54} {check.label:<16} {check.show.format(value):>8}  {limit:<18} {mark}", flush=True)
    return 0 if kept else 1


def _cost() -> int:
    judged, decoded, bounds = cost_of_a_look()
    name = f"a look with {bounds} latency bounds: {judged:.0f} us to judge, {decoded:.0f} us to decode"
    return _line(name, Check("ratio", rolled_back, "{:.2f}", most=MOST_COST), judged / decoded)


if __name__ == "__main__":
    sys.exit(main())
