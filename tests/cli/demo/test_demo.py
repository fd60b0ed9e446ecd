"""The demo's words and figures; the story itself is a scenario."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from controller.cli.demo.story import Result, release, result_of
from controller.cli.demo.view import Lines, Scene, Screen
from controller.crd import parse_release
from controller.sandbox.load import Account, Tally, Traffic

STATUS: dict[str, Any] = {
    "phase": "Progressing",
    "message": "abc at 20%, step 1 of 2 until at least 10:00:00 UTC",
    "weight": "20%",
    "step": {"position": "1/2", "measured": {"candidate": 199, "total": 1000}},
    "gates": [
        {"name": "success-rate", "verdict": "pass", "value": 0.999, "limits": ">= 99%", "sample": 400},
        {"name": "compare", "verdict": "inconclusive", "reason": "Not enough evidence yet on latency.", "sample": 0},
    ],
}


def tally(version: str, code: int, count: int, first: float, last: float) -> Tally:
    return Tally("users", version, code, "", count, first, last, 0.1, ())


def account(*tallies: Tally) -> Account:
    return Account(0.0, 100.0, tallies, (), 0, {"users": Traffic(0, 0, 0, 0, 0.0)})


def test_the_release_of_the_demo_is_one() -> None:
    assert parse_release(release()).strategy.steps


def test_lines_say_each_message_once() -> None:
    out = io.StringIO()
    lines = Lines(Console(file=out, width=200))
    for requests in (10, 20):
        lines.show(Scene(STATUS, requests, 0, {}))
    assert out.getvalue().count("step 1 of 2") == 1
    assert "[10 requests, 0 failed]" in out.getvalue()


def test_the_screen_shows_phase_weights_gates_and_what_happened() -> None:
    out = io.StringIO()
    console = Console(file=out, width=140, force_terminal=True, color_system=None)
    with Screen(console) as screen:
        screen.say("Started: release 2")
        screen.show(Scene(STATUS, 1234, 0, {"v1": 1000, "v2": 234}))
    shown = out.getvalue()
    for words in (
        "Progressing",
        "19.9% of 1,000",
        "1,234",
        "v1 1,000, v2 234",
        "Started: release 2",
        ">= 99%",
        "inconclusive",
    ):
        assert words in shown, words


@pytest.mark.parametrize(
    ("outcome", "tallies", "right"),
    [
        ("promoted", [tally("v2", 200, 90, 1, 9), tally("v1", 200, 10, 0, 5)], True),
        ("promoted", [tally("v2", 200, 90, 1, 9), tally("", 503, 1, 3, 3)], False),
        ("rolled-back", [tally("v2", 200, 90, 1, 9)], False),
    ],
)
def test_a_good_version_is_judged_by_its_users(outcome: str, tallies: list[Tally], right: bool) -> None:
    assert result_of(account(*tallies), "v2", "promoted", outcome, 30.0).right is right


def test_detection_counts_from_the_first_bad_answer_to_the_last_of_that_version() -> None:
    found = result_of(
        account(tally("v3", 200, 90, 1, 19.5), tally("v3", 500, 5, 10, 18)), "v3", "rolled-back", "rolled-back", 29.44
    )
    assert found.right
    assert json.loads(json.dumps(found.to_json())) == {
        "name": "v3",
        "outcome": "rolled-back",
        "seconds": 29.4,
        "requests": 95,
        "failedRequests": 0,
        "badRequestsServed": 5,
        "detectSeconds": 9.5,
    }
    assert found.sentence() == (
        "v3 was rolled back after 29 s; of 95 requests 0 failed because traffic moved; 5 were answered badly, for 10 s"
    )
    late = Result("v3", "rolled-back", "rolled-back", 60, 95, 0, 5, 30.1)
    assert not late.right
