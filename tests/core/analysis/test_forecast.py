"""How much traffic a step needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from controller.core.analysis import ERRORS, Settings, requests_needed, seconds_left, seconds_needed, start

if TYPE_CHECKING:
    from tests.core.analysis.conftest import Lab


@pytest.mark.parametrize("share", [0.02, 0.05, 0.25, 0.5])
def test_with_a_calm_history_a_step_needs_about_2000_requests_for_errors(lab: Lab, share: float) -> None:
    state = start(Settings(metrics=(ERRORS,)), lab.history(100_000.0, 0.0))
    assert requests_needed(state, share) == pytest.approx(1990, rel=0.02)


def test_latency_and_errors_of_the_baseline_ask_for_more(lab: Lab) -> None:
    errors = requests_needed(start(Settings(metrics=(ERRORS,)), lab.history()), 0.05)
    assert 2000 < errors < 3000
    assert requests_needed(lab.fresh(), 0.05) > errors


def test_without_history_it_is_safe_and_asks_for_more(lab: Lab) -> None:
    alone = Settings(metrics=(ERRORS,))
    assert requests_needed(start(alone), 0.05) > 3.0 * requests_needed(start(alone, lab.history()), 0.05)


def test_seconds_follow_from_the_traffic(lab: Lab) -> None:
    state = lab.fresh()
    need = requests_needed(state, 0.05)
    assert seconds_needed(state, 0.05, 100.0) == pytest.approx(30.0 + need / 100.0)
    assert seconds_needed(state, 0.05, 0.0) is None
    assert seconds_needed(state, 1.0, 100.0) is None


def test_nothing_is_forecast_without_traffic(lab: Lab) -> None:
    assert seconds_left(lab.fresh()) is None
    assert seconds_left(lab.after([(lab.arm(0.0), lab.arm(500.0))] * 5)) is None


def test_where_nothing_can_be_shown_nothing_is_forecast(lab: Lab) -> None:
    state = start(Settings(metrics=(ERRORS,)), lab.history(1000.0, 950.0))
    assert requests_needed(state, 0.05) == float("inf")
    assert seconds_left(lab.after([(lab.arm(50.0, 45.0), lab.arm(950.0, 900.0))] * 5, state)) is None
