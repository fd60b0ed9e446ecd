"""What a record is told by a pass, and what it tells of a release."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from controller.core.decide.model import Event
from controller.core.record import EntryKind, Outcome, Record, Version, follow, relevant
from controller.core.status import (
    Condition,
    GateStatus,
    HandledCommand,
    Measured,
    Phase,
    Revision,
    Status,
    StepStatus,
    Truth,
    Verdict,
)

NOW = 1_800_000_000.0
OLD, NEW = Revision("old", images=("x:1",)), Revision("new", images=("x:2", "side:2"))
IDLE = Status(phase=Phase.IDLE, phase_since=NOW - 500, release=6, stable=OLD)
BEGUN = replace(IDLE, phase=Phase.PREPARING, phase_since=NOW, release=7, candidate=NEW, message="bringing up new")
FIRST = StepStatus(0, 2, "10%", started=NOW + 10)
AT_STEP = replace(BEGUN, phase=Phase.PROGRESSING, phase_since=NOW + 10, step=FIRST, message="new at 10%")
GATE = GateStatus("errors", 0.25, "<= 0.1", 120, Verdict.FAIL, "too many")
HOME = replace(
    AT_STEP,
    phase=Phase.ROLLING_BACK,
    phase_since=NOW + 60,
    gates=(GATE,),
    failed_reason="GateFailed",
    failed_message="new: gate errors: too many",
)
FAILED = replace(HOME, phase=Phase.FAILED, phase_since=NOW + 70, candidate=None, step=None)
DONE = replace(BEGUN, phase=Phase.IDLE, phase_since=NOW + 100, stable=NEW, candidate=None)


def told(
    *passes: tuple[Status, Status, tuple[Event, ...]], known: dict[int, Record] | None = None, start: float = 0.0
) -> dict[int, Record]:
    """The records after these passes, each five seconds after the one before, from 0 or from ``start``."""
    records = dict(known or {})
    for number, (before, after, events) in enumerate(passes):
        records |= {one.number: one for one in follow(records, before, after, events, NOW + start + 5 * number)}
    return records


def line(record: Record) -> list[tuple[str, str]]:
    return [(str(entry.kind), entry.name) for entry in record.entries]


def test_a_release_begins() -> None:
    record = told((IDLE, BEGUN, (Event("Started", "release 7"),)))[7]
    assert record.candidate == Version("new", ("x:2", "side:2"))
    assert record.stable == Version("old", ("x:1",))
    assert (record.started, record.ended, record.outcome, record.summary) == (NOW, None, Outcome.IN_PROGRESS, "")
    assert line(record) == [("Event", "Started"), ("Phase", "Preparing")]
    assert record.entries[1].text == "bringing up new"


def test_a_promoted_release_says_how_long_it_took_and_on_how_many_requests_it_rests() -> None:
    split = replace(AT_STEP, step=replace(FIRST, in_effect_since=NOW + 12, measured=Measured(120, 1200)))
    second = replace(split, step=StepStatus(1, 2, "50%", started=NOW + 70))
    counted = replace(second, step=replace(second.step or FIRST, measured=Measured(600, 1200)))
    end = (DONE, (Event("Promoted", "new gets all requests"),))
    record = told((IDLE, BEGUN, ()), (BEGUN, AT_STEP, ()), (AT_STEP, split, ()), (split, second, ()), (counted, *end))[
        7
    ]
    assert (record.outcome, record.ended, record.requests, record.candidate_requests) == (
        *(Outcome.PROMOTED, NOW + 100),
        *(2400, 720),
    )
    assert record.summary == (
        "new (x:2, side:2) was promoted in place of old (x:1) after 1m40s; "
        "2,400 requests were judged, 720 of them at new"
    )
    steps = [entry.text for entry in record.entries if entry.kind is EntryKind.STEP]
    assert steps == ["10%", "10% is in effect", "50%, after 1m at 10% (10% of 1,200 requests)"]


def test_a_rollback_is_told_with_its_numbers_and_its_reason() -> None:
    home = (AT_STEP, HOME, (Event("RolledBack", "new: gate errors", warning=True),))
    record = told((IDLE, BEGUN, ()), (BEGUN, AT_STEP, ()), home, (HOME, FAILED, ()))[7]
    assert line(record)[-4:] == [
        ("Verdict", "errors"),
        ("Event", "RolledBack"),
        ("Phase", "RollingBack"),
        ("Phase", "Failed"),
    ]
    verdict = record.entries[-4]
    assert (verdict.value, verdict.sample, verdict.text) == (0.25, 120, "fail (<= 0.1): too many")
    assert (record.outcome, record.reason) == (Outcome.ROLLED_BACK, "GateFailed")
    assert record.summary == "new (x:2, side:2) was rolled back after 1m10s: gate errors: too many"


@pytest.mark.parametrize(
    ("end", "outcome", "words"),
    [
        (replace(BEGUN, phase=Phase.IDLE, candidate=None), Outcome.REVERTED, "the Deployment is what stable is again"),
        (replace(BEGUN, release=8, candidate=Revision("newer")), Outcome.SUPERSEDED, "another version .*: by newer"),
        (replace(FAILED, stable=None), Outcome.ROLLED_BACK, "gate errors: too many"),
        (
            replace(HOME, release=8, candidate=Revision("newer"), failed_reason=""),
            Outcome.SUPERSEDED,
            "another version",
        ),
    ],
)
def test_other_ends(end: Status, outcome: Outcome, words: str) -> None:
    record = told((IDLE, BEGUN, ()), (BEGUN, end, ()))[7]
    assert record.outcome is outcome
    assert record.ended is not None
    assert re.search(words, record.summary)


def test_a_rollback_that_another_version_follows_stays_a_rollback() -> None:
    next_one = replace(BEGUN, release=8, candidate=Revision("newer"))
    records = told((IDLE, BEGUN, ()), (BEGUN, HOME, ()), (HOME, next_one, (Event("Started", "release 8"),)))
    assert records[7].outcome is Outcome.ROLLED_BACK
    assert records[8].outcome is Outcome.IN_PROGRESS
    assert line(records[8])[0] == ("Event", "Started")


def test_the_adoption_is_release_1() -> None:
    nothing = Status()
    first = Status(phase=Phase.PREPARING, phase_since=NOW, release=1, candidate=NEW)
    served = Status(phase=Phase.IDLE, phase_since=NOW + 30, release=1, stable=NEW)
    record = told((nothing, first, ()), (first, served, ()))[1]
    assert (record.outcome, record.stable) == (Outcome.ADOPTED, None)
    assert record.summary == "the Deployment was adopted as revision new (x:2, side:2) in 30s"


def test_a_person_is_named_once() -> None:
    handled = HandledCommand("pause", "eve", "lunch", NOW + 20.0004)
    paused = replace(AT_STEP, phase=Phase.PAUSED, paused=True, handled=handled)
    events = (Event("Command", "pause by eve (lunch)"),)
    seen = replace(paused, handled=replace(handled, at=NOW + 20.0, cleared=True))  # as the wire rounds it
    record = told((IDLE, AT_STEP, ()), (AT_STEP, paused, events), (seen, seen, ()))[7]
    (command,) = [entry for entry in record.entries if entry.kind is EntryKind.COMMAND]
    assert (command.name, command.by, command.text, command.at) == ("pause", "eve", "lunch", NOW + 20)
    assert ("Event", "Command") not in line(record)


def test_a_verdict_counts_when_it_changes_and_a_new_step_begins_anew() -> None:
    passed = replace(AT_STEP, gates=(replace(GATE, verdict=Verdict.PASS),))
    same = replace(AT_STEP, gates=(replace(GATE, verdict=Verdict.PASS, value=0.01, sample=999),))
    unsure = replace(AT_STEP, gates=(replace(GATE, verdict=Verdict.INCONCLUSIVE, reason="no look"),))
    onward = replace(unsure, step=replace(FIRST, index=1))
    path = [(BEGUN, AT_STEP), (AT_STEP, passed), (passed, same), (same, unsure), (unsure, passed), (passed, onward)]
    record = told((IDLE, BEGUN, ()), *((before, after, ()) for before, after in path))[7]
    verdicts = [entry.text.split()[0] for entry in record.entries if entry.kind is EntryKind.VERDICT]
    assert verdicts == ["pass", "inconclusive", "pass"]
    assert not relevant(passed, same, ())


def test_conditions_of_our_own_are_followed() -> None:
    drift = Condition("Drift", Truth.TRUE, "Changed", "weights were changed by eve", NOW + 33)
    over = replace(drift, status=Truth.FALSE, message="", reason="AsWritten", since=NOW + 44)
    ready = Condition("Ready", Truth.FALSE, "Progressing", "", NOW)
    drifted = replace(AT_STEP, conditions=(ready, drift))
    settled = replace(AT_STEP, conditions=(ready, over))
    record = told((IDLE, AT_STEP, ()), (AT_STEP, drifted, ()), (drifted, drifted, ()), (drifted, settled, ()))[7]
    found = [(entry.name, entry.text, entry.at - NOW) for entry in record.entries if entry.kind is EntryKind.CONDITION]
    assert found == [("Drift", "True: weights were changed by eve", 33), ("Drift", "False: AsWritten", 44)]


def test_what_was_decided_but_not_written_down_is_found_and_marked() -> None:
    """The controller died after a status write: the next one sees only where the status stands."""
    known = told((IDLE, BEGUN, (Event("Started", "release 7"),)))
    record = told((HOME, FAILED, ()), known=known, start=100)[7]
    added = record.entries[2:]
    assert [(str(entry.kind), entry.name, entry.late) for entry in added] == [
        ("Verdict", "errors", True),
        ("Phase", "RollingBack", True),
        ("Step", "1/2", True),
        ("Phase", "Failed", False),
    ]
    assert record.outcome is Outcome.ROLLED_BACK


@pytest.mark.parametrize("status", [AT_STEP, HOME, FAILED, DONE])
def test_the_same_status_adds_nothing(status: Status) -> None:
    known = told((IDLE, BEGUN, ()), (BEGUN, status, (Event("Anything", "at all"),)))
    assert told((status, status, ()), known=known, start=100) == known


def test_a_pass_that_was_written_down_already_adds_nothing() -> None:
    """The answer to a write was lost, and it is made again on what it had written."""
    passed = [(IDLE, BEGUN, (Event("Odd", "once"),)), (BEGUN, AT_STEP, ()), (AT_STEP, HOME, (Event("Odd", "twice"),))]
    known = told(*passed)
    assert told(*passed, known=known) == known


def test_an_end_that_nobody_wrote_down_is_found_when_the_release_idles_or_the_next_one_begins() -> None:
    known = told((IDLE, BEGUN, ()), (BEGUN, AT_STEP, ()))
    for after in (DONE, replace(DONE, phase=Phase.PREPARING, release=8, candidate=Revision("newer"))):
        record = told((DONE, after, ()), known=known, start=100)[7]
        assert (record.outcome, record.ended) == (Outcome.PROMOTED, NOW + 100)


def test_a_record_that_is_missing_begins_where_the_release_is() -> None:
    reconciling = Condition("Reconciling", Truth.TRUE, "Progressing", since=NOW - 200)
    status = replace(AT_STEP, conditions=(reconciling,))
    record = told((status, status, (Event("Odd", "x"),)))[7]
    assert record.started == NOW - 200
    assert all(entry.late for entry in record.entries if entry.kind is not EntryKind.EVENT)


@pytest.mark.parametrize("status", [IDLE, FAILED, replace(IDLE, release=0), replace(IDLE, phase=Phase.INVALID)])
def test_a_release_that_ended_before_there_were_records_gets_none(status: Status) -> None:
    assert told((status, status, (Event("Odd", "x"),))) == {}


def test_what_was_promoted_can_be_rolled_back_afterwards() -> None:
    known = told((IDLE, BEGUN, ()), (BEGUN, DONE, ()))
    said = HandledCommand("rollback", "eve", "slow", NOW + 300)
    returning = replace(DONE, phase=Phase.PREPARING, phase_since=NOW + 300, candidate=OLD, previous=OLD, handled=said)
    home = replace(
        returning,
        phase=Phase.ROLLING_BACK,
        stable=OLD,
        candidate=NEW,
        previous=None,
        failed_name="new",
        failed_reason="RolledBackByCommand",
        failed_message="new (x:2) is taken out by eve, back to old (x:1): slow",
    )
    record = told((DONE, returning, ()), (returning, home, ()), known=known, start=300)[7]
    assert (record.outcome, record.reason, record.ended) == (Outcome.ROLLED_BACK, home.failed_reason, known[7].ended)
    assert record.summary.endswith("after 1m40s; afterwards new (x:2) is taken out by eve, back to old (x:1): slow")
    assert told((DONE, returning, ())) == {}, "one that ended before there were records gets none"


def test_what_comes_after_the_end_is_added_and_changes_nothing_else() -> None:
    known = told((IDLE, BEGUN, ()), (BEGUN, DONE, ()))
    handled = HandledCommand("rollback", "eve", "", NOW + 300)
    later = replace(DONE, handled=handled)
    record = told((DONE, later, (Event("CommandIgnored", "there is no previous revision"),)), known=known, start=300)[7]
    assert line(record)[-2:] == [("Command", "rollback"), ("Event", "CommandIgnored")]
    assert replace(record, entries=known[7].entries, position=known[7].position, until=known[7].until) == known[7]


def test_a_command_of_an_earlier_release_is_not_told_again() -> None:
    handled = HandledCommand("abort", "eve", "", NOW - 100)
    before, after = replace(IDLE, handled=handled), replace(BEGUN, handled=handled)
    assert line(told((before, after, ()))[7]) == [("Phase", "Preparing")]
