"""The account while it grows."""

from __future__ import annotations

import io
import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.sandbox.load.account import BUCKETS_MS, Account
from controller.sandbox.load.ledger import RING, Ledger

FEW = settings(max_examples=40)  # keeps each run short

ANSWERS = st.tuples(
    st.sampled_from("ab"), st.sampled_from(["", "v1", "v2"]), st.sampled_from([0, 200, 503]), st.floats(0, 4000)
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def answer(ledger: Ledger, group: str, version: str, code: int, seconds: float = 0.1) -> None:
    ledger.sent(group, 0.0)
    ledger.answered(group, version, code, "", seconds)


@FEW
@given(st.lists(ANSWERS, max_size=40), st.integers(0, 40))
def test_counts_are_exact_in_all_and_since_a_mark(answers: list[tuple[str, str, int, float]], at: int) -> None:
    ledger, mark = Ledger(Clock()), 0
    for number, (group, version, code, seconds) in enumerate(answers):
        if number == at:
            mark = ledger.mark()
        answer(ledger, group, version, code, seconds)
    for account, part in ((ledger.account(), answers), (ledger.account(mark), answers[at:] if mark else answers)):
        counted = {(tally.group, tally.version, tally.code): tally.count for tally in account.tallies}
        assert counted == Counter(one[:3] for one in part)
        assert sum(tally.seconds for tally in account.tallies) == pytest.approx(sum(one[3] for one in part))
        assert account.count() == sum(sum(tally.buckets) for tally in account.tallies) == len(part)
        assert len(account.failures) == sum(not version or code == 0 for _, version, code, _ in part)
        assert account.lost_failures == 0
        assert Account.from_json(json.loads(json.dumps(account.to_json()))) == account


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.0, 0), (0.0005, 0), (0.00051, 1), (0.1, 6), (3600.0, 18), (3601.0, 19)]
)
def test_bounds_of_buckets_are_inclusive(seconds: float, bucket: int) -> None:
    ledger = Ledger(Clock())
    answer(ledger, "a", "v1", 200, seconds)
    assert ledger.account().tallies[0].buckets[bucket] == 1
    assert len(ledger.account().tallies[0].buckets) == len(BUCKETS_MS) + 1


def test_first_and_last_times_are_those_since_the_mark() -> None:
    ledger = Ledger(Clock())
    for _ in range(3):
        answer(ledger, "a", "v1", 200)
    mark = ledger.mark()
    for _ in range(2):
        answer(ledger, "a", "v1", 200)
    whole, part = ledger.account().tallies[0], ledger.account(mark).tallies[0]
    assert (whole.count, part.count) == (5, 2)
    assert whole.first < whole.first + 2 < part.first
    assert whole.last == part.last == part.first + 1


def test_what_is_sent_is_answered_or_outstanding() -> None:
    ledger = Ledger(Clock())
    for _ in range(3):
        ledger.sent("a", 0.25)
    ledger.sent("b", 0.5)
    ledger.skipped("a", 7)
    ledger.retried("a")
    ledger.answered("a", "v1", 200, "", 0.1)
    traffic = ledger.account().traffic
    assert (traffic["a"].sent, traffic["a"].skipped, traffic["a"].retried) == (3, 7, 1)
    assert (traffic["a"].outstanding, traffic["a"].late, ledger.outstanding) == (2, 0.25, 3)
    mark = ledger.mark()
    assert ledger.account(mark).traffic["a"].outstanding == 2, "what waits now is there whatever the mark"
    assert ledger.account(mark).traffic["a"].sent == 0


def test_the_ring_keeps_the_last_failures_and_says_how_many_it_lost() -> None:
    ledger = Ledger(Clock())
    answer(ledger, "a", "", 404)
    mark = ledger.mark()
    for _ in range(RING + 5):
        answer(ledger, "a", "v1", 0)
    account = ledger.account(mark)
    assert len(account.failures) == RING
    assert account.failures[-1].number == RING + 6
    assert account.lost_failures == 5
    assert ledger.account().lost_failures == 6


def test_the_record_has_every_answer() -> None:
    record = io.StringIO()
    ledger = Ledger(Clock(), record)
    answer(ledger, "a", "v1", 200, 0.5)
    answer(ledger, "a", "", 0, 1.5)
    ledger.flush()
    lines = [json.loads(line) for line in record.getvalue().splitlines()]
    assert [(line["group"], line["version"], line["code"], line["seconds"]) for line in lines] == [
        ("a", "v1", 200, 0.5),
        ("a", "", 0, 1.5),
    ]


def test_questions_to_an_account() -> None:
    ledger = Ledger(Clock())
    for group, version, code in [("a", "v1", 200), ("a", "v2", 200), ("a", "v2", 500), ("b", "v1", 200), ("b", "", 0)]:
        answer(ledger, group, version, code)
    account = ledger.account()
    assert account.count(version="v2") == 2
    assert account.count(group="b", code=0) == 1
    assert account.versions() == {"v1": 2, "v2": 2, "": 1}
    assert account.codes(group="a") == {200: 2, 500: 1}


@pytest.mark.parametrize("mark", [-1, 1, 99])
def test_a_mark_that_was_never_made(mark: int) -> None:
    with pytest.raises(IndexError):
        Ledger(Clock()).account(mark)
