"""Times as Go reads them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controller.sandbox.api.schema.times import MICROSECONDS, SECONDS, parse


def test_readable() -> None:
    assert parse(SECONDS, "2024-01-02T03:04:05+01:00").astimezone(UTC) == datetime(2024, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert parse(SECONDS, "2024-01-02T03:04:05.25Z").microsecond == 250_000
    assert parse(MICROSECONDS, "2024-01-02T03:04:05.000001Z").microsecond == 1


@pytest.mark.parametrize(
    ("layout", "text", "why"),
    [
        (SECONDS, "yesterday", 'cannot parse "yesterday" as "2006"'),
        (SECONDS, "2024-01-02 03:04:05Z", 'cannot parse " 03:04:05Z" as "T"'),
        (SECONDS, "2024-01-02T03:04:05", 'cannot parse "" as "Z07:00"'),
        (SECONDS, "2024-13-02T03:04:05Z", "month out of range"),
        (SECONDS, "2024-02-30T03:04:05Z", "day out of range"),
        (SECONDS, "2024-01-02T03:04:05Zx", 'extra text: "x"'),
        (MICROSECONDS, "2024-01-02T03:04:05Z", 'cannot parse "Z" as ".000000"'),
    ],
)
def test_not_readable(layout: str, text: str, why: str) -> None:
    with pytest.raises(ValueError, match="parsing time") as caught:
        parse(layout, text)
    assert why in str(caught.value)
