"""Quantities of resources (`500m`, `1Gi`, `2e3`) in the canonical form of k8s.io/apimachinery/pkg/api/resource."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

EXPRESSION = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
"""The expression that the server names when it cannot read a quantity."""

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_FORM = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(?:([eE])([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)", re.ASCII)
_NANO = 10**9


@dataclass(frozen=True)
class Quantity:
    """An exact amount and the family of suffixes that it was written with: `decimal`, `binary` or `exponent`."""

    value: Fraction
    family: str = "decimal"

    def __str__(self) -> str:
        """The canonical form: no fraction, and the largest suffix that allows it."""
        if self.family == "binary" and abs(self.value) >= 1024 and self.value.denominator == 1:
            return self._binary()
        sign, amount = ("-" if self.value < 0 else ""), abs(self.value)
        nanos = math.ceil(amount * _NANO)
        exponent = -9
        while nanos and nanos % 1000 == 0 and exponent < 18:
            nanos //= 1000
            exponent += 3
        if not nanos:
            return "0"
        if self.family == "exponent":
            return f"{sign}{nanos}e{exponent}" if exponent else f"{sign}{nanos}"
        suffix = next(name for name, power in _DECIMAL.items() if power == exponent)
        return f"{sign}{nanos}{suffix}"

    def _binary(self) -> str:
        number, suffix = int(self.value), ""
        for name in _BINARY:
            if number % 1024:
                break
            number //= 1024
            suffix = name
        return f"{number}{suffix}"

    def rounded_up(self) -> Quantity:
        """Up to whole thousandths, as the server stores resources."""
        return Quantity(Fraction(math.ceil(self.value * 1000), 1000), self.family)


def parse(text: str) -> Quantity:
    """Read a quantity. Raises ValueError, worded as the server words it."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"quantities must match the regular expression '{EXPRESSION}'")
    value = Fraction(match[2]) if match[2] != "." else Fraction(0)
    family = "decimal"
    if match[3]:
        value *= Fraction(10) ** int(match[4])
        family = "exponent"
    elif (match[5] or "") in _BINARY:
        value *= 2 ** _BINARY[match[5]]
        family = "binary"
    else:
        value *= Fraction(10) ** _DECIMAL[match[5] or ""]
    return Quantity(-value if match[1] == "-" else value, family)
