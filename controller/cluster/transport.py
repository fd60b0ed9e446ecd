"""One HTTP request to the API server: time limit, safe retries, errors of ours, numbers.

What is repeated: reads, whatever failed; and any request that certainly had no effect (no connection, 401 with new
credentials, 429). A write without an answer is not repeated: it may have happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Self

import aiohttp

from controller.cluster import answers
from controller.cluster.access import Access
from controller.cluster.objects import Object
from controller.cluster.patches import JSON
from controller.errors import ClusterError, NotFound, Unreachable
from controller.telemetry import Telemetry

_METHODS = {"get": "GET", "list": "GET", "create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}
_TRIES = 4
_PAUSE = 0.1  # seconds before the second try, doubled after each, with full jitter on top of half
_CONNECT = 5.0  # seconds for a connection of a watch
_CALLS = 64  # connections for calls; a burst of workers waits rather than opens more


class MissingKind(NotFound):
    """The kind is not served: its CRD is not installed, or the path is unknown to the server in this version."""


@dataclass(frozen=True)
class Call:
    """One request. ``verb`` is Kubernetes' word for it, ``kind`` its label in metrics, ``limit`` in seconds."""

    verb: str
    path: str
    where: str
    kind: str
    limit: float
    params: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    content_type: str = JSON
    accept: str = JSON


class Transport:
    """HTTP sessions to one API server, one for calls and one for watches; an async context manager."""

    def __init__(
        self, access: Access, *, agent: str, telemetry: Telemetry, source: random.Random | None = None
    ) -> None:
        self._access = access
        self._agent = agent
        self._telemetry = telemetry
        self._random = source or random.Random()
        self._calls: aiohttp.ClientSession | None = None
        self._watches: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._calls = self._session(_CALLS)
        self._watches = self._session(0)  # a watch holds its connection for minutes: no limit, and none taken away
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in (self._calls, self._watches):
            if session is not None:
                await session.close()
        self._calls = self._watches = None

    def _session(self, limit: int) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            # Compression costs both sides more than the network inside a cluster does.
            headers=[("User-Agent", self._agent), ("Accept-Encoding", "identity"), *self._access.headers],
            connector=aiohttp.TCPConnector(limit=limit, ssl=self._access.secure),
            cookie_jar=aiohttp.DummyCookieJar(),
            read_bufsize=2**20,
        )

    async def call(self, call: Call) -> Object:
        """The decoded answer. Raises a ClusterError; never takes longer than ``call.limit`` seconds."""
        try:
            async with asyncio.timeout(call.limit) as limit:
                return await self._tries(call, limit)
        except TimeoutError:
            self._count(call, "timeout")
            known = "" if call.verb in ("get", "list") else "; whether it took effect is unknown"
            raise Unreachable(f"no answer within {call.limit:.3g} s{known}", where=call.where) from None

    async def _tries(self, call: Call, limit: asyncio.Timeout) -> Object:
        data = None if call.body is None else json.dumps(call.body, separators=(",", ":")).encode()
        renewed = False
        for number in range(1, _TRIES + 1):
            pause = self._random.uniform(0.5, 1.5) * _PAUSE * 2 ** (number - 1)
            try:
                code, headers, body = await self._once(call, data)
            except aiohttp.ClientError as error:
                self._count(call, "unreachable")
                failed: ClusterError = _unreachable(error, call.where)
                again = _never_sent(error) or (call.verb in ("get", "list") and not _hopeless(error))
            else:
                self._count(call, str(code))
                if 200 <= code < 300:
                    return answers.decoded(code, body, call.where)
                failed = _failed(code, body, call.where)
                if code == 401 and not renewed:
                    renewed, again, pause = True, True, 0.0
                    await self._access.renew()
                else:
                    again = code == 429 or (code >= 500 and call.verb in ("get", "list"))
                    pause = max(pause, _retry_after(headers))
            if not again or number == _TRIES or pause >= _left(limit):
                raise failed
            await asyncio.sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    async def _once(self, call: Call, data: bytes | None) -> tuple[int, Mapping[str, str], bytes]:
        if self._calls is None:
            raise RuntimeError("the cluster is used outside of its `async with` block")
        headers = {"Accept": call.accept} | await self._authorization()
        if data is not None:
            headers["Content-Type"] = call.content_type
        seconds = self._telemetry.api_seconds.labels(call.verb, call.kind)
        with seconds.time():
            async with self._calls.request(
                _METHODS[call.verb],
                self._access.url + call.path,
                params=call.params,
                data=data,
                headers=headers,
                proxy=self._access.proxy,
                server_hostname=self._access.server_name,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None),  # the whole call has one limit, retries included
            ) as answer:
                return answer.status, answer.headers, await answer.read()

    @contextlib.asynccontextmanager
    async def stream(self, call: Call, *, quiet: float) -> AsyncIterator[aiohttp.StreamReader]:
        """The body of a watch. ``call.limit`` bounds its whole life, ``quiet`` the seconds between two reads.

        Raises a ClusterError for an answer that is no watch; aiohttp's errors and TimeoutError while it is read.
        """
        if self._watches is None:
            raise RuntimeError("the cluster is used outside of its `async with` block")
        headers = {"Accept": call.accept} | await self._authorization()
        timeout = aiohttp.ClientTimeout(total=call.limit, sock_connect=_CONNECT, sock_read=quiet)
        async with self._watches.get(
            self._access.url + call.path,
            params=call.params,
            headers=headers,
            proxy=self._access.proxy,
            server_hostname=self._access.server_name,
            allow_redirects=False,
            timeout=timeout,
        ) as answer:
            self._count(call, str(answer.status))
            if answer.status != 200:
                if answer.status == 401:
                    await self._access.renew()
                raise _failed(answer.status, await answer.read(), call.where)
            if "json" not in answer.content_type:
                answers.decoded(200, await answer.content.read(8192), call.where)  # raises, with what it says
                _not_a_watch(answer.content_type, call.where)
            yield answer.content

    async def _authorization(self) -> dict[str, str]:
        value = await self._access.authorization()
        return {"Authorization": value} if value else {}

    def _count(self, call: Call, code: str) -> None:
        self._telemetry.api_requests.labels(call.verb, call.kind, code).inc()


def _not_a_watch(content_type: str, where: str) -> NoReturn:
    raise Unreachable(f"a watch answered with {content_type}; check what stands before the API server", where=where)


def _failed(code: int, body: bytes, where: str) -> ClusterError:
    if code == 404 and answers.is_missing_kind(body):
        return MissingKind("the API server does not serve this kind; install its CRDs", where=where, status=code)
    return answers.failure(code, body, where)


def _never_sent(error: aiohttp.ClientError) -> bool:
    return isinstance(error, aiohttp.ClientConnectorError) and not _hopeless(error)


def _hopeless(error: aiohttp.ClientError) -> bool:
    return isinstance(error, aiohttp.ClientSSLError | aiohttp.InvalidURL)


def _unreachable(error: aiohttp.ClientError, where: str) -> Unreachable:
    if isinstance(error, aiohttp.ClientSSLError):
        return Unreachable(f"no trusted connection to the API server: {error}; check its certificate authority",
                           where=where)  # fmt: skip
    return Unreachable(f"no answer from the API server: {error or type(error).__name__}", where=where)


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds; the API server sends whole seconds, never a date."""
    text = headers.get("Retry-After", "")
    return float(text) if text.isdigit() else 0.0


def _left(limit: asyncio.Timeout) -> float:
    when = limit.when()
    return float("inf") if when is None else when - asyncio.get_running_loop().time()
