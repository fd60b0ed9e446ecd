"""A release with a problem: the spec, the template or the route objects cannot be followed as they stand.

A release in progress is *held* by a problem, whatever its kind: no weight goes up and no pod goes down, its clocks do
not count. It keeps the place that it had (:mod:`standing`), its phase reads Invalid meanwhile. What stays possible
are the ways home, in every pass and with the spec that was accepted last:

    harm          looks go on as long as the mesh gives any, and what they find rolls back
    a person      ``abort``, and ``reject`` where an approval is waited for; any other command is answered
    the template  stable's again, or a newer one: the candidate is taken out; the newer one begins once all is mended
    an edit       that names other route objects: all requests go home over the former ones, then it is followed

What is written while a problem stands (``Reach`` in core/wanted.py):

    the spec is refused       on the way home the routes, as always: the accepted spec says which they are
    the template is missing   the same; new pods only for revisions that exist
    or cannot be released
    the routes cannot be used on the way home each destination that surely names a revision of ours other than stable
                              becomes stable's, with its weight; other hosts' destinations keep theirs. What a foreign
                              destination gets stays there, a route whose destinations name no revision is left alone
                              unless it is clear that it is the Release's, and no object is created

In each of them stable and whoever still gets requests are brought back to their number of pods. Once nothing is wrong
any more the release goes on where it was, its step from the beginning: seconds under a problem are no evidence.

Nothing of this is possible where the spec is refused and no accepted one is known (a status without it): then nothing
is touched, and commands are answered with that.
"""

from __future__ import annotations

from dataclasses import replace

from controller.core.decide.change import Move
from controller.core.decide.edits import edit_move, moves_objects
from controller.core.decide.model import Event, Observed
from controller.core.decide.moves import home, template_move
from controller.core.decide.phases import IN_PROGRESS
from controller.core.decide.standing import standing
from controller.core.release import Release
from controller.core.status import Phase, Status


def unmasked(release: Release, status: Status, observed: Observed) -> Status:
    """The status in the phase that it stands in. Once mended, a release goes on with its clocks at their beginning."""
    if status.phase is not Phase.INVALID:
        return status
    phase = standing(release, status)
    if observed.problems:
        return replace(status, phase=phase)
    step = status.step and replace(status.step, routed_since=None, in_effect_since=None)
    timers = status.timers
    if status.candidate is not None and timers.progress_since is not None:
        timers = replace(timers, progress_since=observed.now)
    return replace(status, phase=phase, phase_since=observed.now, step=step, timers=timers)


def homeward_move(release: Release, status: Status, observed: Observed) -> Move | None:
    """What a held release still does by itself, beside harm and commands: everything that leads home."""
    if status.phase is Phase.ROLLING_BACK:
        return home(release, status, observed)
    template, move = observed.workload.template, None
    if status.stable is None or status.phase not in IN_PROGRESS:
        return None
    if template is not None and not template.problem:
        move = template_move(release, status, observed)
    if move is None and observed.edited is not None and moves_objects(release, observed.edited):
        move = edit_move(release, status, observed)
    return move


def masked(before: Status, status: Status, observed: Observed) -> tuple[Status, tuple[Event, ...]]:
    """The status as it is written while there is a problem: Invalid, unless all requests are being brought home."""
    if status.phase is Phase.ROLLING_BACK:
        return status, ()
    since = before.phase_since if before.phase is Phase.INVALID else observed.now
    held = replace(status, phase=Phase.INVALID, phase_since=since)
    if before.phase is Phase.INVALID:
        return held, ()
    return held, (Event("Invalid", "; ".join(observed.problems), warning=True),)
