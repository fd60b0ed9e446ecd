"""The acceptance table: what is simulated, what is counted, and the limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from statistics import median
from typing import Protocol

from bench.judge.errors import RAMP, Errors, Release
from bench.judge.latency import Latency
from controller.core.analysis import ERRORS, Settings
from controller.core.significance import step_margin

RATES = (10, 100, 1000)
BUDGET = Settings().compare.budget


class Kind(Protocol):
    """A kind of release; the same ``rng`` gives the same release."""

    def release(self, rng: Random) -> Release: ...


@dataclass(frozen=True)
class Outcome:
    """One release: seconds after the fault (or the start) until it was rolled back, None if it never was, and the
    requests of the candidate that had failed by then; the same for the fixed threshold; whether a step was passed."""

    seconds: float | None
    failed: float
    fixed_seconds: float | None
    fixed_failed: float
    passed: float | None


@dataclass(frozen=True)
class Cell:
    """One row. ``limits`` name what is measured, the greatest or (negative) least value allowed, and its unit."""

    group: str
    name: str
    kind: Kind
    checks: tuple[Check, ...]
    settings: Settings = field(default_factory=lambda: Settings(steps=len(RAMP)))
    since: float = 0.0
    until_passed: bool = False


@dataclass(frozen=True)
class Check:
    """One figure of a cell and its limit; a figure without a limit is only shown."""

    label: str
    measure: Callable[[list[Outcome]], float]
    show: str
    most: float | None = None
    least: float | None = None

    def holds(self, value: float) -> bool:
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)


def rolled_back(outcomes: list[Outcome]) -> float:
    """The share of releases that were rolled back."""
    return sum(o.seconds is not None for o in outcomes) / len(outcomes)


def passed(outcomes: list[Outcome]) -> float:
    """The share of releases that passed a step."""
    return sum(o.passed is not None for o in outcomes) / len(outcomes)


def typical_seconds(outcomes: list[Outcome]) -> float:
    """The median time to the rollback, a release that is not rolled back counting as endless."""
    return median(o.seconds if o.seconds is not None else float("inf") for o in outcomes)


def longest_seconds(outcomes: list[Outcome]) -> float:
    return max(o.seconds if o.seconds is not None else float("inf") for o in outcomes)


def typical_failures(outcomes: list[Outcome]) -> float:
    return median(o.failed for o in outcomes)


def typical_pass(outcomes: list[Outcome]) -> float:
    return median(o.passed if o.passed is not None else float("inf") for o in outcomes)


def at_most(share: float) -> tuple[Check, ...]:
    return (Check("rolled back", rolled_back, "{:.1%}", most=share),)


def found(least: float, *more: Check) -> tuple[Check, ...]:
    return (
        Check("found", rolled_back, "{:.1%}", least=least),
        *(more or (Check("median", typical_seconds, "{:.0f} s"),)),
    )


HEALTHY = "healthy"
"""The group whose mean has a limit too: 0.2 %."""


def healthy() -> list[Cell]:
    kinds: list[tuple[str, Callable[[int], Errors]]] = [
        ("0.1 % errors", Errors),
        ("1 % errors", lambda rps: Errors(rps, (0.01, 0.01))),
        ("shared outage", lambda rps: Errors(rps, outage=True)),
        ("shared outage, scrapes apart", lambda rps: Errors(rps, outage=True, apart=15.0)),
        ("drift 0.1 to 3 %", lambda rps: Errors(rps, (0.001, 0.03))),
        ("bursts of 5, 0.1 %", lambda rps: Errors(rps, burst=5.0)),
        ("bursts of 5, 1 %", lambda rps: Errors(rps, (0.01, 0.01), burst=5.0)),
    ]
    return [Cell(HEALTHY, f"{name}, {rps} rps", kind(rps), at_most(0.01)) for name, kind in kinds for rps in RATES]


def on_tolerance() -> list[Cell]:
    return [
        Cell("on the tolerance", f"{base:.1%} errors, {rps} rps", Errors(rps, (base, base), 1.1, 0.001), at_most(0.025))
        for base in (0.001, 0.01)
        for rps in RATES
    ]


def regressions() -> list[Cell]:
    cells = []
    for excess in (0.01, 0.05, 0.5):
        for rps in RATES:
            least = 0.95 if (rps, excess) == (10, 0.01) else 0.99
            more: tuple[Check, ...] = ()
            if (rps, excess) == (100, 0.05):
                more = (
                    Check("median", typical_seconds, "{:.0f} s", most=120.0),
                    Check("failed", typical_failures, "{:.0f}", most=7.0),
                )
            if (rps, excess) == (1000, 0.5):
                more = (Check("longest", longest_seconds, "{:.0f} s", most=45.0),)
            cells.append(
                Cell("worse", f"+{excess:.0%} errors, {rps} rps", Errors(rps, absolute=excess), found(least, *more))
            )
    return cells


def late_faults() -> list[Cell]:
    """Not in the design's table: a fault that begins in the middle of the last step, after 22 healthy minutes."""
    since = 1320.0
    return [
        Cell(
            "worse from minute 22",
            f"+{excess:.0%} errors, {rps} rps",
            Errors(rps, absolute=excess, since=since),
            found(0.99, Check("median", typical_seconds, "{:.0f} s", most=90.0 if excess < 0.5 else 60.0)),
            since=since,
        )
        for excess, rps in ((0.05, 100), (0.05, 1000), (0.5, 10), (0.5, 100), (0.5, 1000))
    ]


def latencies() -> list[Cell]:
    cells = []
    for rps in RATES:
        for name, kind in (
            ("shared slowdown and pauses", Latency(rps, slowdown=True, pauses=60.0)),
            ("shared slowdown", Latency(rps, slowdown=True)),
        ):
            cells.append(Cell("latency, healthy", f"{name}, {rps} rps", kind, at_most(0.025)))
        limit = (Check("median", typical_seconds, "{:.0f} s", most=120.0),) if rps == 100 else ()
        cells.append(Cell("latency, worse", f"all 2x slower, {rps} rps", Latency(rps, slower=2.0), found(0.99, *limit)))
    return cells


def margins() -> list[Cell]:
    cells = []
    alone = Settings(metrics=(ERRORS,))
    passes = (Check("passed", passed, "{:.1%}", most=0.05),)
    sooner = (Check("passed in 5 min", passed, "{:.1%}"), Check("median", typical_pass, "{:.0f} s"))
    for share in RAMP:
        margin = step_margin(share, budget=BUDGET, absolute=alone.compare.errors.absolute)
        for rps in RATES:
            kind = Errors(rps, relative=1.1, absolute=margin, ramp=(share,))
            cells.append(Cell("at the margin", f"{share:.0%} of {rps} rps", kind, passes, alone, until_passed=True))
            if rps == 100:
                kind = Errors(rps, ramp=(share,))
                cells.append(
                    Cell("as good as stable", f"{share:.0%} of {rps} rps", kind, sooner, alone, until_passed=True)
                )
    margin = step_margin(0.1, budget=BUDGET, absolute=Settings().compare.latency.absolute)
    hanging = Latency(100, hanging=margin, ramp=(0.1,))
    cells.append(Cell("at the margin", "latency, 10% of 100 rps", hanging, passes, Settings(), until_passed=True))
    return cells


def table() -> list[Cell]:
    """All rows in order."""
    return [*healthy(), *on_tolerance(), *regressions(), *late_faults(), *latencies(), *margins()]
