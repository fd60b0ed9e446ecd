"""Whether a command can be said now, and what became of one. Pure."""

from __future__ import annotations

from typing import Any

import pytest

from controller.cli.commands.answer import answered
from controller.cli.commands.carry_out import makes_sense
from controller.cli.commands.give import Given, Place, Words, place
from controller.cli.exits import Exit
from controller.core.status import Phase

MINE = Words("pause", "eve", "lunch")
NONE: dict[str, str] = {}
SAME = {"sluice.dev/command": "pause", "sluice.dev/by": "eve", "sluice.dev/reason": "lunch"}
OTHER = {"sluice.dev/command": "abort", "sluice.dev/by": "ann"}
DONE = {"name": "pause", "by": "eve", "reason": "lunch", "at": "1"}
NOTED = {**DONE, "cleared": True}
ABORTED = {"name": "abort", "by": "ann", "at": "1"}


def release(annotations: dict[str, str] | None, handled: dict[str, Any] | None, **status: Any) -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": "podinfo"} | ({} if annotations is None else {"annotations": annotations})
    return {"metadata": metadata, "status": status | ({"handled": handled} if handled else {})}


@pytest.mark.parametrize(
    ("annotations", "handled", "found"),
    [
        (None, None, Place.FREE),
        (NONE, None, Place.FREE),
        (NONE, ABORTED, Place.FREE),
        (NONE, NOTED, Place.FREE),
        (OTHER, None, Place.OTHER),
        (OTHER, NOTED, Place.OTHER),
        (OTHER, {**ABORTED, "cleared": True}, Place.OTHER),
        (SAME, None, Place.SAME),
        (SAME, NOTED, Place.SAME),
        # Handled, and not taken away yet: other words may take its place, the same would be taken for the old ones.
        (OTHER, ABORTED, Place.FREE),
        (SAME, DONE, Place.UNNOTED),
        (NONE, DONE, Place.UNNOTED),
    ],
)
def test_where_a_command_goes(annotations: dict[str, str] | None, handled: dict[str, Any] | None, found: Place) -> None:
    assert place(release(annotations, handled), MINE) is found


@pytest.mark.parametrize(
    ("annotations", "handled", "exit_", "text"),
    [
        (SAME, None, None, ""),
        (SAME, {**NOTED, "at": "0"}, None, ""),
        (SAME, DONE, Exit.DONE, "pause is done; Paused: at 20%"),
        (NONE, NOTED, Exit.DONE, "pause is done; Paused: at 20%"),
        (NONE, {**DONE, "ignored": "there is none"}, Exit.NO, "pause was ignored: there is none"),
        (NONE, {**NOTED, "at": "0"}, Exit.NO, "pause was taken away before it was handled"),
        (OTHER, None, Exit.NO, "pause was replaced by abort by ann before it was handled"),
    ],
)
def test_what_became_of_it(
    annotations: dict[str, str], handled: dict[str, Any] | None, exit_: Exit | None, text: str
) -> None:
    given = Given(MINE, {}, before=(MINE, "0"))
    answer = answered(given, release(annotations, handled, phase="Paused", message="at 20%"))
    assert (answer and answer.exit, answer.text if answer else "") == (exit_, text)


def test_other_words_handled_in_the_same_moment_are_told_apart() -> None:
    given = Given(MINE, {}, before=(Words("resume", "eve"), "1"))
    answer = answered(given, release(NONE, DONE, phase="Paused", message="at 20%"))
    assert answer is not None
    assert answer.exit is Exit.DONE


def test_a_release_that_is_gone_answers_nothing() -> None:
    answer = answered(Given(MINE, {}), None)
    assert answer is not None
    assert answer.exit is Exit.CLUSTER


@pytest.mark.parametrize(
    ("command", "phases"),
    [
        ("abort", {"Preparing", "Progressing", "Waiting", "Paused", "Promoting", "Baking"}),
        ("pause", {"Preparing", "Progressing", "Waiting", "Promoting", "Baking"}),
    ],
)
def test_who_is_meant_by_all(command: str, phases: set[str]) -> None:
    assert {phase.value for phase in Phase if makes_sense(command, release(None, None, phase=phase.value))} == phases


def test_only_what_was_paused_is_resumed() -> None:
    assert makes_sense("resume", release(None, None, phase="Paused", paused=True))
    assert not makes_sense("resume", release(None, None, phase="Paused"))
