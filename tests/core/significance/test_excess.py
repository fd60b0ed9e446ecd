"""The excess: bounds that are never narrower than the tests they invert, and that hold at all looks together."""

from __future__ import annotations

from math import exp, log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.significance import Excess, bounded_excess, log_evidence
from controller.core.significance.excess import TILTS

Look = tuple[float, float, float, float]


def bounds(looks: list[Look], phi: float = 1.0, alpha: float = 0.05) -> Excess:
    """Of (requests_c, bad_c, requests_b, bad_b), as the evidence sums them up."""
    paired_c = paired_b = squared_b = pairs = 0.0
    for n_c, x_c, n_b, x_b in looks:
        u, v = min(1.0, n_b / n_c), min(1.0, n_c / n_b)
        paired_c += x_c * u
        paired_b += x_b * v
        squared_b += x_b * v * v
        pairs += min(n_c, n_b)
    return bounded_excess(paired_c, paired_b, squared_b, pairs, phi=phi, alpha=alpha)


def exact(looks: list[Look], d: float, sign: float) -> float:
    """The logarithm of the mean evidence that the excess is above (sign 1) or below (-1) d, without any bound."""
    nats = []
    for s in TILTS:
        nats.append(
            sum(
                log_evidence(
                    1.0 + sign * s * min(1.0, n_b / n_c),
                    requests_c=n_c,
                    bad_c=x_c,
                    requests_b=n_b,
                    bad_b=x_b,
                    relative=1.0,
                    absolute=d,
                )
                for n_c, x_c, n_b, x_b in looks
            )
        )
    top = max(nats)
    return top + log(sum(exp(n - top) for n in nats) / len(nats))


def test_without_requests_nothing_is_known() -> None:
    assert bounds([]) == Excess(0.0, -1.0, 1.0)


def test_the_estimate_is_the_difference_over_the_same_seconds() -> None:
    found = bounds([(100.0, 5.0, 900.0, 9.0), (100.0, 3.0, 900.0, 9.0)])
    assert found.estimate == pytest.approx(0.04 - 0.01)


def test_at_a_weight_above_half_the_smaller_arm_counts() -> None:
    found = bounds([(900.0, 45.0, 100.0, 1.0)])
    assert found.estimate == pytest.approx(0.05 - 0.01)


def test_without_any_error_the_upper_bound_is_near_the_rule_of_three_for_eight_tilts() -> None:
    found = bounds([(10_000.0, 0.0, 10_000.0, 0.0)])
    assert found.upper == pytest.approx(log(8 * 2.0 / 0.05) / 10_000, rel=0.06)
    assert found.upper > log(2.0 / 0.05) / 10_000
    assert found.lower < 0.0


looks = st.lists(
    st.tuples(st.floats(1.0, 1e5), st.floats(1.0, 1e5), st.floats(0.0, 1.0), st.floats(0.0, 1.0)).map(
        lambda of: (of[0], of[0] * of[2], of[1], of[1] * of[3])
    ),
    min_size=1,
    max_size=5,
)


@given(looks=looks)
def test_the_bounds_are_never_narrower_than_the_tests_they_stand_for(looks: list[Look]) -> None:
    found = bounds(looks)
    limit = log(2.0 / 0.05)
    assert -1.0 <= found.lower <= found.estimate + 1e-9
    assert found.estimate - 1e-9 <= found.upper <= 1.0
    if found.lower > -1.0:
        assert exact(looks, found.lower, 1.0) >= limit - 1e-6
    if found.upper < 1.0:
        assert exact(looks, found.upper, -1.0) >= limit - 1e-6


@pytest.mark.parametrize("n_c", [1000.0, 10_000.0, 100_000.0])
def test_the_bounds_are_not_much_wider_either(n_c: float) -> None:
    looks = [(n_c, 0.02 * n_c, 1e5, 1000.0)]
    found = bounds(looks)
    limit = log(2.0 / 0.05)
    width = found.upper - found.lower
    assert exact(looks, found.lower + 0.15 * width, 1.0) < limit
    assert exact(looks, found.upper - 0.15 * width, -1.0) < limit


def test_clusters_widen_the_bounds() -> None:
    looks = [(1000.0, 20.0, 9000.0, 90.0)]
    plain, wide = bounds(looks), bounds(looks, phi=9.0)
    assert wide.lower < plain.lower < plain.estimate == wide.estimate < plain.upper < wide.upper


def test_both_bounds_hold_at_every_look_together() -> None:
    """150 streams of 20 looks with the excess at +2 %: at most 5 % may ever leave the bounds."""
    rng = Random("coverage")
    left = 0
    for _ in range(150):
        seen: list[Look] = []
        for _ in range(20):
            x_c, x_b = (sum(rng.random() < p for _ in range(40)) for p in (0.05, 0.03))
            seen.append((40.0, x_c, 40.0, x_b))
            found = bounds(seen)
            if not found.lower <= 0.02 <= found.upper:
                left += 1
                break
    assert left <= 7
