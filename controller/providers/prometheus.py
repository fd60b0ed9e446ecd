"""Prometheus, and whatever speaks its HTTP API (Thanos, Mimir, VictoriaMetrics): one instant query -> rows.

Protocol: ``POST /api/v1/query`` with ``query``, ``time`` and ``timeout`` as a form (prometheus.io, "HTTP API"). POST,
since a query that names hundreds of workloads is longer than an address may be.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Self

import aiohttp

from controller.errors import ProviderError, SettingsError
from controller.providers.measurement import Measurement, Row
from controller.telemetry import Telemetry

NAME = "prometheus"

_AT_ONCE = 8  # queries; Prometheus itself runs 20
_MOST = 64 * 2**20  # bytes of an answer; a look at a thousand releases is about 6 MB
_EXCERPT = 200


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
        self._url = url.rstrip("/") + "/api/v1/query"
        self._authorization = authorization
        self._secure = _context(ca, insecure) if url.startswith("https") else True
        self._limit = limit
        self._agent = agent
        self._wall = wall
        self._telemetry = telemetry or Telemetry()
        self._session: aiohttp.ClientSession | None = None

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
        outcome = "unreachable"
        try:
            with self._telemetry.provider_seconds.labels(NAME).time():
                async with asyncio.timeout(self._limit):
                    measured = await self._ask(query, at)
            outcome = "ok"
        except TimeoutError:
            outcome = "timeout"
            measured = Measurement(at, error=f"Prometheus gave no answer within {self._limit:g} s")
        except aiohttp.ClientError as error:
            measured = Measurement(at, error=f"Prometheus cannot be reached: {error or type(error).__name__}")
        except ProviderError as error:
            outcome = "refused"
            measured = Measurement(at, error=str(error))
        self._telemetry.provider_requests.labels(NAME, outcome).inc()
        return measured

    async def _ask(self, query: str, at: float) -> Measurement:
        if self._session is None:
            raise RuntimeError("Prometheus is used outside of its `async with` block")
        form = {"query": query, "time": f"{at:.3f}", "timeout": f"{round(self._limit * 900)}ms"}
        async with self._session.post(
            self._url,
            data=form,
            headers=self._headers(),
            allow_redirects=False,  # a redirected POST loses its form
            timeout=aiohttp.ClientTimeout(total=None),
        ) as answer:
            body = await _body(answer)
            if 300 <= answer.status < 400:
                target = answer.headers.get("Location", "elsewhere")
                raise ProviderError(f"Prometheus sends us to {target}; use that address, or give the authorization")
            rows, warnings = decode(answer.status, body)
            return Measurement(at, rows, "", warnings, self._skew(answer.headers))

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


def decode(code: int, body: bytes) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Rows and warnings of an answer. Raises ProviderError, naming what is wrong with it."""
    try:
        answer = json.loads(body)
        status = answer["status"]
    except (ValueError, KeyError, TypeError):
        raise ProviderError(_no_prometheus(code, body)) from None
    if status != "success":
        kind, text = answer.get("errorType", "error"), answer.get("error", "no reason given")
        raise ProviderError(f"Prometheus refused the query ({kind}): {text}")
    try:
        data = answer["data"]
        warnings = tuple(str(text) for text in answer.get("warnings") or ())
        return tuple(_rows(data["resultType"], data["result"])), warnings
    except (ValueError, KeyError, TypeError) as error:
        raise ProviderError(f"Prometheus' answer cannot be read: {error!r}") from None


def _rows(kind: str, result: Any) -> list[Row]:
    if kind == "scalar":
        return [Row({}, float(result[1]))]
    if kind != "vector":
        raise ProviderError(f"the query gives a {kind}, one value per series is needed: use an instant expression")
    rows = []
    for series in result:
        if "value" not in series:
            raise ProviderError("the query gives native histograms: take a quantile or a sum of them")
        rows.append(Row(series["metric"], float(series["value"][1])))  # float() reads NaN, +Inf and -Inf
    return rows


def _no_prometheus(code: int, body: bytes) -> str:
    text = " ".join(body[:_EXCERPT].decode(errors="replace").split())
    if code in (401, 403):
        return f"Prometheus answered {code}: give an Authorization header that it accepts ({text})"
    if code == 404:
        return "Prometheus answered 404: check the address and its path prefix"
    return f"what answered ({code}) is not Prometheus: {text or 'nothing'}; check the address"


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
