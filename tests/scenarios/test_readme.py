"""The README followed to the letter: its sandbox, its first Release, its stop button, by real kubectl."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = re.compile(r"^  (\S.*?)\s{2,}http://([\d.]+:\d+)", re.MULTILINE)
KUBECONFIG = re.compile(r"export KUBECONFIG=(\S+)")
LOOKS = 4.0  # seconds that a person looks at what never ends by itself


def block(first: str) -> list[str]:
    """The commands of the code block that begins with these words."""
    (found,) = re.findall(rf"^```\n({re.escape(first)}.*?)^```", README, re.MULTILINE | re.DOTALL)
    return [line.strip() for line in str(found).splitlines() if line.strip()]


@dataclass
class Reader:
    """Somebody who types what the README says, with the addresses and the paths of this sandbox."""

    told: str
    background: list[Process]

    def __post_init__(self) -> None:
        sample = README[README.index("$ .venv/bin/sluice sandbox") :]
        here = dict(ADDRESS.findall(self.told))
        self.instead = {there: here[name] for name, there in ADDRESS.findall(sample)}
        self.instead[KUBECONFIG.findall(sample)[0]] = KUBECONFIG.findall(self.told)[0]
        self.instead[".venv/bin/"] = f"{BIN}/"
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        mine = {"KUBECONFIG": KUBECONFIG.findall(self.told)[0], "PATH": path, "USER": "ada", "NO_COLOR": "1"}
        self.environment = {**os.environ, **mine}

    async def begin(self, line: str) -> Process:
        for there, here in self.instead.items():
            line = line.replace(there, here)
        return await asyncio.create_subprocess_shell(
            f"exec {line}" if "|" not in line else line, cwd=ROOT, env=self.environment, stdout=PIPE, stderr=STDOUT
        )

    async def types(self, line: str) -> str:
        """What a command prints; AssertionError when it fails. One that never ends is left after a look at it."""
        process = await self.begin(line)
        assert process.stdout
        endless = "--watch" in line or " watch " in line
        printed = b""
        try:
            async with asyncio.timeout(LOOKS if endless else 60):
                while more := await process.stdout.read(65536):
                    printed += more
                await process.wait()
        except TimeoutError:
            assert endless, f"{line}: it does not end: {printed.decode()}"
            process.send_signal(signal.SIGINT)
            await process.wait()
            return printed.decode()
        assert process.returncode == 0, f"{line}: {printed.decode()}"
        return printed.decode()

    async def until(self, true: Callable[[dict[str, Any]], Any], seconds: float = 60) -> dict[str, Any]:
        """The first status of the Release for which it is true."""
        status: dict[str, Any] = {}
        try:
            async with asyncio.timeout(seconds):
                while not true(status):
                    found = json.loads(await self.types("kubectl get release podinfo -o json"))
                    status = found.get("status") or {}
        except TimeoutError:
            raise AssertionError(f"not within {seconds:g} s: {status.get('phase')}: {status.get('message')}") from None
        return status


async def ended(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.communicate()


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    if shutil.which("prometheus") is None:
        pytest.skip("no prometheus: apt-get install prometheus, or brew install prometheus")
    command = [sys.executable, "-u", "-m", "controller", "sandbox", "--for", "230"]
    sandbox = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE)
    assert sandbox.stdout
    told = ""
    async with asyncio.timeout(60):
        while "kubectl set image" not in told:
            line = await sandbox.stdout.readline()
            assert line, f"the sandbox ended: {told}"
            told += line.decode()
    background = [sandbox]
    yield Reader(told, background)
    for process in reversed(background):
        await ended(process)


async def test_the_first_release(reader: Reader) -> None:
    for line in re.findall(r"^  (kubectl get .*|curl .*)$", README, re.MULTILINE):
        printed = await reader.types(line)
        assert "podinfo" in printed or "x-demo-version: v1" in printed
    (switch,) = block("curl -X PUT")
    await reader.types(switch)

    (controller,) = block(".venv/bin/sluice run")
    reader.background.append(await reader.begin(controller))
    apply, get, push = block("kubectl apply -f manifests/examples/quick.yaml")
    await reader.types(apply)
    assert "podinfo" in await reader.types(get)
    await reader.until(lambda status: status.get("phase") == "Idle")
    await reader.types(push)
    await reader.until(lambda status: status.get("phase") == "Progressing")
    assert "podinfo:v2" in await reader.types(".venv/bin/sluice status podinfo -n shop")
    assert "Progressing" in await reader.types(".venv/bin/sluice watch podinfo -n shop")

    abort, the_same = block(".venv/bin/sluice abort")
    await reader.types(abort)
    failed = await reader.until(lambda status: status.get("phase") == "Failed")
    assert "checkout complains" in failed["message"]
    assert failed["stable"]["image"] == "podinfo:v1"
    await reader.types(the_same)
    await reader.until(lambda status: (status.get("handled") or {}).get("by") == "ada")
