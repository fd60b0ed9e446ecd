"""What an analysis is told once, and where it stands in the plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from controller.core.release import Compare, Gates, Tolerance
from controller.core.significance import harm_cap

ERRORS = "errors"
LATENCY = "latency"


class Rule(NamedTuple):
    """What every look needs of one metric: its tolerance, and the most evidence of harm that one look may give."""

    metric: str
    relative: float
    absolute: float
    cap: float


@dataclass(frozen=True, slots=True)
class Settings:
    """How a candidate is judged, for one release.

    ``metrics``: which of ERRORS and LATENCY are compared; the false alarm is split evenly among them. ``look`` and
    ``warm_up`` in seconds. ``steps``: how many steps of the plan will be judged. ``beta``: the chance that a step
    passes a candidate that is worse than stable by the step's margin. Raises ValueError for values without meaning.
    """

    compare: Compare = field(default_factory=Compare)
    metrics: tuple[str, ...] = (ERRORS, LATENCY)
    look: float = 15.0
    warm_up: float = 30.0
    steps: int = 1
    beta: float = 0.05
    rules: tuple[Rule, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.metrics or set(self.metrics) - {ERRORS, LATENCY} or len(set(self.metrics)) < len(self.metrics):
            raise ValueError(f"metrics must be some of {ERRORS} and {LATENCY}, each once, not {self.metrics}")
        for name, share in (("falseAlarm", self.compare.false_alarm), ("budget", self.compare.budget)):
            if not 0.0 < share < 1.0:
                raise ValueError(f"{name} must lie between 0 % and 100 %, not {share:.3%}")
        if not 0.0 < self.beta < 1.0:
            raise ValueError(f"beta must lie between 0 and 1, not {self.beta:g}")
        if not (self.look > 0.0 and self.warm_up >= 0.0 and self.steps >= 1):
            raise ValueError("a look takes more than 0 s, a warm-up at least 0 s, and there is at least one step")
        for metric in self.metrics:
            tolerance = self.tolerance(metric)
            if not (tolerance.relative > 0.0 and 0.0 <= tolerance.absolute < 1.0):
                raise ValueError(f"{metric}: relative must be above 0 and absolute between 0 % and 100 %")
        cap = harm_cap(self.harm_limit / self.weight)
        tolerances = [(metric, self.tolerance(metric)) for metric in self.metrics]
        rules = tuple(Rule(metric, tolerance.relative, tolerance.absolute, cap) for metric, tolerance in tolerances)
        object.__setattr__(self, "rules", rules)

    @classmethod
    def of(cls, gates: Gates, steps: int) -> Settings:
        """The settings of a Release with a comparison. Raises ValueError when it has none."""
        if gates.compare is None:
            raise ValueError("the candidate is not compared with stable: gates.compare is not set")
        return cls(gates.compare, look=gates.interval, warm_up=gates.warm_up, steps=max(1, steps))

    def tolerance(self, metric: str) -> Tolerance:
        """What is tolerated of ERRORS or LATENCY."""
        return self.compare.errors if metric == ERRORS else self.compare.latency

    @property
    def weight(self) -> float:
        """The share of each metric in the evidence of harm."""
        return 1.0 / len(self.metrics)

    @property
    def harm_limit(self) -> float:
        """The weighted evidence of harm at which a release is aborted: 1/alpha."""
        return 1.0 / self.compare.false_alarm

    @property
    def good_limit(self) -> float:
        """The good-enough evidence at which a step may be left: 1/beta."""
        return 1.0 / self.beta


@dataclass(frozen=True, slots=True)
class AtStep:
    """The step that a look belongs to.

    ``index`` in the plan, ``share`` of the requests that the candidate gets (0 to 1), ``since`` when its traffic has
    been in effect (epoch seconds).
    """

    index: int
    share: float
    since: float
