"""Percentages of Istio's as Envoy's fractions."""

from __future__ import annotations

from controller.sandbox.client import Object


def percent(value: Object) -> float:
    return float(value.get("value", 0))


def fraction(percent: float) -> Object:
    """Istio keeps four digits after the point."""
    return {"numerator": int(round(percent * 10000, 6)), "denominator": "MILLION"}
