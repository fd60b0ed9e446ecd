"""Many outcomes in a few figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

from controller.simulate.assumed import Fault
from controller.simulate.runs import Outcome, Source

_Z = 1.96
"""Standard deviations of 95 % confidence."""


@dataclass(frozen=True)
class Times:
    """Seconds that half of the releases need at most, and nine of ten."""

    median: float
    p90: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Times | None:
        """None without any."""
        if not values:
            return None
        ordered = sorted(values)
        return cls(*(ordered[min(len(ordered), max(1, ceil(share * len(ordered)))) - 1] for share in (0.5, 0.9)))


@dataclass(frozen=True)
class Caught:
    """What became of a fault. Shares of all releases; ``after``: seconds from the candidate's first request to the
    rollback; ``met``: users (median) whose request failed, or was slower, before requests were home; ``gates``: whose
    word it was, most often first.
    """

    fault: Fault
    releases: int
    caught: float
    held: float
    after: Times | None
    met: float
    gates: tuple[str, ...]


def caught(fault: Fault, outcomes: Sequence[Outcome], source: Source) -> Caught:
    """The figures of one fault."""
    back = [one for one in outcomes if one.reason]
    gates = Counter(one.gate for one in back)
    per_second = source.rate * (fault.errors if fault.errors else 1.0)
    met = Times.of([one.exposure * per_second for one in outcomes])
    return Caught(
        fault=fault,
        releases=len(outcomes),
        caught=len(back) / len(outcomes),
        held=sum(one.held for one in outcomes) / len(outcomes),
        after=Times.of([one.seconds for one in back]),
        met=met.median if met else 0.0,
        gates=tuple(name for name, _ in gates.most_common()),
    )


def at_most(part: int, whole: int) -> float:
    """The upper end of the 95 % interval of a share (Wilson, "Probable inference, the law of succession, and
    statistical inference", 1927)."""
    share, square = part / whole, _Z * _Z / whole
    middle = share + square / 2
    return (middle + _Z * sqrt(share * (1 - share) / whole + square / (4 * whole))) / (1 + square)


def step_times(outcomes: Sequence[Outcome], steps: int) -> list[Times | None]:
    """How long each step took those releases that left it."""
    return [Times.of([one.steps[index] for one in outcomes if index < len(one.steps)]) for index in range(steps)]


def typical(outcomes: Sequence[Outcome]) -> Outcome:
    """The release that took the median time among those promoted, else among all."""
    promoted = [one for one in outcomes if not one.reason and not one.held] or list(outcomes)
    return sorted(promoted, key=lambda one: one.seconds)[len(promoted) // 2]
