"""The releases of every kind, on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager

from controller.core.release import Release
from controller.simulate.assumed import Fault
from controller.simulate.runs import Outcome, Source, outcomes

FAULTS = (
    *(Fault(errors=share) for share in (0.001, 0.005, 0.01, 0.02, 0.05, 0.5)),
    *(Fault(slower=factor) for factor in (1.25, 1.5, 2.0, 3.0)),
)
HEALTHY = Fault()

_CHUNK = 5


@contextmanager
def _dropped(pool: ProcessPoolExecutor) -> Iterator[None]:
    """Ctrl-C, or a failure, ends it at once."""
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise


Telling = AbstractContextManager[Callable[[int], None]]
"""Is told how many releases more are done."""


def run(
    release: Release, source: Source, faults: tuple[Fault, ...], runs: int, seed: str, telling: Callable[[], Telling]
) -> dict[Fault, list[Outcome]]:
    """So many releases of each kind. The same seed gives the same figures, on any number of cores."""
    chunks = [(fault, range(first, min(first + _CHUNK, runs))) for fault in faults for first in range(0, runs, _CHUNK)]
    found: dict[tuple[Fault, int], list[Outcome]] = {}
    with ProcessPoolExecutor(min(len(chunks), os.cpu_count() or 1)) as pool, _dropped(pool):
        waiting = {pool.submit(outcomes, release, source, fault, part, seed): (fault, part) for fault, part in chunks}
        # Only now: a progress bar has a thread, and a process that is forked beside one may never wake up.
        with telling() as done:
            for one in as_completed(waiting):
                fault, part = waiting[one]
                found[fault, part.start] = one.result()
                done(len(part))
    return {fault: [one for first in range(0, runs, _CHUNK) for one in found[fault, first]] for fault in faults}
