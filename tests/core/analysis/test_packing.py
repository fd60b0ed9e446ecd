"""The evidence in the status: small, versioned, and read back whole or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from controller.core.analysis import LATENCY, Settings, State, pack, unpack
from controller.core.analysis.histogram import MOST_BOUNDS
from controller.core.analysis.packing import MOST_BYTES, MOST_REASON
from controller.core.analysis.state import Bound, Track
from controller.core.significance import Evidence

if TYPE_CHECKING:
    from tests.core.analysis.conftest import Lab

LONGEST = -1.23456789123e-105
PLAIN = -1.23456789123e-05


def test_what_is_read_back_is_what_was_written_to_nine_digits(lab: Lab) -> None:
    state = lab.after([(lab.arm(37.0, 0.1), lab.arm(911.0, 3.0))] * 25)
    text = pack(state)
    back = unpack(lab.settings, text)
    assert pack(back) == text
    assert back.settings is lab.settings
    assert (back.looks, back.step, back.step_looks, back.harmful) == (25, 0, 23, False)
    assert back.end == state.end
    assert back.harm == pytest.approx(state.harm, rel=1e-8)
    for track, other in zip(state.tracks, back.tracks, strict=True):
        good = [state.good(e) for e in track.evidence]
        assert good == pytest.approx([back.good(e) for e in other.evidence], rel=1e-8)


def test_a_state_before_the_first_look_can_be_kept(lab: Lab) -> None:
    assert unpack(lab.settings, pack(lab.fresh())).looks == 0


def biggest(number: float) -> State:
    evidence = Evidence((number,) * 7, (number,) * 2, number, number, number, 9, number, number, number)
    bound = Bound(number, number, number)
    tracks = tuple(
        Track((bound,) * n, (evidence,) * n, number, number, number, number, number, number, "x" * 500)
        for n in (1, MOST_BOUNDS)
    )
    return State(Settings(), tracks, 1.7e9 + 0.1234, 1.7e9, 10**8, 100, number, 10**8, number, number, "y" * 500)


def test_the_longest_state_stays_below_4_kib() -> None:
    text = pack(biggest(PLAIN))
    assert len(text.encode()) <= MOST_BYTES
    assert "x" * (MOST_REASON + 1) not in text
    assert len(pack(biggest(LONGEST)).encode()) <= MOST_BYTES


def test_an_ordinary_state_takes_less_than_2_kib(lab: Lab) -> None:
    assert len(pack(lab.after([(lab.arm(37.0, 0.1), lab.arm(911.0, 3.0))] * 90))) < 2048


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cannot be read"),
        ("[]", "cannot be read"),
        ("{}", "cannot be read"),
        ('{"v":1}', "has version 1, this program reads 2"),
        ('{"v":2,"tracks":[]}', "has 0 metrics, the Release compares 2"),
        ('{"v":2,"tracks":[{},{}],"t":[0,0],"n":[],"m":""}', "cannot be read"),
    ],
)
def test_what_was_not_written_by_us_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        unpack(Settings(), text)


def test_a_number_that_is_none_and_a_list_that_is_too_short_are_refused(lab: Lab) -> None:
    text = pack(lab.after([(lab.arm(50.0), lab.arm(950.0))] * 3))
    for change in ("NaN", "Infinity", '"x"', "null"):
        found = json.loads(text)
        found["tracks"][0]["b"][0][5] = "HERE"
        with pytest.raises(ValueError, match="cannot be read"):
            unpack(lab.settings, json.dumps(found).replace('"HERE"', change))
    found = json.loads(text)
    found["tracks"][1]["b"][0].pop()
    with pytest.raises(ValueError, match="not of"):
        unpack(lab.settings, json.dumps(found))


def test_evidence_of_another_choice_of_metrics_is_refused(lab: Lab) -> None:
    with pytest.raises(ValueError, match="compares 1"):
        unpack(Settings(metrics=(LATENCY,)), pack(lab.fresh()))
