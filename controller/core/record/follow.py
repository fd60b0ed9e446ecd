"""follow(records so far, status before, status after, events, now) -> the records that changed. Pure.

A record knows its position: what its entries lead up to. Where the status that a pass began with says more than that,
whoever decided it died before writing it down: it is added first, marked late. Then comes what the pass itself changed.
A pass that the record tells of already (``until``) adds nothing, so that a write whose answer was lost can be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from controller.core.decide.model import Event
from controller.core.record.model import SENTENCE, Entry, EntryKind, Outcome, Position, Record, Version, cut, told
from controller.core.record.thin import thin
from controller.core.record.words import span, summary
from controller.core.status import GateStatus, Phase, Status, Truth, Verdict

OVER = frozenset({Phase.IDLE, Phase.FAILED})
"""Phases in which no release is in progress."""

_TOLD_ELSE = frozenset({"Command", "Step"})  # events that have an entry of another kind


def relevant(before: Status, after: Status, events: Sequence[Event]) -> bool:
    """Whether a pass has anything for a record."""
    return bool(events) or before.release != after.release or Position.of(before) != Position.of(after)


def follow(
    known: Mapping[int, Record], before: Status, after: Status, events: Sequence[Event], now: float
) -> tuple[Record, ...]:
    """The records, by their numbers in ``known``, that are other ones after a pass; new ones among them.

    ``before`` and ``after`` are the status that the pass decided on, and what it decided.
    """
    changed = [
        _left(record, before, after, now)
        for number, record in sorted(known.items())
        if number != after.release and record.ended is None
    ]
    record = known.get(after.release)
    if record is None:
        under_way = after.phase not in OVER | {Phase.INVALID} and after.candidate and not after.returning
        if after.release == 0 or not (under_way or before.release != after.release):
            return tuple(changed)
    updated = _updated(record or _begun(before, after, now), before, after, events, now)
    return (*changed, updated) if updated != record else tuple(changed)


def _begun(before: Status, after: Status, now: float) -> Record:
    """A record from its beginning; where that was missed, from what the status still tells of it."""
    started = now
    if before.release == after.release:
        reconciling = before.condition("Reconciling")  # True since the release began
        since = reconciling.since if reconciling and reconciling.status is Truth.TRUE else before.phase_since
        started = now if since is None else since
    told_before = Position.of(before).command_at
    position = Position(command_at=told_before if told_before is not None and told_before < started else None)
    candidate = _version(after, "candidate") or Version("")
    return Record(after.release, candidate, _version(after, "stable"), round(started, 3), position=position)


def _version(status: Status, which: str) -> Version | None:
    revision = status.stable if which == "stable" else status.candidate
    return Version(revision.name, revision.images) if revision else None


def _updated(record: Record, before: Status, after: Status, events: Sequence[Event], now: float) -> Record:
    if now <= record.until:
        return record
    following = record
    if before.release == record.number:
        missed = tuple(_entries(record.position, before, (), now, late=True))
        following = _moved(record, missed, before, now)
        following = _counted(following, before, after)
    left = before if before.release == record.number else None
    entries = tuple(_entries(following.position, after, events, now, left=left))
    following = _moved(following, entries, after, now)
    if following.entries == record.entries and following.outcome is record.outcome:
        return record  # numbers alone
    return thin(replace(following, until=round(now, 3)))


def _moved(record: Record, entries: tuple[Entry, ...], status: Status, now: float) -> Record:
    """The record at another position, which may be its end."""
    moved = replace(record, entries=(*record.entries, *entries), position=Position.of(status))
    if record.ended is None:
        moved = replace(moved, reason=status.failed_reason or moved.reason)
        return _ended(moved, status, now) if status.phase in OVER else moved
    if record.outcome is Outcome.PROMOTED and _taken_out(record, status):
        text = cut(f"{record.summary}; afterwards {status.failed_message}", SENTENCE)
        return replace(moved, outcome=Outcome.ROLLED_BACK, reason=status.failed_reason, summary=text)
    return moved


def _taken_out(record: Record, status: Status) -> bool:
    """Whether what was promoted goes back to what was before, by a person's word."""
    return status.phase in (Phase.ROLLING_BACK, Phase.FAILED) and status.failed_name == record.candidate.revision


def _counted(record: Record, before: Status, after: Status) -> Record:
    """With the requests of a step that was left; each step counts its own."""
    left = before.step
    if record.ended is not None or left is None or left.measured is None:
        return record
    if after.release == before.release and after.step is not None and after.step.index == left.index:
        return record
    return replace(
        record,
        requests=record.requests + left.measured.total,
        candidate_requests=record.candidate_requests + left.measured.candidate,
    )


def _ended(record: Record, status: Status, now: float) -> Record:
    """Over, as the status says that it is."""
    why = ""
    if status.phase is Phase.FAILED or record.reason:
        outcome, why = Outcome.ROLLED_BACK, _why(record, status)
    elif status.stable is None or status.stable.name != record.candidate.revision:
        outcome = Outcome.REVERTED
    else:
        outcome = Outcome.PROMOTED if record.stable else Outcome.ADOPTED
    ended = now if status.phase_since is None else status.phase_since
    return _closed(record, outcome, ended, why)


def _left(record: Record, before: Status, after: Status, now: float) -> Record:
    """A release that another one followed: as it ended, or superseded."""
    if record.number == before.release and before.phase in OVER:
        return thin(_ended(record, before, now))  # that it ended was not written down
    if record.number == before.release:
        record = _counted(record, before, after)
    if record.reason:
        return thin(_closed(record, Outcome.ROLLED_BACK, now, _why(record, before)))
    by = f"by {_version(after, 'candidate')}" if after.candidate else ""
    return thin(_closed(record, Outcome.SUPERSEDED, now, by))


def _why(record: Record, status: Status) -> str:
    """Why it was rolled back, without the name that the sentence begins with."""
    return status.failed_message.removeprefix(f"{record.candidate.revision}: ")


def _closed(record: Record, outcome: Outcome, ended: float, why: str) -> Record:
    over = replace(record, outcome=outcome, ended=max(round(ended, 3), record.started))
    return replace(over, summary=summary(over, why))


def _entries(
    was: Position,
    status: Status,
    events: Sequence[Event],
    now: float,
    *,
    late: bool = False,
    left: Status | None = None,
) -> Iterator[Entry]:
    """What the status says and the position does not, in the order in which one leads to the next."""
    found, handled = Position.of(status), status.handled
    if handled is not None and found.command_at != was.command_at:
        at = now if handled.at is None else handled.at
        yield Entry.of(at, EntryKind.COMMAND, handled.name, handled.reason, by=handled.by, late=late)
    yield from _verdicts(was, status, now, late)
    yield from _conditions(was, status, now, late)
    yield from (
        Entry.of(now, EntryKind.EVENT, event.reason, event.message)
        for event in events
        if event.reason not in _TOLD_ELSE
    )
    if found.phase is not was.phase:
        at = now if status.phase_since is None else status.phase_since
        yield Entry.of(at, EntryKind.PHASE, status.phase, status.message, late=late)
    yield from _steps(was, status, now, late, left)


def _verdicts(was: Position, status: Status, now: float, late: bool) -> Iterator[Entry]:
    known = {gate.name: gate.verdict for gate in was.gates}
    moved = was.step != (status.step.index if status.step else None)
    for gate in status.gates:
        if gate.verdict is known.get(gate.name, Verdict.INCONCLUSIVE):
            continue
        if moved and gate.verdict is Verdict.INCONCLUSIVE:
            continue  # at a new step every gate begins anew
        text = _verdict(gate)
        yield Entry.of(now, EntryKind.VERDICT, gate.name, text, value=gate.value, sample=gate.sample, late=late)


def _verdict(gate: GateStatus) -> str:
    limits = f" ({gate.limits})" if gate.limits else ""
    return f"{gate.verdict}{limits}: {gate.reason}" if gate.reason else f"{gate.verdict}{limits}"


def _conditions(was: Position, status: Status, now: float, late: bool) -> Iterator[Entry]:
    known = {one.type: one.status for one in was.conditions}
    for one in told(status):
        if one.status is not known.get(one.type, Truth.FALSE):
            at, text = now if one.since is None else one.since, f"{one.status}: {one.message or one.reason}"
            yield Entry.of(at, EntryKind.CONDITION, one.type, text, late=late)


def _steps(was: Position, status: Status, now: float, late: bool, left: Status | None) -> Iterator[Entry]:
    step = status.step
    if step is None:
        return
    name = f"{min(step.index + 1, step.count)}/{step.count}"
    if step.index != was.step:
        at = now if step.started is None else step.started
        yield Entry.of(at, EntryKind.STEP, name, f"{step.label}{_left_behind(left, at)}", late=late)
    if step.in_effect_since is not None and not was.in_effect:
        yield Entry.of(step.in_effect_since, EntryKind.STEP, name, f"{step.label} is in effect", late=late)


def _left_behind(before: Status | None, now: float) -> str:
    """What the step before came to."""
    step = before.step if before else None
    if step is None or step.started is None:
        return ""
    text = f", after {span(now - step.started)} at {step.label}"
    if step.measured and step.measured.total:
        text += f" ({100 * step.measured.share:.3g}% of {step.measured.total:,} requests)"
    return text
