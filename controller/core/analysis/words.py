"""Numbers as people read them."""

from __future__ import annotations

from math import ceil, floor, log10


def percent(share: float) -> str:
    """A share with two significant digits: ``5 %``, ``0.12 %``, ``0.0035 %``; never ``0 %`` for more than nothing."""
    value = abs(share) * 100.0
    if value < 1e-7:
        return "0 %"
    digits = max(0, 1 - floor(log10(value)))
    text = f"{value:.{min(digits, 6)}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{'−' if share < 0 else ''}{text} %"


def signed_percent(share: float) -> str:
    """The same with a sign in front: ``+0.02 %``."""
    text = percent(share)
    return text if text.startswith("−") or text == "0 %" else f"+{text}"


def count(number: float) -> str:
    """A number of requests: ``18,204``."""
    return f"{number:,.0f}" if number < 1e15 else f"{number:.3g}"


def duration(seconds: float) -> str:
    """About so long: ``45 s``, ``6 minutes``, ``2.5 hours``, ``3 days``."""
    if seconds < 90:
        return f"{max(0, ceil(seconds))} s"
    for unit, size, most in (("minutes", 60.0, 90.0), ("hours", 3600.0, 48.0)):
        amount = seconds / size
        if amount < most:
            text = f"{amount:.1f}".rstrip("0").rstrip(".") if amount < 3 else f"{amount:.0f}"
            return f"{text} {unit}"
    return f"{seconds / 86400.0:.0f} days"


def bound(seconds: float) -> str:
    """A latency bound: ``250 ms``, ``2.5 s``."""
    return f"{seconds * 1000:g} ms" if seconds < 1 else f"{seconds:g} s"
