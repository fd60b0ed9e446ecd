"""The statistic: its expectation is at most 1 while the claim is true, and its tilt is where it grows fastest."""

from __future__ import annotations

from itertools import product
from math import comb, exp, inf, log

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from controller.core.significance import growth, log_evidence, tilt

RATES = (0.0, 0.01, 0.2, 0.5, 0.9, 1.0)
TOLERANCES = ((1.1, 0.001), (1.25, 0.0025), (1.0, 0.0), (2.0, 0.1), (0.8, 0.05))


def pmf(n: int, x: int, p: float) -> float:
    return comb(n, x) * p**x * (1.0 - p) ** (n - x)


def expectation(z: float, n_c: int, n_b: int, p_c: float, p_b: float, relative: float, absolute: float) -> float:
    return sum(
        pmf(n_c, x_c, p_c)
        * pmf(n_b, x_b, p_b)
        * exp(
            log_evidence(z, requests_c=n_c, bad_c=x_c, requests_b=n_b, bad_b=x_b, relative=relative, absolute=absolute)
        )
        for x_c, x_b in product(range(n_c + 1), range(n_b + 1))
    )


@pytest.mark.parametrize(("relative", "absolute"), TOLERANCES)
def test_the_expectation_of_e_is_at_most_1_on_and_below_the_tolerance(relative: float, absolute: float) -> None:
    for n_c, n_b, p_b in product((1, 2, 5), (1, 3, 8), RATES):
        most = min(1.0, relative * p_b + absolute)
        for part, share in product((0.05, 0.5, 0.99), (1.0, 0.7, 0.0)):
            z = 1.0 + part / (relative * n_c / n_b)
            assert expectation(z, n_c, n_b, share * most, p_b, relative, absolute) <= 1.0 + 1e-12


@pytest.mark.parametrize(("relative", "absolute"), TOLERANCES)
def test_the_expectation_of_e_is_at_most_1_for_the_opposite_claim(relative: float, absolute: float) -> None:
    tested = 0
    for n_c, n_b, p_b in product((1, 2, 5), (1, 3, 8), RATES):
        least = relative * p_b + absolute
        if least > 1.0:
            continue
        for z, p_c in product((0.01, 0.5, 0.99), (least, 0.5 * (least + 1.0), 1.0)):
            tested += 1
            assert expectation(z, n_c, n_b, p_c, p_b, relative, absolute) <= 1.0 + 1e-12
    assert tested > 100


def test_without_tolerances_it_is_the_conditional_binomial_ratio_of_wald() -> None:
    """With both arms of one size, E(z) = z^x_c * (2-z)^x_b: the likelihood of a share z/2 against one half."""
    z = 1.4
    value = log_evidence(z, requests_c=50, bad_c=7, requests_b=50, bad_b=3, relative=1.0, absolute=0.0)
    assert value == pytest.approx(7 * log(z / 2 / 0.5) + 3 * log((1 - z / 2) / 0.5))


def test_without_errors_good_enough_is_the_rule_of_three() -> None:
    value = log_evidence(1e-9, requests_c=3000, bad_c=0, requests_b=1, bad_b=0, relative=1e-9, absolute=0.001)
    assert value == pytest.approx(3.0, rel=1e-6)


@pytest.mark.parametrize("z", [0.0, -1.0, 2.0, 2.5])
def test_a_tilt_outside_of_its_range_is_refused(z: float) -> None:
    with pytest.raises(ValueError, match="lies outside"):
        log_evidence(z, requests_c=10, bad_c=1, requests_b=10, bad_b=1, relative=1.0, absolute=0.001)


@pytest.mark.parametrize(("n_c", "n_b"), [(0, 10), (10, 0), (0, 0), (float("nan"), 1)])
def test_evidence_needs_requests_in_both_arms(n_c: float, n_b: float) -> None:
    with pytest.raises(ValueError, match="requests in both arms"):
        log_evidence(1.1, requests_c=n_c, bad_c=0, requests_b=n_b, bad_b=0, relative=1.0, absolute=0.001)


rates = st.floats(1e-6, 1.0)


@given(
    m=st.floats(1e-6, 0.95), k=st.floats(1e-4, 20.0), q=rates, relative=st.floats(0.5, 3.0), absolute=st.floats(0, 0.2)
)
def test_the_tilt_is_where_the_evidence_grows_fastest(
    m: float, k: float, q: float, relative: float, absolute: float
) -> None:
    z = tilt(m, k=k, q=q, relative=relative, absolute=absolute)
    assert 0.0 < z < 1.0 + 1.0 / k
    assume(1.0 - k * (z - 1.0) > 1e-6)
    slope = m / z - relative * q / (1.0 - k * (z - 1.0)) - absolute
    assert abs(slope) <= 1e-6 * (m / z + absolute + relative * q)


@given(
    m=st.floats(1e-6, 0.95), k=st.floats(1e-4, 20.0), q=rates, relative=st.floats(0.5, 3.0), absolute=st.floats(0, 0.2)
)
def test_the_tilt_is_above_1_exactly_against_rates_above_the_tolerated_one(
    m: float, k: float, q: float, relative: float, absolute: float
) -> None:
    tolerated = relative * q + absolute
    assume(abs(m - tolerated) > 1e-6 * tolerated)
    assert (tilt(m, k=k, q=q, relative=relative, absolute=absolute) > 1.0) == (m > tolerated)


def test_the_evidence_grows_against_the_alternative_that_the_tilt_is_made_for() -> None:
    z = tilt(0.05, k=0.1, q=0.001, relative=1.1, absolute=0.001)
    assert growth(z, k=0.1, m=0.05, q=0.001, relative=1.1, absolute=0.001) > 0.08
    assert growth(z, k=0.1, m=0.001, q=0.001, relative=1.1, absolute=0.001) < 0.0
    assert growth(1.0, k=0.1, m=0.05, q=0.001, relative=1.1, absolute=0.001) == 0.0


def test_a_world_without_any_rate_has_no_tilt() -> None:
    assert tilt(0.0, k=1.0, q=0.0, relative=1.0, absolute=0.0) == 1.0
    assert tilt(0.1, k=1.0, q=0.0, relative=1.0, absolute=0.0) < inf
