"""How a release moves: the steps of a canary as the user wrote them; core/plan.py makes the plan of them."""

from __future__ import annotations

from dataclasses import dataclass

from controller.core.release.gates import Fallback
from controller.core.traffic import WHOLE, TesterMatch


@dataclass(frozen=True, slots=True)
class WeightStep:
    """``weight`` per mille of everybody's requests for at least ``duration`` seconds (0: the gates alone decide)."""

    weight: int
    duration: float = 0.0


@dataclass(frozen=True, slots=True)
class RampStep:
    """From the weight before it to ``to`` in strides of ``by`` per mille, each for at least ``every`` seconds."""

    to: int
    by: int
    every: float

    def weights(self, start: int) -> tuple[int, ...]:
        """The weight of each stride in per mille, from the first one after ``start`` to ``to`` itself; up or down.

        A last stride that would pass ``to`` ends there. Empty when ``start`` is ``to`` already.
        """
        if self.to >= start:
            return (*range(start + self.by, self.to, self.by), self.to) if self.to > start else ()
        return (*range(start - self.by, self.to, -self.by), self.to)


@dataclass(frozen=True, slots=True)
class ApprovalStep:
    """Traffic stays until somebody of ``group`` approves or rejects.

    After ``timeout`` seconds (None: it waits for ever) ``on_timeout`` applies.
    """

    group: str
    timeout: float | None = None
    on_timeout: Fallback = Fallback.ROLLBACK


Step = WeightStep | RampStep | ApprovalStep


@dataclass(frozen=True, slots=True)
class Bake:
    """After the steps: ``weight`` per mille for at least ``duration`` seconds, and only then it is promoted."""

    duration: float
    weight: int = WHOLE


@dataclass(frozen=True, slots=True)
class Canary:
    """Weights in steps, each gated; whoever meets one of ``testers`` reaches the candidate at every weight."""

    steps: tuple[Step, ...]
    testers: tuple[TesterMatch, ...] = ()
    bake: Bake | None = None
