from __future__ import annotations

import pytest

from controller.core.release import Command, CommandName


@pytest.mark.parametrize("name", list(CommandName))
def test_every_command_is_known_by_its_word(name: CommandName) -> None:
    assert Command(name.value).known is name


@pytest.mark.parametrize("word", ["", "Abort", "abort ", "stop"])
def test_other_words_are_no_commands(word: str) -> None:
    assert Command(word).known is None
