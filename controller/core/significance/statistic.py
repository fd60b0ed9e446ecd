"""The statistic of one look and the tilt that makes it grow fastest."""

from __future__ import annotations

from math import log, sqrt

HIGHEST_RATE = 0.95
"""No alternative is tested above this rate: there every request is bad for both, and nothing can be told apart."""

LEAST_FACTOR = 1e-9
"""A baseline request never multiplies the evidence by less; keeps ``z`` below ``1 + 1/k`` in floating point."""


def log_evidence(
    z: float, *, requests_c: float, bad_c: float, requests_b: float, bad_b: float, relative: float, absolute: float
) -> float:
    """The natural logarithm of E(z) for one look, in nats.

        E(z) = z^bad_c * (1 - k(z-1))^bad_b * exp(-requests_c * absolute * (z-1)),   k = relative*requests_c/requests_b

    A request that is bad with probability p has E[(1+s)^Y] = 1 + p*s <= exp(p*s), so that the expectation of E(z) is at
    most ``exp(requests_c*(z-1)*(p_c - relative*p_b - absolute))``: at most 1 for ``1 < z < 1 + 1/k`` while the claim
    ``p_c <= relative*p_b + absolute`` holds, and for ``0 < z < 1`` while ``p_c >= relative*p_b + absolute`` holds,
    whatever p_b is. With ``absolute`` 0 and ``relative`` 1 it is Wald's likelihood ratio of the conditional binomial
    (Lindon and Malek, "Anytime-valid inference for multinomial count data", 2022).

    Counts may be fractional. Raises ValueError for a z outside of the range above or without requests in both arms.
    """
    if not (requests_c > 0 and requests_b > 0):
        raise ValueError("evidence needs requests in both arms")
    k = relative * requests_c / requests_b
    factor = 1.0 - k * (z - 1.0)
    if not (z > 0.0 and factor > 0.0):
        raise ValueError(f"the tilt {z:g} lies outside of 0 to {1 + 1 / k:g}")
    return bad_c * log(z) + bad_b * log(factor) - requests_c * absolute * (z - 1.0)


def tilt(m: float, *, k: float, q: float, relative: float, absolute: float) -> float:
    """The z at which the evidence grows fastest if the candidate's rate is ``m`` and the baseline's ``q``.

    It is the lesser root of ``absolute*k*z^2 - S*z + m(1+k) = 0`` with ``S = k*m + relative*q + absolute*(1+k)``, which
    is where the derivative of the expected log-evidence per candidate request

        m*ln(z) + (relative/k)*q*ln(1 - k(z-1)) - absolute*(z-1)

    vanishes; written so that neither ``absolute = 0`` nor a small k divides by zero. Above 1 exactly when
    ``m > relative*q + absolute``. The caller clips it: z >= 1 to test harm, z <= 1 to test good-enough; unclipped it
    bets for the other side near a rate of 100 %.
    """
    total = k * m + relative * q + absolute * (1.0 + k)
    if total <= 0.0:
        return 1.0
    root = total * total - 4.0 * absolute * k * m * (1.0 + k)
    return 2.0 * m * (1.0 + k) / (total + sqrt(root if root > 0.0 else 0.0))


def growth(z: float, *, k: float, m: float, q: float, relative: float, absolute: float) -> float:
    """Expected log-evidence in nats per candidate request at tilt ``z``, candidate's rate ``m``, baseline's ``q``."""
    factor = max(1.0 - k * (z - 1.0), LEAST_FACTOR)
    candidate = m * log(z) if m > 0.0 else 0.0
    return candidate + relative / k * q * log(factor) - absolute * (z - 1.0)
