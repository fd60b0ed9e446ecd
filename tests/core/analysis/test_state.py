"""What is learned from stable's time before the first look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from controller.core.analysis import Kept, pack, start, traffic, unpack
from controller.core.observed import Counts
from controller.core.significance import SAFE_DISPERSION

if TYPE_CHECKING:
    from tests.core.analysis.conftest import Lab


def test_rates_bounds_and_dispersion_come_from_the_history(lab: Lab) -> None:
    errors, latency = start(lab.settings, lab.history()).tracks
    assert errors.bounds[0].rate == pytest.approx(0.001, rel=0.01)
    assert errors.bounds[0].phi == 1.0
    assert [(one.at, round(one.rate, 3)) for one in latency.bounds] == [(0.1, 0.2), (0.25, 0.02), (1.0, 0.0)]


def test_bursts_in_the_history_are_expected_again(lab: Lab) -> None:
    history = [lab.arm(1000.0, 20.0 if number % 5 == 0 else 0.0) for number in range(120)]
    assert start(lab.settings, history).tracks[0].bounds[0].phi > 10.0


def test_the_plug_in_begins_with_the_end_of_the_history(lab: Lab) -> None:
    """A baseline that got worse within the half hour is what the first look is compared with."""
    calm, worse = lab.history(errors=1.0, looks=90), lab.history(errors=30.0, looks=30)
    track = start(lab.settings, [*calm, *worse]).tracks[0]
    assert track.evidence[0].recent / track.recent == pytest.approx(0.03, rel=0.01)
    assert traffic(start(lab.settings, [*calm, *worse])) == pytest.approx(1000.0 / 15.0, rel=0.01)


def test_an_outage_inside_the_history_does_not_make_the_release_blind(lab: Lab) -> None:
    history = lab.history(errors=1.0)
    outage = [lab.arm(1000.0, 400.0)] * 8
    state = start(lab.settings, [*history[:60], *outage, *history[68:]])
    assert state.tracks[0].bounds[0].phi <= 30.0
    assert state.cautious == ""


def test_gaps_in_the_history_are_no_looks(lab: Lab) -> None:
    history = lab.history()
    gaps = [one if number % 2 else Counts() for number, one in enumerate(history)]
    state = start(lab.settings, gaps)
    assert state.cautious == ""
    assert state.tracks[0].bounds == start(lab.settings, history[::2]).tracks[0].bounds


@pytest.mark.parametrize(
    ("looks", "requests", "reason"),
    [
        (0, 1000.0, "no history of stable (it had no requests)"),
        (1, 150.0, "stable's history has 150 of the 200 requests needed"),
        (19, 1000.0, "stable's history has 19 of the 20 looks needed"),
        (20, 1000.0, ""),
        (120, 0.0, "no history of stable (it had no requests)"),
        (120, 1.0, "stable's history has 120 of the 200 requests needed"),
        (120, 2.0, ""),
    ],
)
def test_a_short_history_is_used_for_what_it_is_worth(lab: Lab, looks: int, requests: float, reason: str) -> None:
    state = start(lab.settings, lab.history(requests, 0.0, looks))
    assert state.cautious == reason
    errors, latency = state.tracks
    assert (errors.bounds[0].phi >= SAFE_DISPERSION) == bool(reason)
    enough = looks * requests >= 200.0
    assert bool(latency.bounds) == enough
    if not enough:
        assert errors.bounds == start(lab.settings).tracks[0].bounds


def test_what_cannot_be_read_of_the_history_is_left_out(lab: Lab) -> None:
    broken = [replace(one, requests=float("nan")) for one in lab.history(looks=100)]
    assert start(lab.settings, [*broken, *lab.history(looks=19)]).cautious.startswith("stable's history has 19 of")


def test_why_it_is_cautious_is_kept(lab: Lab) -> None:
    state = start(lab.settings, (), "Prometheus gave no answer within 10 s")
    assert state.cautious == "no history of stable (Prometheus gave no answer within 10 s)"
    assert unpack(lab.settings, pack(state)) == state


def test_a_kept_state_is_written_as_it_is_packed(lab: Lab) -> None:
    state = lab.after([(lab.arm(20.0), lab.arm(380.0))] * 5)
    assert str(Kept(state)) == pack(state)
    assert Kept(state) == Kept(state)
