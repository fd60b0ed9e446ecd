"""The running evidence: still a fair bet with mixture, restarts, cap and dispersion, and monotone in the counts."""

from __future__ import annotations

from itertools import product
from math import comb, exp, isfinite, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.significance import (
    Evidence,
    Scale,
    advance,
    good_mass,
    harm_cap,
    harm_mass,
    idle,
    scale,
    unlaid_good_mass,
)
from controller.core.significance.evidence import MULTIPLES, STREAK

CAP = harm_cap(40.0)


def shared(n_c: float, n_b: float, relative: float = 1.1, absolute: float = 0.001, cap: float = CAP) -> Scale:
    return scale(n_c, n_b, relative, absolute, 0.05, cap, 0.0, harm_mass(0, False, 5), good_mass(0), True)


def step(past: Evidence, c: float, b: float, of: Scale, rate: float = 0.01, phi: float = 1.0) -> Evidence:
    return advance(past, c, b, rate, phi, of)


def harm(evidence: Evidence) -> float:
    return sum(evidence.harm) / len(evidence.harm)


def pmf(n: int, x: int, p: float) -> float:
    return comb(n, x) * p**x * (1.0 - p) ** (n - x)


@pytest.mark.parametrize("phi", [1.0, 3.0])
@pytest.mark.parametrize("cap", [CAP, 50.0])
@pytest.mark.parametrize(("n_c", "n_b"), [(1, 1), (2, 6), (5, 3)])
def test_the_expectation_of_harm_after_two_looks_is_at_most_the_mass_laid(
    n_c: int, n_b: int, cap: float, phi: float
) -> None:
    """Exactly, by going through every outcome; the second look's tilts depend on the first one's baseline."""
    first, second = shared(n_c, n_b, cap=cap), shared(n_b, n_c, cap=cap)._replace(harm_mass=0.25)
    for p_b, next_b in product((0.0, 0.3, 0.9), (0.05, 0.8)):
        p_c, next_c = min(1.0, 1.1 * p_b + 0.001), min(1.0, 1.1 * next_b + 0.001)
        total = 0.0
        for x_c, x_b in product(range(n_c + 1), range(n_b + 1)):
            after = step(Evidence(), x_c, x_b, first, phi=phi)
            for y_c, y_b in product(range(n_b + 1), range(n_c + 1)):
                chance = pmf(n_c, x_c, p_c) * pmf(n_b, x_b, p_b) * pmf(n_b, y_c, next_c) * pmf(n_c, y_b, next_b)
                total += chance * harm(step(after, y_c, y_b, second, phi=phi))
        assert total <= harm_mass(0, False, 5) + 0.25 + 1e-12


@pytest.mark.parametrize(("n_c", "n_b"), [(1, 1), (2, 6), (5, 3)])
def test_the_expectation_of_good_enough_is_at_most_the_mass_laid(n_c: int, n_b: int) -> None:
    of = shared(n_c, n_b)
    for p_b, more in product((0.0, 0.3, 0.8), (0.0, 0.05)):
        p_c = min(1.0, 1.1 * p_b + of.margin + more)
        total = sum(
            pmf(n_c, x_c, p_c) * pmf(n_b, x_b, p_b) * sum(step(Evidence(), x_c, x_b, of).good) / 2.0
            for x_c, x_b in product(range(n_c + 1), range(n_b + 1))
        )
        assert total <= good_mass(0) + 1e-12


def good_after(looks: int, p_c: float, *, relative: float = 1.1) -> float:
    """The least good-enough evidence after looks at a stable that fails always, as it did before."""
    past = Evidence(recent=800.0)
    for at in range(looks):
        of = scale(40, 160, relative, 0.001, 0.05, CAP, 800.0, 0.0, good_mass(at), True)
        past = step(past, 40 * p_c, 160, of, rate=1.0)
    return min(past.good)


@pytest.mark.parametrize("relative", [1.0, 1.1, 3.0])
def test_where_stable_always_fails_only_a_better_candidate_is_good_enough(relative: float) -> None:
    assert good_after(2, 0.0, relative=relative) > 20.0, "a fix gets past it"
    assert good_after(20, 0.3, relative=relative) > 20.0
    assert good_after(200, 1.0, relative=relative) < 1.0, "both alike are not good"


@pytest.mark.parametrize(("n_c", "n_b"), [(1, 1), (2, 6), (5, 3)])
def test_where_stable_nearly_always_fails_one_no_better_is_seldom_taken_for_better(n_c: int, n_b: int) -> None:
    of = scale(n_c, n_b, 1.1, 0.001, 0.05, CAP, 800.0, 0.0, good_mass(0), True)
    for p_b, more in product((0.2, 0.9, 1.0), (0.0, 0.1)):
        p_c = min(1.0, p_b + more)
        total = sum(
            pmf(n_c, x_c, p_c) * pmf(n_b, x_b, p_b) * max(step(Evidence(recent=800.0), x_c, x_b, of, rate=1.0).good)
            for x_c, x_b in product(range(n_c + 1), range(n_b + 1))
        )
        assert total <= good_mass(0) + 1e-12


counts = st.floats(0.0, 1e4)
looks = st.lists(st.tuples(st.floats(0.5, 1e4), st.floats(0.5, 1e5), counts, counts), max_size=6)


@given(
    past=looks, n_c=st.floats(1.0, 1e4), n_b=st.floats(1.0, 1e5), bad_c=counts, bad_b=counts, more=st.floats(0.0, 50.0)
)
def test_one_more_bad_candidate_request_never_lowers_harm_and_one_more_bad_baseline_request_never_raises_it(
    past: list[tuple[float, float, float, float]], n_c: float, n_b: float, bad_c: float, bad_b: float, more: float
) -> None:
    before = Evidence()
    for m_c, m_b, x_c, x_b in past:
        before = step(before, min(x_c, m_c), min(x_b, m_b), shared(m_c, m_b))
    of = shared(n_c, n_b)
    after = step(before, min(bad_c, n_c), min(bad_b, n_b), of)
    worse = step(before, min(bad_c + more, n_c), min(bad_b, n_b), of)
    shared_fault = step(before, min(bad_c, n_c), min(bad_b + more, n_b), of)
    assert all(a <= b for a, b in zip(after.harm, worse.harm, strict=True))
    assert all(a >= b for a, b in zip(after.harm, shared_fault.harm, strict=True))
    assert all(a >= b for a, b in zip(after.good, worse.good, strict=True))
    assert all(isfinite(x) for x in (*worse.harm, *shared_fault.harm, *worse.good, *shared_fault.good))


def test_two_capped_looks_reach_the_limit_from_the_first_mass_and_one_does_not() -> None:
    of = shared(1e4, 1e4)
    once = step(Evidence(), 1e4, 0.0, of)
    twice = step(once, 1e4, 0.0, of._replace(harm_mass=0.0))
    assert harm(once) < 5.0
    assert 40.0 <= harm(twice) < 45.0


def test_the_cap_is_lifted_after_two_capped_looks_in_a_row() -> None:
    of = shared(1e4, 1e4)._replace(harm_mass=1e-6)
    state = Evidence()
    for _ in range(STREAK):
        state = step(state, 1e4, 0.0, of)
    assert harm(state) < 1e-3
    assert harm(step(state, 1e4, 0.0, of)) > 1e10
    rested = step(state, 0.0, 0.0, of)
    assert rested.streak == 0
    assert harm(step(rested, 1e4, 0.0, of)) < 1.0


def test_a_dispersion_divides_the_log_evidence() -> None:
    of = shared(100.0, 900.0)._replace(harm_mass=1.0)
    plain, wide = step(Evidence(), 3.0, 1.0, of), step(Evidence(), 3.0, 1.0, of, phi=4.0)
    uncapped = [i for i, product_ in enumerate(plain.harm) if log(product_) < 0.99 * CAP]
    assert uncapped
    for i in uncapped:
        assert log(wide.harm[i]) == pytest.approx(log(plain.harm[i]) / 4.0)


def test_harms_mass_is_half_at_once_a_quarter_at_the_steps_and_a_quarter_over_all_looks() -> None:
    masses = [harm_mass(look, look in (20, 40, 60, 80), 5) for look in range(20_000)]
    assert masses[0] == pytest.approx(0.5 + 0.25 / 101)
    assert masses[20] - masses[21] == pytest.approx(0.0625, rel=1e-2)
    assert 0.998 < sum(masses) < 1.0
    assert all(mass > 0.0 for mass in masses)
    assert sum(harm_mass(look, look == 0, 1) for look in range(20_000)) < 1.0
    assert harm_mass(0, True, 1) > 0.75


def test_good_enough_mass_is_three_quarters_at_once_and_the_rest_over_sixty_looks() -> None:
    masses = [good_mass(look) for look in range(80)]
    assert sum(masses) == pytest.approx(1.0)
    assert masses[0] > 0.75
    assert masses[60:] == [0.0] * 20
    for looks_ in (0, 1, 30, 60, 75):
        assert sum(masses[:looks_]) + unlaid_good_mass(looks_) == pytest.approx(1.0)


def test_a_look_that_says_nothing_lays_the_masses_and_teaches_the_plug_in() -> None:
    past = Evidence(recent=10.0)
    after = idle(past, 0.5, 0.25, 2.0)
    assert after.harm == (0.5,) * len(MULTIPLES)
    assert after.good == (0.25, 0.25)
    assert after.recent == pytest.approx(10.0)


def test_evidence_that_outgrows_every_limit_stays_a_number() -> None:
    state = Evidence()
    for _ in range(100):
        state = step(state, 0.0, 0.0, shared(1e9, 1e9))
    assert all(isfinite(x) for x in state.good)
    assert min(state.good) > exp(20)
    state = step(state, 1e9, 0.0, shared(1e9, 1e9))
    assert max(state.good) == 0.0
