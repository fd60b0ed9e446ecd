"""Users of the mesh's tests: plain HTTP/1.1 over kept connections, with an exact account of what they got."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass
class Account:
    """``answers`` counts (app, status); ``failed`` says what went wrong with requests that got no good answer."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def by(self, prefix: str) -> int:
        """Good answers of the apps whose names begin so."""
        return sum(count for (app, status), count in self.answers.items() if app.startswith(prefix) and status == 200)

    @property
    def total(self) -> int:
        return sum(self.answers.values())


async def _connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def _user(address: str, request: bytes, account: Account, left: list[int]) -> None:
    reader, writer = await _connect(address)
    try:
        while left[0] > 0:
            left[0] -= 1
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            status = int(head.split(" ", 2)[1])
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0)
            body = await reader.readexactly(length)
            app = json.loads(body).get("app", "") if status == 200 and body else ""
            account.answers[app, status] += 1
            if status != 200:
                account.failed.append(f"{status} {body[:100]!r}")
            if "connection: close" in head:  # Envoy drains: what comes next needs a new connection
                writer.close()
                reader, writer = await _connect(address)
    except (OSError, asyncio.IncompleteReadError) as error:
        account.failed.append(repr(error))
    finally:
        writer.close()


async def ask(address: str, host: str, times: int, *, users: int = 8, headers: str = "") -> Account:
    """``times`` requests by so many users at once."""
    account, left = Account(), [times]
    request = f"GET / HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n".encode()
    await asyncio.gather(*(_user(address, request, account, left) for _ in range(users)))
    return account


@contextlib.asynccontextmanager
async def steadily(address: str, host: str, *, users: int = 2) -> AsyncIterator[Account]:
    """Users who ask one request after the other for the length of the block; all have ended after it."""
    account, left = Account(), [10**9]
    request = f"GET / HTTP/1.1\r\nhost: {host}\r\n\r\n".encode()
    tasks = [asyncio.create_task(_user(address, request, account, left)) for _ in range(users)]
    try:
        yield account
    finally:
        left[0] = 0
        await asyncio.wait_for(asyncio.gather(*tasks), 30)
