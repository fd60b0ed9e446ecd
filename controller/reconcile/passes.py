"""One pass for one release: what it is about, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass

from controller.cluster import Object
from controller.core.decide import Decision
from controller.core.decide.phases import IN_PROGRESS, STEPPING
from controller.core.decide.standing import standing
from controller.core.release import Command, Release
from controller.core.status import Phase, Status
from controller.core.traffic import Weights
from controller.observe import Seen
from controller.reconcile.memory import Memory

Key = tuple[str, str]

_HOMEWARD = {Phase.ROLLING_BACK, Phase.HANDING_BACK}


@dataclass(slots=True)
class Pass:
    """``obj`` follows our own writes, and ``now`` is in epoch seconds: the pass takes place at one moment."""

    key: Key
    obj: Object
    memory: Memory
    now: float
    command: Command | None
    before: Status
    release: Release
    seen: Seen
    decision: Decision

    @property
    def homeward(self) -> bool:
        """Whether requests are at the candidate by the record, and are all to go to stable."""
        recorded, stable = self.memory.recorded, self.decision.status.stable
        traffic = self.decision.wanted.traffic if self.decision.wanted else None
        phase = standing(self.release, recorded)
        away = recorded.candidate is not None and phase in STEPPING | {Phase.PROMOTING}
        return away and bool(stable and traffic and traffic.weights == Weights.all_to(stable.name))

    @property
    def moved(self) -> bool:
        """Whether anything was decided, rather than only seen."""

        def place(status: Status) -> tuple[object, ...]:
            step = status.step and (status.step.index, status.step.target)
            return status.phase, step, status.handled, status.hand_back and status.hand_back.stage

        return bool(self.decision.events) or place(self.before) != place(self.decision.status)

    @property
    def rested(self) -> bool:
        """Whether a stage of a hand-back has just come to its end: that is news, which the next pass decides on."""
        at = self.decision.status.hand_back
        return at is not None and self.memory.settled is at.stage and not self.seen.observed.settled

    @property
    def forced(self) -> bool:
        """Whether routes are written though nothing differs, so that a deposed leader's late patch fails: at a
        rollback or deletion, and by a new leader that finds a release in progress.
        """
        phase = self.decision.status.phase
        if phase in _HOMEWARD and self.before.phase is not phase:
            return True
        return phase in IN_PROGRESS | _HOMEWARD and not self.memory.fenced
