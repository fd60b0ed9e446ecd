"""One cell: its releases through the product's functions and through the fixed threshold, on the same looks."""

from __future__ import annotations

from random import Random

from bench.judge.cells import Cell, Outcome
from bench.judge.errors import START
from bench.judge.threshold import FixedThreshold
from controller.core.analysis import observe, start, verdict
from controller.core.status import Verdict


def outcomes(cell: Cell, first: int, last: int) -> list[Outcome]:
    """The releases with the numbers ``first`` to ``last`` (exclusive); the number and the cell's name are the seed."""
    return [_outcome(cell, number) for number in range(first, last)]


def _outcome(cell: Cell, number: int) -> Outcome:
    release = cell.kind.release(Random(f"{cell.group}/{cell.name}/{number}"))
    state = start(cell.settings, release.history)
    fixed = FixedThreshold()
    seconds = fixed_seconds = passed = None
    failed = fixed_failed = 0.0
    for step, look in release.looks:
        at = look.end - START
        bad = look.candidate.errors if at > cell.since else 0.0
        if fixed_seconds is None:
            fixed_failed += bad
            if fixed.observe(look):
                fixed_seconds = at - cell.since
        if seconds is None:
            failed += bad
            state = observe(state, look, step)
            answer = verdict(state, step, look.end) if state.harmful or cell.until_passed else None
            if answer is Verdict.FAIL:
                seconds = at - cell.since
            if answer is Verdict.PASS and passed is None:
                passed = at
        if passed is not None or (seconds is not None and fixed_seconds is not None):
            break
    return Outcome(seconds, failed, fixed_seconds, fixed_failed, passed)
