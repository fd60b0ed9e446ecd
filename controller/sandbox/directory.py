"""The sandbox's folder: everything it writes is below it, and it goes away with the sandbox, whatever ends that."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

# A shell that waits for the end of its input and then removes the folder. Its input is a pipe whose other end only
# the sandbox holds, so that end comes even when the sandbox is killed. The wait before the removal is for children
# that die at the same moment (PR_SET_PDEATHSIG) and could still be writing; a second attempt catches the slow ones.
_JANITOR = 'cat >/dev/null; rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }'


@contextlib.asynccontextmanager
async def temporary() -> AsyncIterator[Path]:
    """A new empty folder for the length of the block; removed after it, and also after a SIGKILL of this process."""
    path = Path(tempfile.mkdtemp(prefix="sluice-"))
    janitor = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        _JANITOR,
        "sluice-janitor",
        str(path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C in the terminal is not for it
    )
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        assert janitor.stdin is not None
        janitor.stdin.close()
        await janitor.wait()
