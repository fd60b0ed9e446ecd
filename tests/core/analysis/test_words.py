"""Numbers as people read them."""

from __future__ import annotations

import pytest

from controller.core.analysis.words import bound, count, duration, percent, signed_percent


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.05, "5 %"),
        (0.0502, "5 %"),
        (0.0012, "0.12 %"),
        (0.000035, "0.0035 %"),
        (0.123, "12 %"),
        (0.1, "10 %"),
        (-0.0012, "−0.12 %"),
        (1e-12, "0 %"),
    ],
)
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(("share", "text"), [(0.0002, "+0.02 %"), (-0.0002, "−0.02 %"), (0.0, "0 %")])
def test_signed_percent(share: float, text: str) -> None:
    assert signed_percent(share) == text


@pytest.mark.parametrize(("number", "text"), [(0.0, "0"), (18204.0, "18,204"), (1e9, "1,000,000,000"), (2e15, "2e+15")])
def test_count(number: float, text: str) -> None:
    assert count(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1.0, "0 s"),
        (0.2, "1 s"),
        (45.0, "45 s"),
        (90.0, "1.5 minutes"),
        (120.0, "2 minutes"),
        (360.0, "6 minutes"),
        (9000.0, "2.5 hours"),
        (86400.0, "24 hours"),
        (300000.0, "3 days"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.0005, "0.5 ms"), (0.25, "250 ms"), (1.0, "1 s"), (2.5, "2.5 s")])
def test_bound(seconds: float, text: str) -> None:
    assert bound(seconds) == text
