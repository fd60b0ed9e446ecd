"""Quantities and their canonical form, as a real server writes them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sandbox.api.schema.quantity import Quantity, parse


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1", "1"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("0.5", "500m"),
        ("1000000", "1M"),
        ("1024Ki", "1Mi"),
        ("0.5Gi", "512Mi"),
        ("1023", "1023"),
        ("1e3", "1e3"),
        ("1.5e3", "1500"),
        ("-5k", "-5k"),
        ("+5k", "5k"),
        ("0", "0"),
        ("0Ki", "0"),
        ("0.1n", "1n"),
        ("100Ti", "100Ti"),
        ("12E", "12E"),
    ],
)
def test_canonical(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical


@pytest.mark.parametrize("text", ["", "a", "1x", "1 Gi", "Gi", "1GiB", "--1", "1e", "1.2.3"])
def test_not_readable(text: str) -> None:
    with pytest.raises(ValueError, match="quantities must match the regular expression"):
        parse(text)


@given(st.integers(-(10**15), 10**15), st.sampled_from(["", "k", "M", "Ki", "Mi", "m", "u"]))
def test_the_canonical_form_is_the_same_amount(number: int, suffix: str) -> None:
    amount = parse(f"{number}{suffix}")
    again = parse(str(amount))
    assert again.value == amount.value
    assert str(again) == str(amount)


def test_rounding_is_up_to_thousandths() -> None:
    assert str(parse("100u").rounded_up()) == "1m"
    assert Quantity(Fraction(1, 3)).rounded_up().value == Fraction(334, 1000)
