"""Amounts such as ``500m`` and ``1Gi``, to tell which are equal."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

_SUFFIX = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    **{letter: Fraction(1000**power) for power, letter in enumerate("kMGTPE", 1)},
    **{f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGTPE", 1)},
}
_FORM = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:([numkMGTPE]|[KMGTPE]i)?|[eE]([+-]?[0-9]{1,2}))")


def normal_quantity(amount: Any) -> Any:
    """Equal for equal amounts: ``1000m``, ``1`` and 1 become ``"1"``. What is no quantity comes back as it is."""
    found = _FORM.fullmatch(str(amount)) if isinstance(amount, str | int | float) else None
    if found is None or isinstance(amount, bool):
        return amount
    number, suffix, exponent = found.groups()
    return str(Fraction(number) * (Fraction(10) ** int(exponent) if exponent else _SUFFIX[suffix or ""]))
