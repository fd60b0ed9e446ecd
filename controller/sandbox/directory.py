"""The sandbox's folder: everything it writes is below it, and it goes away with the sandbox, whatever ends that."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from controller.sandbox.process import spawn

# A shell that waits for the end of its input and then removes the folder. Its input is a pipe whose other end only
# the sandbox holds, so that end comes even when the sandbox is killed. The wait before the removal is for children
# that die at the same moment (PR_SET_PDEATHSIG) and could still be writing; a second attempt catches the slow ones.
_JANITOR = 'cat >/dev/null; rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }'


@contextlib.asynccontextmanager
async def temporary() -> AsyncIterator[Path]:
    """A new empty folder for the length of the block; removed after it, and also after a SIGKILL of this process."""
    path = Path(tempfile.gettempdir()) / f"sluice-{secrets.token_hex(8)}"
    # The janitor first: were the folder there before, a kill in between would leave it.
    janitor = await spawn(
        "/bin/sh",
        "-c",
        _JANITOR,
        "sluice-janitor",
        str(path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        path.mkdir(mode=0o700)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        assert janitor.stdin is not None
        janitor.stdin.close()
        await janitor.wait()
