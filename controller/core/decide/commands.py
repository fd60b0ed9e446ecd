"""A person's word: handled exactly once, or answered with an event that says why it makes no sense now."""

from __future__ import annotations

from dataclasses import replace

from controller.core.decide.change import Move, enter, roll_back, start, template_of
from controller.core.decide.model import Event, Observed
from controller.core.decide.phases import IN_PROGRESS, STEPPING
from controller.core.decide.rollback import rollback_move
from controller.core.plan import plan
from controller.core.release import Command, CommandName, Release
from controller.core.status import Approval, HandledCommand, Phase, Status

_HOMEWARD = frozenset({CommandName.ABORT, CommandName.REJECT})
"""Commands that are followed whatever is wrong with spec or objects."""


def pending(status: Status, command: Command | None) -> Command | None:
    """The command that is to be handled now; None when there is none, or it was handled and still stands there."""
    handled = status.handled
    if command is None:
        return None
    same = handled is not None and (handled.name, handled.by, handled.reason) == (
        command.name,
        command.by,
        command.reason,
    )
    return None if same and handled is not None and not handled.cleared else command


def noted(status: Status, observed: Observed) -> Status:
    """Once a handled command was seen absent, the same words count again."""
    if observed.command is None and status.handled is not None and not status.handled.cleared:
        return replace(status, handled=replace(status.handled, cleared=True))
    return status


def command_move(release: Release, status: Status, observed: Observed) -> Move | None:
    """What the pending command does; None without one."""
    command = pending(status, observed.command)
    if command is None:
        return None
    now = observed.now
    handled = HandledCommand(command.name, command.by, command.reason, now)
    status = replace(status, handled=handled)
    move = _apply(release, status, observed, command)
    if isinstance(move, str):
        ignored = replace(status, handled=replace(handled, ignored=move))
        return Move(ignored, (Event("CommandIgnored", f"{_who(command)}: {move}", warning=True),))
    return Move(move.status, (Event("Command", _who(command)), *move.events))


def _apply(release: Release, status: Status, observed: Observed, command: Command) -> Move | str:
    """The command's move, or one clause that says why it makes no sense now."""
    now = observed.now
    name = command.known
    busy = status.phase in IN_PROGRESS and status.candidate is not None
    if name is None:
        return f"there is no such command; there are {', '.join(CommandName)}"
    if observed.blind:
        return "the spec cannot be followed and the one before it is not known; mend the spec first"
    if observed.problems and name not in _HOMEWARD:
        problems = "; ".join(observed.problems)
        held = "the release is held, and only abort brings it home" if busy else "nothing can begin now"
        return f"{held}; first mend this: {problems}"
    if name is CommandName.RETRY:
        return _retry(release, status, observed)
    if name is CommandName.ROLLBACK:
        return rollback_move(release, status, observed, command)
    if not busy:
        return "there is no release in progress"
    if status.returning and name is not CommandName.ABORT:
        return "the previous revision is being brought up; say abort to leave everything as it is"
    if status.stable is None and not (name is CommandName.ABORT and status.phase is Phase.PREPARING):
        return "the Deployment is being adopted, which is no release; delete the Release to have it back"
    return _in_progress(release, status, command, name, now)


def _retry(release: Release, status: Status, observed: Observed) -> Move | str:
    if status.phase is not Phase.FAILED:
        return "only a failed release can be tried again"
    if status.stable and template_of(observed).revision == status.stable.name:
        return "the Deployment is what stable is already"
    return start(release, status, template_of(observed), observed.now)


def _in_progress(release: Release, status: Status, command: Command, name: CommandName, now: float) -> Move | str:
    match name:
        case CommandName.ABORT:
            why = f": {command.reason}" if command.reason else ""
            return roll_back(status, "Aborted", f"aborted by {command.by or 'somebody'}{why}", now)
        case CommandName.PAUSE:
            return Move(enter(replace(status, paused=True), Phase.PAUSED, now))
        case CommandName.RESUME:
            if not status.paused:
                return "it is not paused by a command" + ("; set spec.paused to false" if release.paused else "")
            return Move(replace(status, paused=False))
        case CommandName.PROMOTE | CommandName.PROMOTE_FULL:
            return _promote(release, status, now, full=name is CommandName.PROMOTE_FULL)
        case CommandName.APPROVE | CommandName.REJECT:
            return _answer(release, status, command, now)
    raise AssertionError(name)


def _promote(release: Release, status: Status, now: float, *, full: bool) -> Move | str:
    step, end = status.step, len(plan(release))
    if step is None or status.phase not in STEPPING:
        return "it is at no step that could be passed" if status.stable else "the first revision needs no promotion"
    if step.target >= end:
        return "it is on its way to 100% already"
    target = end if full else max(step.target, step.index + 1)
    timers = replace(status.timers, progress_since=now)
    ahead = replace(status, step=replace(step, target=target), timers=timers, paused=False)
    phase = Phase.PROMOTING if target >= end else Phase.PROGRESSING
    return Move(enter(ahead, phase, now))


def _answer(release: Release, status: Status, command: Command, now: float) -> Move | str:
    step, steps = status.step, plan(release)
    if step is None or step.index >= len(steps) or steps[step.index].approval is None:
        return "no step waits for an approval"
    if command.known is CommandName.REJECT:
        why = f": {command.reason}" if command.reason else ""
        return roll_back(status, "Rejected", f"rejected by {command.by or 'somebody'}{why}", now)
    approval = Approval(step.index, command.by, command.reason, now)
    return Move(replace(status, approvals=(*status.approvals, approval)))


def _who(command: Command) -> str:
    reason = f" ({command.reason})" if command.reason else ""
    return f"{command.name} by {command.by or 'somebody unnamed'}{reason}"
