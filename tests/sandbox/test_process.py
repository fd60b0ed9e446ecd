from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import SandboxError
from controller.sandbox import directory, process

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
]


async def until(condition: Callable[[], bool], limit: float = 10.0) -> None:
    """Wait for a callable to become true; fails after ``limit`` seconds."""
    async with asyncio.timeout(limit):
        while not condition():
            await asyncio.sleep(0.01)


def gone(pid: int) -> bool:
    """No such process, or only its entry in the table of an owner who has not asked for its status."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


async def test_a_child_is_stopped_by_pid_and_its_output_kept(tmp_path: Path) -> None:
    child = await process.start("sleeper", SLEEPER, tmp_path / "log")
    await until(lambda: "up" in child.last_words())
    assert child.returncode is None
    child.check()
    await child.stop()
    assert child.returncode == -signal.SIGTERM
    assert gone(child.pid)
    with pytest.raises(SandboxError, match=r"sleeper ended with status -15:\nup"):
        child.check()
    await child.stop()  # a second time is harmless


async def test_a_child_that_said_nothing_ends_the_sentence(tmp_path: Path) -> None:
    child = await process.start("silent", [sys.executable, "-c", "raise SystemExit(3)"], tmp_path / "log")
    await until(lambda: child.returncode is not None)
    with pytest.raises(SandboxError, match=r"silent ended with status 3$"):
        child.check()


async def test_a_child_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    child = await process.start("stubborn", STUBBORN, tmp_path / "log")
    await until(lambda: "up" in child.last_words())
    await child.stop(grace=0.05)
    assert child.returncode == -signal.SIGKILL


async def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="the program /no/such/program was not found"):
        await process.start("ghost", ["/no/such/program"], tmp_path / "log")


def test_ports_are_distinct_and_free_afterwards() -> None:
    with process.free_port() as one, process.free_port() as two:
        assert one != two
    for port in (one, two):
        with socket.socket() as again:
            again.bind(("127.0.0.1", port))


OWNER = """
import asyncio, sys
from collections.abc import Callable
from pathlib import Path
from controller.sandbox import directory, process

async def main():
    async with directory.temporary() as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("x")
        argv = [sys.executable, "-c", "import time; time.sleep(60)"]
        child = await process.start("child", argv, folder / "log")
        print(child.pid, folder, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent: run it there")
async def test_a_killed_owner_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    owner = await asyncio.create_subprocess_exec(sys.executable, "-c", OWNER, stdout=asyncio.subprocess.PIPE)
    assert owner.stdout is not None
    line = (await asyncio.wait_for(owner.stdout.readline(), 20)).decode().split()
    child, folder = int(line[0]), Path(line[1])
    assert folder.exists()
    assert not gone(child)
    os.kill(owner.pid, signal.SIGKILL)
    await owner.wait()
    await until(lambda: gone(child))
    await until(lambda: not folder.exists())


async def test_the_folder_goes_with_the_block() -> None:
    async with directory.temporary() as folder:
        (folder / "file").write_text("x")
    assert not folder.exists()
