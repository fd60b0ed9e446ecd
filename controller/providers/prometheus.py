"""Prometheus, and whatever speaks its HTTP API (Thanos, Mimir, VictoriaMetrics): a query -> rows, or lines over time.

Protocol: ``POST /api/v1/query`` with ``query``, ``time`` and ``timeout`` as a form, ``POST /api/v1/query_range`` with
``start``, ``end`` and ``step`` instead of the time (prometheus.io, "HTTP API"). POST, since a query that names hundreds
of workloads is longer than an address may be.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Self, TypeVar

import aiohttp

from controller.errors import ProviderError, SettingsError
from controller.providers.answer import Answer, decode, lines, rows
from controller.providers.measurement import Measurement, Past
from controller.telemetry import Telemetry

NAME = "prometheus"

_AT_ONCE = 8  # queries; Prometheus itself runs 20
_PAST_AT_ONCE = 2  # of them over a range, so that the looks of releases in progress find room
_MOST = 64 * 2**20  # bytes of an answer; a look at a thousand releases is about 6 MB

T = TypeVar("T")


class Prometheus:
    """One server; an async context manager.

    ``url`` may have a path prefix. ``authorization`` is the header's value, or a file that holds it and is read at
    every query. ``ca`` is a PEM file. ``limit`` is the time limit of a query in seconds; Prometheus itself is told to
    give up a little earlier, so that the error is its own. Raises SettingsError for a ``ca`` that cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        authorization: str | Path = "",
        ca: str = "",
        insecure: bool = False,
        limit: float = 10.0,
        telemetry: Telemetry | None = None,
        agent: str = "sluice",
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._url = url.rstrip("/") + "/api/v1/"
        self._authorization = authorization
        self._secure = _context(ca, insecure) if url.startswith("https") else True
        self._limit = limit
        self._agent = agent
        self._wall = wall
        self._telemetry = telemetry or Telemetry()
        self._session: aiohttp.ClientSession | None = None
        self._ranges = asyncio.Semaphore(_PAST_AT_ONCE)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers={"User-Agent": self._agent, "Accept": "application/json"},
            connector=aiohttp.TCPConnector(limit=_AT_ONCE, ssl=self._secure),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
        self._session = None

    async def measure(self, query: str, at: float) -> Measurement:
        """The instant vector of ``query`` at ``at`` (Unix seconds); a scalar is one row without labels."""

        def read(answer: Answer) -> Measurement:
            return Measurement(at, tuple(rows(answer.data)), "", answer.warnings, answer.skew)

        found = await self._ask("query", {"query": query, "time": f"{at:.3f}"}, read)
        return Measurement(at, error=found) if isinstance(found, str) else found

    async def past(self, query: str, start: float, end: float, step: float) -> Past:
        """The range vector of ``query``; few ranges at a time, so that no look waits for them."""
        form = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}"}
        async with self._ranges:
            found = await self._ask("query_range", form, lambda answer: Past(tuple(lines(answer.data))))
        return Past(error=found) if isinstance(found, str) else found

    async def _ask(self, path: str, form: Mapping[str, str], read: Callable[[Answer], T]) -> T | str:
        """What ``read`` makes of the answer, or why there is none; counted by outcome."""
        outcome, found = "unreachable", None
        try:
            with self._telemetry.provider_seconds.labels(NAME).time():
                async with asyncio.timeout(self._limit):
                    answer = await self._post(path, form)
            found = _read(answer, read)
            outcome, error = "ok", ""
        except TimeoutError:
            outcome, error = "timeout", f"Prometheus gave no answer within {self._limit:g} s"
        except aiohttp.ClientError as problem:
            error = f"Prometheus cannot be reached: {problem or type(problem).__name__}"
        except ProviderError as problem:
            outcome, error = "refused", str(problem)
        self._telemetry.provider_requests.labels(NAME, outcome).inc()
        return error if found is None else found

    async def _post(self, path: str, form: Mapping[str, str]) -> Answer:
        if self._session is None:
            raise RuntimeError("Prometheus is used outside of its `async with` block")
        async with self._session.post(
            self._url + path,
            data={**form, "timeout": f"{round(self._limit * 900)}ms"},
            headers=self._headers(),
            allow_redirects=False,  # a redirected POST loses its form
            timeout=aiohttp.ClientTimeout(total=None),
        ) as response:
            body = await _body(response)
            if 300 <= response.status < 400:
                target = response.headers.get("Location", "elsewhere")
                raise ProviderError(f"Prometheus sends us to {target}; use that address, or give the authorization")
            skew = self._skew(response.headers)
            if skew is not None:
                self._telemetry.provider_skew.labels(NAME).set(skew)
            return decode(response.status, body)._replace(skew=skew)

    def _headers(self) -> dict[str, str]:
        value = self._authorization
        if isinstance(value, Path):
            try:
                value = value.read_text().strip()
            except OSError as error:
                raise ProviderError(f"the authorization file {self._authorization}: {error.strerror}") from None
        return {"Authorization": value} if value else {}

    def _skew(self, headers: Mapping[str, str]) -> float | None:
        try:
            return parsedate_to_datetime(headers["Date"]).timestamp() - int(self._wall())
        except (KeyError, ValueError):
            return None


def _read(answer: Answer, read: Callable[[Answer], T]) -> T:
    try:
        return read(answer)
    except (ValueError, KeyError, TypeError) as error:
        raise ProviderError(f"Prometheus' answer cannot be read: {error!r}") from None


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for chunk in answer.content.iter_any():
        size += len(chunk)
        if size > _MOST:
            raise ProviderError(f"Prometheus' answer is larger than {_MOST // 2**20} MiB: aggregate in the query")
        parts.append(chunk)
    return b"".join(parts)


def _context(ca: str, insecure: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca or None)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"--prometheus-ca: {ca} cannot be used: {error}; it must be a PEM file") from None
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
