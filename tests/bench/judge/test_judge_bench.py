"""The bench measures what it says, repeats itself, and fails when a limit is missed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from bench.judge import __main__ as program
from bench.judge.cells import Cell, at_most, found, rolled_back, table
from bench.judge.cost import answers, cost_of_a_look
from bench.judge.errors import LOOK, RAMP, STEP, Errors
from bench.judge.latency import Latency
from bench.judge.run import outcomes
from bench.judge.threshold import FixedThreshold
from controller.core.observed import Counts, Look
from controller.simulate.latency import BUCKETS


def run(monkeypatch: pytest.MonkeyPatch, cells: list[Cell], *options: str) -> int:
    monkeypatch.setattr(program, "table", lambda: cells)
    monkeypatch.setattr("sys.argv", ["judge", "--releases", "4", "--workers", "1", *options])
    return program.main()


def test_a_limit_that_is_kept_is_success_and_one_that_is_missed_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = Errors(100, absolute=0.5)
    assert run(monkeypatch, [Cell("worse", "bad", bad, found(0.99))], "--only", "worse") == 0
    assert "every limit is kept" in capsys.readouterr().out
    assert run(monkeypatch, [Cell("healthy", "bad", bad, at_most(0.01))], "--only", "healthy") == 1
    printed = capsys.readouterr().out
    assert "MISSED" in printed
    assert "2 limits missed" in printed


def test_the_same_seed_gives_the_same_release() -> None:
    cell = Cell("worse", "some", Errors(100, absolute=0.05), found(0.99))
    assert outcomes(cell, 3, 5) == outcomes(cell, 3, 5) != outcomes(replace(cell, name="other"), 3, 5)


def test_every_row_of_the_table_has_a_name_of_its_own_and_something_to_show() -> None:
    names = [f"{cell.group}: {cell.name}" for cell in table()]
    assert len(set(names)) == len(names) > 50
    assert all(cell.checks for cell in table())


@pytest.mark.parametrize(
    "kind", [Errors(100, outage=True, apart=15.0), Errors(100, burst=5.0), Latency(100, pauses=60.0)]
)
def test_a_simulated_release_is_a_ramp_of_looks_without_gaps(kind: Errors | Latency) -> None:
    release = kind.release(Random(1))
    looks = list(release.looks)
    assert len(looks) == len(RAMP) * STEP / LOOK
    assert {step.share for step, _ in looks} == set(RAMP)
    for (_, before), (_, after) in pairwise(looks):
        assert after.start == before.end
    for _, look in looks:
        assert look.candidate.requests + look.stable.requests == 1500
        assert 0 <= look.candidate.errors <= look.candidate.requests
        for counts in (look.candidate, look.stable):
            assert list(counts.within) == sorted(counts.within)
            assert not counts.within or (counts.bounds, counts.within[-1]) == (BUCKETS, counts.requests)


def test_slower_and_hanging_candidates_are_slower() -> None:
    def share(kind: Latency, bound: float) -> float:
        looks = [look for _, look in kind.release(Random(1)).looks]
        place = BUCKETS.index(bound)
        late = sum(look.candidate.requests - look.candidate.within[place] for look in looks)
        return late / sum(look.candidate.requests for look in looks)

    assert share(Latency(100, slower=2.0), 0.1) > 1.2 * share(Latency(100), 0.1)
    assert share(Latency(100, hanging=0.05), 10.0) == pytest.approx(0.05, abs=0.01)


def test_the_fixed_threshold_rolls_back_at_the_fifth_failed_check() -> None:
    gate = FixedThreshold()
    bad, good = Counts(100.0, 2.0), Counts(100.0, 1.0)
    looks = [Look(15.0 * i, 15.0, bad if i % 8 < 4 else good) for i in range(40)]
    assert next(i for i, look in enumerate(looks) if gate.observe(look)) == 35


def test_the_cost_is_measured_on_answers_of_a_plausible_size() -> None:
    assert 12_000 < sum(len(answer) for answer in answers()) < 18_000
    judged, decoded, bounds = cost_of_a_look(rounds=1)
    assert judged > 0.0
    assert decoded > 0.0
    assert bounds >= 3


def test_what_is_rolled_back_is_counted() -> None:
    cell = Cell("worse", "some", Errors(100, absolute=0.5), found(0.99))
    assert rolled_back(outcomes(cell, 0, 3)) == 1.0
