"""What a step has to show, and what that takes."""

from __future__ import annotations

from math import inf, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.significance import good_growth, required_requests, step_margin


@pytest.mark.parametrize(
    ("weight", "margin"),
    [(0.0, 0.10), (0.001, 0.10), (0.01, 0.10), (0.02, 0.10), (0.05, 0.04), (0.25, 0.008), (0.5, 0.004), (1.0, 0.002)],
)
def test_a_step_may_cost_the_budget_of_all_requests(weight: float, margin: float) -> None:
    assert step_margin(weight, budget=0.002, absolute=0.001) == pytest.approx(margin)


def test_the_margin_is_at_least_the_tolerance_even_above_ten_percent() -> None:
    assert step_margin(0.5, budget=0.0001, absolute=0.001) == 0.001
    assert step_margin(0.01, budget=0.002, absolute=0.2) == 0.2


@pytest.mark.parametrize("weight", [0.02, 0.05, 0.25, 0.5, 0.9])
def test_without_errors_a_step_needs_four_over_the_budget_at_any_weight(weight: float) -> None:
    margin = step_margin(weight, budget=0.002, absolute=0.001)
    need = required_requests(weight=weight, q=1e-9, phi=1.0, relative=1.1, margin=margin, beta=0.05)
    assert need == pytest.approx((log(20) + log(2) + log(4 / 3)) / 0.002, rel=0.01)


def test_clusters_and_errors_ask_for_more() -> None:
    def need(q: float, phi: float) -> float:
        return required_requests(weight=0.05, q=q, phi=phi, relative=1.1, margin=0.04, beta=0.05)

    assert need(0.001, 9.0) == pytest.approx(9.0 * need(0.001, 1.0))
    assert need(0.1, 1.0) > need(0.01, 1.0) > need(0.001, 1.0)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_nothing_can_be_shown_without_both_arms(weight: float) -> None:
    assert required_requests(weight=weight, q=0.01, phi=1.0, relative=1.1, margin=0.1, beta=0.05) == inf


@given(k=st.floats(1e-4, 50.0), q=st.floats(1e-9, 1.0), relative=st.floats(1.0, 3.0), margin=st.floats(1e-4, 0.5))
def test_a_candidate_as_good_as_stable_never_loses_evidence_on_average(
    k: float, q: float, relative: float, margin: float
) -> None:
    assert 0.0 <= good_growth(k=k, q=q, relative=relative, margin=margin) <= margin + relative * q + 1e-12
