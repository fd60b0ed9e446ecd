"""When a wait is over, by the states of a Release. Promoted is said of the revision that was meant, and of no other."""

from __future__ import annotations

from typing import Any

import pytest

from controller.cli.exits import Exit
from controller.cli.wait.goal import Goal, with_image

A = {"revision": "aaa", "images": ["x:1"]}
B = {"revision": "bbb", "images": ["x:2"]}
C = {"revision": "ccc", "images": ["x:3"]}


def state(phase: str, generation: int = 7, **status: Any) -> dict[str, Any]:
    body = {"phase": phase, "observedGeneration": 1, "template": {"generation": generation}, **status}
    return {"metadata": {"generation": 1}, "status": body}


BEFORE = state("Idle", 6, stable=A)
PREPARING = state("Preparing", stable=A, candidate=B)
STEPPING = state("Progressing", stable=A, candidate=B)
PROMOTED = state("Idle", stable=B)
BACK = state("RollingBack", stable=A, candidate=B, failed={"revision": "bbb", "message": "bbb: 5 % failed"})
FAILED = state("Failed", stable=A, failed={"revision": "bbb", "message": "5 % failed"})
OLD_FAILED = state("Failed", 6, stable=A, failed={"revision": "old", "message": "no"})
NEWER = state("Preparing", 8, stable=A, candidate=C)
REVERTED = state("Idle", 8, stable=A)
BAKING = state("Baking", stable=A, candidate=B)


@pytest.mark.parametrize(
    ("states", "end", "text"),
    [
        ([BEFORE, BEFORE], None, ""),
        ([BEFORE, PREPARING, STEPPING], None, ""),
        ([BEFORE, PREPARING, STEPPING, PROMOTED], Exit.DONE, "bbb is promoted: x:2 serves"),
        ([BEFORE, PROMOTED], Exit.DONE, "bbb is promoted: x:2 serves"),
        ([BEFORE, STEPPING, BAKING], None, ""),
        ([STEPPING, BACK], None, ""),
        ([STEPPING, BACK, FAILED], Exit.NO, "bbb was rolled back: 5 % failed"),
        ([FAILED], Exit.NO, "bbb was rolled back: 5 % failed"),
        ([OLD_FAILED], None, ""),
        ([OLD_FAILED, PREPARING, PROMOTED], Exit.DONE, "bbb is promoted: x:2 serves"),
        ([STEPPING, NEWER], Exit.SUPERSEDED, "bbb was superseded by ccc (x:3)"),
        ([STEPPING, REVERTED], Exit.SUPERSEDED, "bbb was taken out before its end; aaa (x:1) serves"),
        ([STEPPING, BACK, NEWER], Exit.NO, "bbb was rolled back: 5 % failed"),
        ([STEPPING, state("Preparing", 8, stable=B, candidate=C)], Exit.DONE, "bbb is promoted: x:2 serves"),
        ([STEPPING, None], Exit.CLUSTER, "the Release was deleted"),
        ([state("Preparing", candidate=B), PROMOTED], Exit.DONE, "bbb is promoted: x:2 serves"),
        ([{"metadata": {"generation": 1}}], None, ""),
    ],
)
def test_of_the_template_as_it_was(states: list[Any], end: Exit | None, text: str) -> None:
    goal = Goal(generation=7)
    ends = [goal.look(one, float(number)) for number, one in enumerate(states)]
    assert [one.exit if one else None for one in ends] == [None] * (len(states) - 1) + [end]
    assert (ends[-1].text if ends[-1] else "") == text


def test_a_status_of_an_older_spec_is_not_believed() -> None:
    edited = {**PROMOTED, "metadata": {"generation": 2}}
    assert Goal(generation=7).look(edited, 0) is None


def test_a_retry_that_nobody_has_handled_yet_comes_first() -> None:
    asked = {**FAILED, "metadata": {"generation": 1, "annotations": {"sluice.dev/command": "retry"}}}
    goal = Goal(generation=7)
    assert goal.look(asked, 0) is None
    assert goal.look(PREPARING, 1) is None
    assert (end := goal.look(PROMOTED, 2)) is not None
    assert end.exit is Exit.DONE


def test_a_release_may_be_invalid_for_a_moment_only() -> None:
    goal, invalid = Goal(generation=7), state("Invalid", stable=A, message="there is no Service podinfo")
    assert goal.look(invalid, 0) is None
    assert goal.look(invalid, 9.9) is None
    assert goal.look(STEPPING, 10) is None
    assert goal.look(invalid, 11) is None
    end = goal.look(invalid, 21)
    assert end is not None
    assert (end.exit, end.text) == (Exit.NO, "the Release cannot be followed: there is no Service podinfo")


def test_a_revision_that_was_named_is_waited_for_until_it_comes() -> None:
    goal = Goal(revision="ccc")
    for one in (BEFORE, STEPPING, PROMOTED, NEWER):
        assert goal.look(one, 0) is None
    end = goal.look(state("Idle", 8, stable=C), 0)
    assert end is not None
    assert end.exit is Exit.DONE


def test_who_runs_an_image() -> None:
    status = STEPPING["status"]
    assert (with_image(status, "x:2"), with_image(status, "x:1"), with_image(status, "x:9")) == ("bbb", "aaa", "")
