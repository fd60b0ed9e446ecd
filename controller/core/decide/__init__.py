"""THE STEP DECISION: decide(release, status, observed) -> Decision. Pure.

Read phases.py first: the phases and why they follow each other. A pass makes at most one move; it is written down, then
done, and the next pass begins from there. Nothing here waits: "not yet" is a state that the next pass looks at again.
"""

from __future__ import annotations

from dataclasses import replace

from controller.core.decide.change import Move, enter
from controller.core.decide.commands import command_move, noted, pending
from controller.core.decide.comparison import compared, history_until, renewed
from controller.core.decide.describe import describe
from controller.core.decide.drift import drifted, rewritten, settled
from controller.core.decide.evidence import harm, weigh
from controller.core.decide.facts import follows, notice
from controller.core.decide.model import Decision, Event, Judged, Observed
from controller.core.decide.moves import phase_move, resumed, template_move
from controller.core.decide.phases import IN_PROGRESS, TRANSITIONS
from controller.core.decide.timers import after, next_look
from controller.core.decide.traffic import wanted_traffic
from controller.core.decide.want import want
from controller.core.release import Release
from controller.core.status import Phase, Status

__all__ = [
    "TRANSITIONS",
    "Decision",
    "Event",
    "Judged",
    "Observed",
    "compared",
    "decide",
    "follows",
    "history_until",
    "next_look",
    "pending",
    "settled",
    "told",
    "wanted_traffic",
]


def decide(release: Release, status: Status, observed: Observed) -> Decision:
    """What to write down and what the cluster should look like next.

    Harm is looked for before anything else can hold the pass up; then come people, then the template, then time.
    """
    known = noted(status, observed)
    told: tuple[Event, ...] = ()
    if observed.problems:  # what was seen may be as wrong as what was asked: nothing is learned from it
        move: Move | None = _invalid(known, observed)
    else:
        known, told = drifted(notice(release, known, observed), observed)
        if known.phase is Phase.INVALID:
            known = enter(known, resumed(release, known), observed.now)
        known = weigh(release, known, observed)
        move = (
            harm(release, known, observed)
            or command_move(release, known, observed)
            or template_move(release, known, observed)
            or _pause(release, known, observed)
            or phase_move(release, known, observed)
        )
    moved = move is not None or known.phase is not status.phase
    after_move = describe(release, rewritten(release, known, move.status if move else known), observed)
    return Decision(
        status=after_move,
        wanted=want(release, after_move, observed),
        events=(*told, *(move.events if move else ())),
        after=after(release, after_move, observed, moved=moved and not observed.problems),
    )


def told(release: Release, status: Status, observed: Observed) -> Status:
    """A decided status with its newest numbers, for a write: a pass only looks at what they mean."""
    newer = renewed(release, status, observed.now)
    return status if newer is status else describe(release, newer, observed)


def _invalid(status: Status, observed: Observed) -> Move | None:
    """Traffic stays where it is, and nothing is touched until the Release can be followed."""
    if status.phase is Phase.INVALID:
        return None
    event = Event("Invalid", "; ".join(observed.problems), warning=True)
    return Move(enter(status, Phase.INVALID, observed.now), (event,))


def _pause(release: Release, status: Status, observed: Observed) -> Move | None:
    """A release is paused by the spec. One whose requests all go to the candidate already comes to its end."""
    step = status.step
    at_end = status.phase is Phase.PROMOTING and step is not None and step.index >= step.count
    if not release.paused or status.phase not in IN_PROGRESS or status.phase is Phase.PAUSED or at_end:
        return None
    if status.stable is None or status.returning:
        return None  # adoption changes nothing that users would notice; the previous revision is wanted back at once
    return Move(enter(replace(status), Phase.PAUSED, observed.now), (Event("Paused", "spec.paused is true"),))
