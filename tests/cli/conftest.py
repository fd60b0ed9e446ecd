"""The command line as somebody types it, against an embedded API in the same process."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from controller.cli import main
from controller.sandbox.api import EmbeddedApi
from controller.sandbox.api.kubeconfig import kubeconfig
from tests.stage import CRDS, NAMESPACE, Stage, staged


@dataclass(frozen=True)
class Said:
    """What a command printed and its exit status."""

    code: int
    out: str
    err: str


Sluice = Callable[..., Coroutine[Any, Any, Said]]


@pytest.fixture
async def api() -> AsyncIterator[EmbeddedApi]:
    async with EmbeddedApi(CRDS) as api:
        yield api


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as running:
        yield running


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[EmbeddedApi | None], Sluice]:
    """Types a command, with that API in its kubeconfig (none: without any kubeconfig)."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)

    def on(api: EmbeddedApi | None) -> Sluice:
        if api is not None:
            path = tmp_path / "kubeconfig"
            path.write_text(json.dumps(kubeconfig(api.connection, NAMESPACE)))
            monkeypatch.setenv("KUBECONFIG", str(path))

        async def sluice(*arguments: str, program: str = "sluice", typing: str = "") -> Said:
            return await asyncio.to_thread(_run, [program, *arguments], typing)

        return sluice

    return on


@pytest.fixture
def sluice(typed: Callable[[EmbeddedApi | None], Sluice], api: EmbeddedApi) -> Sluice:
    return typed(api)


def _run(argv: list[str], typing: str) -> Said:
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", argv)
        patch.setattr(sys, "stdin", io.StringIO(typing))
        try:
            main()
            code: object = 0
        except SystemExit as ended:
            code = ended.code
    return Said(code if isinstance(code, int) else 0 if code is None else 1, out.getvalue(), err.getvalue())
