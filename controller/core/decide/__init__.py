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
from controller.core.decide.edits import edit_move, from_here, moves_objects
from controller.core.decide.evidence import fought, harm, unrouted_until, weigh
from controller.core.decide.facts import follows, notice
from controller.core.decide.fight import fight_event, spaced
from controller.core.decide.handback import hand_back
from controller.core.decide.holds import homeward_move, masked, unmasked
from controller.core.decide.model import Decision, Event, Judged, Observed
from controller.core.decide.moves import phase_move, template_move
from controller.core.decide.phases import IN_PROGRESS, TRANSITIONS
from controller.core.decide.timers import PATIENCE, after, next_look, waits_for_pods
from controller.core.decide.traffic import wanted_traffic
from controller.core.decide.want import want
from controller.core.release import Release
from controller.core.status import Phase, Status

__all__ = [
    "PATIENCE",
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
    "unrouted_until",
    "waits_for_pods",
    "wanted_traffic",
]


def decide(release: Release, status: Status, observed: Observed) -> Decision:
    """What to write down and what the cluster should look like next.

    Harm is looked for before anything else can hold the pass up; then come people, then the template, then time.
    """
    if release.deleting:
        return hand_back(release, status, observed)
    known = noted(status, observed)
    others: tuple[Event, ...] = ()
    if observed.blind:
        move = command_move(release, known, observed)  # which gets its answer
    else:
        known = notice(release, unmasked(release, known, observed), observed)
        if not observed.problems:
            known, others = drifted(known, observed)
            others += fight_event(known, observed.now)
        known = weigh(release, known, observed)
        move = harm(release, known, observed) or fought(known, observed) or command_move(release, known, observed)
        move = move or _onward(release, known, observed)
    decided = rewritten(release, known, move.status) if move else known
    events = (*others, *(move.events if move else ()))
    if observed.problems:
        decided, held = masked(status, decided, observed)
        events += held
    moved = move is not None or decided.phase is not status.phase
    follow = move is not None and move.follow
    moving = follow and observed.edited is not None and moves_objects(release, observed.edited)
    release = from_here(release, observed.edited, follow=follow)
    decided = describe(release, decided, observed)
    return Decision(
        status=decided,
        wanted=None if moving else spaced(decided, want(release, decided, observed), observed),
        events=events,
        after=after(release, decided, observed, moved=moved),
        follow=follow,
    )


def told(release: Release, status: Status, observed: Observed) -> Status:
    """A decided status with its newest numbers, for a write: a pass only looks at what they mean."""
    newer = status if observed.blind else renewed(release, status, observed.now)
    return status if newer is status else describe(release, newer, observed)


def _onward(release: Release, status: Status, observed: Observed) -> Move | None:
    """What the template, the spec and time ask for, once neither evidence nor people do; on a hold only ways home."""
    if observed.problems:
        return homeward_move(release, status, observed)
    move = template_move(release, status, observed)
    if move is None and observed.edited is not None and status.phase is not Phase.ROLLING_BACK:
        return edit_move(release, status, observed)
    return move or _pause(release, status, observed) or phase_move(release, status, observed)


def _pause(release: Release, status: Status, observed: Observed) -> Move | None:
    """A release is paused by the spec. One whose requests all go to the candidate already comes to its end."""
    step = status.step
    at_end = status.phase is Phase.PROMOTING and step is not None and step.index >= step.count
    if not release.paused or status.phase not in IN_PROGRESS or status.phase is Phase.PAUSED or at_end:
        return None
    if status.stable is None or status.returning:
        return None  # adoption changes nothing that users would notice; the previous revision is wanted back at once
    return Move(enter(replace(status), Phase.PAUSED, observed.now), (Event("Paused", "spec.paused is true"),))
