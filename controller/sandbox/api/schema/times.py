"""Times in RFC 3339 as Go's time.Parse reads them, with its sentences for what it cannot read."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

SECONDS = "2006-01-02T15:04:05Z07:00"
MICROSECONDS = "2006-01-02T15:04:05.000000Z07:00"
"""Go's layouts: a fraction is optional in the first and must have six digits in the second."""

_PARTS = (
    ("2006", r"\d{4}"),
    ("-", "-"),
    ("01", r"\d\d"),
    ("-", "-"),
    ("02", r"\d\d"),
    ("T", "T"),
    ("15", r"\d\d"),
    (":", ":"),
    ("04", r"\d\d"),
    (":", ":"),
    ("05", r"\d\d"),
)
_RANGES = ((2, "month", 1, 12), (4, "day", 1, 31), (6, "hour", 0, 23), (8, "minute", 0, 59), (10, "second", 0, 59))


@lru_cache(maxsize=4096)  # an object carries the same times from write to write
def parse(layout: str, text: str) -> datetime:
    """The moment that a text names. Raises ValueError as Go words it: `parsing time "x" as "2006-...": ...`."""
    rest = text
    found = []
    for element, pattern in _PARTS:
        match = re.match(pattern, rest, re.ASCII)
        if match is None:
            raise _cannot(layout, text, rest, element)
        found.append(match[0])
        rest = rest[match.end() :]
    fraction = re.match(r"\.(\d+)", rest, re.ASCII)
    if layout == MICROSECONDS and (fraction is None or len(fraction[1]) < 6):
        raise _cannot(layout, text, rest, ".000000")
    digits = fraction[1] if fraction else ""
    rest = rest[fraction.end() :] if fraction else rest
    zone = re.match(r"Z|([+-])(\d\d):(\d\d)", rest, re.ASCII)
    if zone is None:
        raise _cannot(layout, text, rest, "Z07:00")
    if rest[zone.end() :]:
        raise ValueError(f'parsing time "{text}": extra text: "{rest[zone.end() :]}"')
    for index, name, low, high in _RANGES:
        if not low <= int(found[index]) <= high:
            raise ValueError(f'parsing time "{text}": {name} out of range')
    year, month, day, hour, minute, second = (int(found[i]) for i in (0, 2, 4, 6, 8, 10))
    micro = int(digits[:6].ljust(6, "0"))
    try:
        return datetime(year, month, day, hour, minute, second, micro, tzinfo=_zone(zone))
    except ValueError:
        raise ValueError(f'parsing time "{text}": day out of range') from None


def _cannot(layout: str, text: str, rest: str, element: str) -> ValueError:
    return ValueError(f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{element}"')


def _zone(match: re.Match[str]) -> timezone:
    if match[0] == "Z":
        return UTC
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-offset if match[1] == "-" else offset)
