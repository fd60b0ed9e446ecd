"""The users' process, held from Python."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, Self

import aiohttp

from controller.errors import SandboxError
from controller.sandbox.load.account import Account
from controller.sandbox.load.group import Group
from controller.sandbox.programs import Program, start_users


class Load:
    """Starts the users' process and talks to it; an async context manager that stops it at the end.

    ``folder`` takes its log (``load.log``), ``record`` is a file for every answer as a line of JSON. It ends after
    ``max_seconds`` in any case. ``url`` is where it is steered and read. All methods raise SandboxError when the
    process is gone or refuses.
    """

    def __init__(self, folder: Path, *, record: Path | None = None, max_seconds: float = 3600.0) -> None:
        self.url = ""
        self._folder = folder
        self._record = record
        self._max_seconds = max_seconds
        self._program: Program | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._program = await start_users(self._folder, record=self._record, max_seconds=self._max_seconds)
        try:
            self.url = await self._program.url("it should take a second")
        except BaseException:
            await self._program.child.stop()
            raise
        self._session = aiohttp.ClientSession(self.url, timeout=aiohttp.ClientTimeout(total=None))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
        if self._program is not None:
            await self._program.child.stop()

    @property
    def pid(self) -> int:
        assert self._program is not None, "use `async with`"
        return self._program.child.pid

    async def set_group(self, group: Group) -> None:
        """Starts the group, or changes it while it runs (its rate, say)."""
        body = group.to_json()
        await self._call("PUT", f"/groups/{body.pop('name')}", body)

    async def remove_group(self, name: str) -> None:
        """Stops the group; its account stays."""
        await self._call("DELETE", f"/groups/{name}")

    async def groups(self) -> list[Group]:
        """The groups that run or pause."""
        return [Group(**group) for group in await self._call("GET", "/groups")]

    async def mark(self) -> int:
        """A mark for :meth:`account`: what happens from now on."""
        mark: int = (await self._call("POST", "/mark"))["mark"]
        return mark

    async def account(self, since: int = 0) -> Account:
        """The account since a mark, or since the start."""
        return Account.from_json(await self._call("GET", f"/account?since={since}"))

    async def pause(self, names: Collection[str] | None = None) -> None:
        """No new requests from these groups (None: all) until resumed."""
        await self._call("POST", "/pause", {"groups": None if names is None else list(names)})

    async def resume(self, names: Collection[str] | None = None) -> None:
        """Goes on after a pause or a drain, without making up for it."""
        await self._call("POST", "/resume", {"groups": None if names is None else list(names)})

    async def drain(self) -> None:
        """Pauses all groups and waits until no request is outstanding: from then on the account stands still."""
        await self._call("POST", "/drain")

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        assert self._session is not None, "use `async with`"
        assert self._program is not None
        try:
            async with self._session.request(method, path, json=body) as answer:
                result = await answer.json()
        except (aiohttp.ClientError, OSError) as error:
            self._program.child.check()
            raise SandboxError(f"the users' process does not answer: {error}") from error
        if answer.status >= 400:
            raise SandboxError(result["error"])
        return result
