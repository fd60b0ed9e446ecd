"""What quantities mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.crd.forms import as_duration, per_mille, ratio, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0s", 0), ("500ms", 0.5), ("10m", 600), ("1h30m", 5400), ("1h1m1s1ms", 3661.001), ("1.5h", 5400), ("0.1s", 0.1)],
)
def test_seconds(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("0%", 0), ("0.1%", 1), ("5%", 50), ("5.0%", 50), ("99.9%", 999), ("100%", 1000)]
)
def test_per_mille(text: str, expected: int) -> None:
    assert per_mille(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("0.1%", 0.001), ("99.95%", 0.9995), ("5%", 0.05), ("0%", 0), ("0.0001%", 1e-6)]
)
def test_ratio(text: str, expected: float) -> None:
    assert ratio(text) == expected


@given(st.integers(0, 10**9))
def test_a_duration_is_written_and_read_alike(milliseconds: int) -> None:
    assert seconds(as_duration(milliseconds / 1000)) == milliseconds / 1000
