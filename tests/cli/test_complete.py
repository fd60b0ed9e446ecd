"""Shell completion, asked as typer's scripts ask."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Sluice
from tests.stage import Stage


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("sluice status po", ["podinfo"]),
        ("sluice abort ", ["podinfo"]),
        ("sluice wait x", []),
        ("sluice status -n other po", []),
        ("sluice status --context s", ["sandbox"]),
        ("sluice promote", ["promote", "promote-full"]),
    ],
)
async def test_what_tab_offers(
    stage: Stage, typed: Callable[..., Sluice], monkeypatch: pytest.MonkeyPatch, line: str, offered: list[str]
) -> None:
    sluice = typed(stage.api)
    await stage.create()
    monkeypatch.setenv("_SLUICE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    assert (await sluice()).out.split() == offered


async def test_without_a_cluster_nothing_is_offered_and_nothing_said(
    typed: Callable[..., Sluice], monkeypatch: pytest.MonkeyPatch
) -> None:
    sluice = typed(None)
    monkeypatch.setenv("_SLUICE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "sluice status po")
    monkeypatch.setenv("COMP_CWORD", "2")
    said = await sluice()
    assert (said.out.strip(), said.err) == ("", "")
