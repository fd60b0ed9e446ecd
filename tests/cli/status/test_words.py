"""Values as people read them."""

from __future__ import annotations

from typing import Any

import pytest

from controller.cli.status.words import IN_PROGRESS, age, amount, duration, measured, position, told
from controller.core.decide import phases
from controller.core.status import Phase

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((-5, "0s"), (0, "0s"), (59.6, "1m"), (61, "1m1s"), (3600, "1h"), (3660, "1h1m")),
        *((86400, "1d"), (90000, "1d1h"), (86460, "1d"), (864000, "10d")),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [("2027-01-15T07:59:00Z", "1m"), ("2027-01-15T07:59:00.500Z", "1m"), ("yesterday", ""), (None, ""), (17, "")],
)
def test_an_age(moment: Any, text: str) -> None:
    assert age(moment, NOW) == text


@pytest.mark.parametrize(
    ("value", "limits", "text"),
    [
        *((None, ">= 99%", "-"), (True, "", "-"), (0.9987, ">= 99%", "99.87%"), (1.0, ">= 99.95%", "100%")),
        *((0.0, ">= 99%", "0%"), (0.25, "p99 <= 500ms", "250ms"), (1.5, "p50 <= 2s", "1.5s"), (7, ">= 5/s", "7/s")),
        *((0.1234567, "<= 0.1", "0.123457"), (1e9, "<= 2", "1e+09"), (0.002, "", "0.002")),
    ],
)
def test_a_gates_value_is_in_the_unit_of_its_limits(value: Any, limits: str, text: str) -> None:
    assert amount(value, limits) == text


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ({}, ""),
        ({"index": 0, "count": 3, "label": "5%"}, "1 of 3: 5%"),
        ({"index": 3, "count": 3, "label": "100%"}, "all 3 passed: 100%"),
    ],
)
def test_the_place_in_the_plan(step: dict[str, Any], text: str) -> None:
    assert position({"step": step}) == text


def test_the_measured_share_rests_on_requests() -> None:
    assert measured({"step": {"measured": {"candidate": 1234, "total": 12345}}}) == "10% (1,234 of 12,345 requests)"
    assert measured({"step": {"measured": {"candidate": 0, "total": 0}}}) == ""
    assert measured({}) == ""


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ({"name": "pause"}, "pause"),
        ({"name": "abort", "by": "ann", "at": "2027-01-15T07:59:00Z", "reason": "no"}, "abort by ann, 1m ago: no"),
        ({"name": "approve", "ignored": "no step waits"}, "approve (ignored: no step waits)"),
    ],
)
def test_a_command_in_one_line(command: dict[str, Any], text: str) -> None:
    assert told(command, NOW) == text


def test_the_phases_of_a_release_are_the_controllers() -> None:
    assert phases.IN_PROGRESS | {Phase.BAKING} == IN_PROGRESS
