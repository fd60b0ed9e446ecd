"""The phases of a release, and which may follow which.

The theory: a Release owns one *stable* revision, which serves, and at times one *candidate*, which wants to. A phase
says where everybody's requests are wanted, and each transition is one status write; the objects follow the status.

    phase         requests are wanted at              it ends when
    Idle          stable                              the template is another one than stable
    Preparing     stable (the template's own pods     the candidate is available and addressable; or its progress
                  while there is no stable yet)       deadline is over
    Progressing   as the plan's step says             the step's time is over and every gate passes
    Waiting       as the plan's step says             a person approves, or rejects; or the time for that is over
    Baking        as the plan's last step says: all   the bake's time is over and every gate passes
                  or nearly all at the candidate
    Paused        as the plan's step says             a person resumes
    Promoting     the candidate                       that is in effect: the candidate becomes stable
    RollingBack   stable                              no route names the candidate any more
    Failed        stable                              the template or the spec changes, or somebody says `retry`
    Invalid       wherever they are, or on their way  spec and objects can be followed: then the phase that it hides
                  home                                goes on (holds.py)
    HandingBack   stable, then the user's own routes  nothing of the Release is left (handback/)

Requests never wait for anything on the way home: from every phase with a candidate RollingBack follows in one pass.
Invalid is no place of its own: it stands in front of the phase that the status belongs to by what it holds
(standing.py), and while it does no weight goes up. RollingBack is never hidden.
Preparing may follow from every phase with a candidate too: a newer template supersedes it, which first brings all
requests home (Preparing wants them at stable); so does an edit of the spec that the present weight has no place in, and
from Baking and Promoting an edit may lead back to a step of no higher weight (edits.py).

A bake is the plan's last step. Nothing is promoted before it is over: the old revision is stable as in any other step,
with all of its pods, so that a bake that fails is a rollback like any other.

After a promotion the way back stays open: by a person's word the previous revision and stable exchange their roles, and
RollingBack follows from Idle or Failed as if the promotion had not happened. If the previous revision has no pods any
more, Preparing comes first, with it as the candidate; RollingBack follows once it can take all requests, and if it
never can, Idle or Failed again.
"""

from __future__ import annotations

from controller.core.status import Phase

P = Phase

IN_PROGRESS = frozenset({P.PREPARING, P.PROGRESSING, P.WAITING, P.BAKING, P.PAUSED, P.PROMOTING})
"""There is a candidate that wants to become stable."""

STEPPING = frozenset({P.PROGRESSING, P.WAITING, P.BAKING, P.PAUSED})
"""The plan's present step says where requests are wanted."""

_MOVES: dict[Phase, frozenset[Phase]] = {
    P.IDLE: frozenset({P.PREPARING, P.ROLLING_BACK, P.INVALID}),
    P.PREPARING: frozenset(
        {P.PROGRESSING, P.WAITING, P.PROMOTING, P.PAUSED, P.ROLLING_BACK, P.IDLE, P.FAILED, P.INVALID}
    ),
    P.PROGRESSING: frozenset(
        {P.WAITING, P.BAKING, P.PAUSED, P.PROMOTING, P.ROLLING_BACK, P.PREPARING, P.IDLE, P.INVALID}
    ),
    P.WAITING: frozenset(
        {P.PROGRESSING, P.BAKING, P.PAUSED, P.PROMOTING, P.ROLLING_BACK, P.PREPARING, P.IDLE, P.INVALID}
    ),
    P.BAKING: frozenset(
        {P.PROGRESSING, P.WAITING, P.PAUSED, P.PROMOTING, P.ROLLING_BACK, P.PREPARING, P.IDLE, P.INVALID}
    ),
    P.PAUSED: frozenset(
        {P.PREPARING, P.PROGRESSING, P.WAITING, P.BAKING, P.PROMOTING, P.ROLLING_BACK, P.IDLE, P.INVALID}
    ),
    P.PROMOTING: frozenset(
        {P.PROGRESSING, P.WAITING, P.BAKING, P.IDLE, P.PAUSED, P.ROLLING_BACK, P.PREPARING, P.INVALID}
    ),
    P.ROLLING_BACK: frozenset({P.FAILED, P.PREPARING, P.IDLE, P.INVALID}),
    P.FAILED: frozenset({P.PREPARING, P.ROLLING_BACK, P.IDLE, P.INVALID}),
    P.INVALID: frozenset(Phase) - {P.INVALID},
}

TRANSITIONS: dict[Phase, frozenset[Phase]] = {
    **{phase: following | {P.HANDING_BACK} for phase, following in _MOVES.items()},
    P.HANDING_BACK: frozenset(),
}
"""Every transition that a pass may make; staying is always possible. One outside this table is a bug.

A Release can be deleted in any phase, and nobody can take that back.
"""
