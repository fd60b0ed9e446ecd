"""A real Prometheus that scrapes the mesh each second, and a small client for its queries."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import aiohttp

from controller.errors import SandboxError
from controller.sandbox.process import Child, free_port, start

_MISSING = (
    "Prometheus is not installed; get it with: apt-get install -y prometheus (Debian, Ubuntu) or "
    "brew install prometheus (macOS)"
)
# Labels that Istio calls "unknown" where it knows nothing; Envoy's logger gives an empty value there.
_UNKNOWN = (
    "source_workload",
    "source_workload_namespace",
    "source_app",
    "source_version",
    "source_canonical_service",
    "destination_workload",
    "destination_workload_namespace",
    "destination_app",
    "destination_version",
    "destination_canonical_service",
    "destination_service",
    "destination_service_name",
    "destination_service_namespace",
)
_COUNTED = 'sum({__name__=~"istio_requests_total|istio_request_duration_milliseconds_count"})'
_LATEST = ("source_canonical_revision", "destination_canonical_revision")


@dataclass(frozen=True)
class Target:
    """``address`` is host:port; ``path`` may carry a query. ``istio``: the metrics are Envoy's and become Istio's."""

    job: str
    address: str
    path: str = "/metrics"
    istio: bool = False


@dataclass(frozen=True)
class Sample:
    """One series of an instant query."""

    labels: Mapping[str, str]
    value: float
    time: float


@dataclass(frozen=True)
class Series:
    """One series of a range query: (seconds since the epoch, value) in order."""

    labels: Mapping[str, str]
    values: tuple[tuple[float, float], ...]


def installed() -> str:
    """The path of the program. Raises SandboxError, naming the command that gets it."""
    program = shutil.which("prometheus")
    if program is None:
        raise SandboxError(_MISSING)
    return program


def mesh_target(address: str, path: str, job: str = "envoy") -> Target:
    """The target of a Mesh: ``mesh_target(mesh.target, mesh.metrics_path)``."""
    return Target(job, address, path, istio=True)


def scrape_config(targets: Iterable[Target], interval: str = "1s") -> dict[str, Any]:
    """Prometheus's configuration. JSON is YAML, so it is written as it is."""
    return {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "scrape_configs": [_job(target) for target in targets],
    }


def _job(target: Target) -> dict[str, Any]:
    parts = urlsplit(target.path)
    job: dict[str, Any] = {
        "job_name": target.job,
        "metrics_path": parts.path,
        "params": parse_qs(parts.query, keep_blank_values=True),
        "static_configs": [{"targets": [target.address]}],
    }
    if target.istio:
        job["metric_relabel_configs"] = [
            {
                "source_labels": ["__name__"],
                "regex": "envoy_(istio_.+)",
                "target_label": "__name__",
                "replacement": "$1",
            },
            {"source_labels": ["__name__"], "regex": "istio_.+", "action": "keep"},
            *(_filled(label, "unknown") for label in _UNKNOWN),
            *(_filled(label, "latest") for label in _LATEST),
        ]
    return job


def _filled(label: str, value: str) -> dict[str, Any]:
    return {"source_labels": [label], "regex": "-?", "target_label": label, "replacement": value}


class Prometheus:
    """One running Prometheus. An async context manager: the block begins when every target was scraped once.

    With ``wait=False`` it begins as soon as Prometheus answers, and :meth:`scraped` does the waiting (a first scrape
    takes five to ten seconds: Prometheus looks for targets that seldom).
    """

    def __init__(self, directory: Path, targets: Iterable[Target], *, wait: bool = True, interval: str = "1s") -> None:
        self.directory = directory
        self.targets = list(targets)
        self.log = directory / "prometheus.log"
        self.url = ""
        self._wait = wait
        self._interval = interval
        self._child: Child | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        program = installed()
        self.directory.mkdir(parents=True, exist_ok=True)
        config = self.directory / "prometheus.yml"
        config.write_text(json.dumps(scrape_config(self.targets, self._interval), indent=1))
        with free_port() as port:
            self.url = f"http://127.0.0.1:{port}"
        argv = [program, f"--config.file={config}", f"--storage.tsdb.path={self.directory / 'data'}"]
        argv += [f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=1d", "--log.level=warn"]
        self._child = await start("Prometheus", argv, self.log)
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        try:
            await self._ready()
            if self._wait:
                await self.scraped()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
        if self._child is not None:
            await self._child.stop()

    async def scraped(self, timeout: float = 30.0) -> None:
        """Wait until every target has been scraped. Raises SandboxError, with their errors, after ``timeout``."""
        try:
            async with asyncio.timeout(timeout):
                while len(await self.query("up == 1")) < len(self.targets):
                    self.check()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise SandboxError(f"Prometheus scraped nothing within {timeout:g} s: {await self._troubles()}") from None

    async def query(self, promql: str, time: float | None = None) -> list[Sample]:
        """An instant query, at ``time`` (seconds since the epoch) or now.

        A scalar comes as one sample without labels. Raises SandboxError for a query that Prometheus refuses.
        """
        data = {"query": promql} if time is None else {"query": promql, "time": repr(time)}
        answer = await self._post("/api/v1/query", data)
        if answer["resultType"] == "scalar":
            return [Sample({}, float(answer["result"][1]), float(answer["result"][0]))]
        return [Sample(s["metric"], float(s["value"][1]), float(s["value"][0])) for s in answer["result"]]

    async def query_range(self, promql: str, start: float, end: float, step: float) -> list[Series]:
        """A range query; times in seconds since the epoch, ``step`` in seconds."""
        data = {"query": promql, "start": repr(start), "end": repr(end), "step": repr(step)}
        answer = await self._post("/api/v1/query_range", data)
        return [
            Series(one["metric"], tuple((float(at), float(value)) for at, value in one["values"]))
            for one in answer["result"]
        ]

    async def steady(self, promql: str = _COUNTED, timeout: float = 30.0) -> float:
        """Wait until a number is the same after one more scrape of every target; the number (0 without series).

        Without ``promql`` it is all that the mesh counts of requests: Envoy adds to its histograms a little later than
        to its counters. Raises SandboxError when it still changes after ``timeout`` seconds.
        """
        seen: tuple[float, float] | None = None  # (value, time of the scrape it was seen in)
        try:
            async with asyncio.timeout(timeout):
                while True:
                    scraped = min((one.value for one in await self.query("timestamp(up)")), default=0.0)
                    value = sum(one.value for one in await self.query(promql))
                    if seen is None or seen[0] != value:
                        seen = (value, scraped)
                    elif scraped > seen[1]:
                        return value
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise SandboxError(f"{promql} still changes after {timeout:g} s") from None

    def check(self) -> None:
        """Raises SandboxError when Prometheus has ended."""
        if self._child is not None:
            self._child.check()

    async def _ready(self) -> None:
        assert self._session is not None
        assert self._child is not None
        try:
            async with asyncio.timeout(20):
                while True:
                    self._child.check()
                    try:
                        async with self._session.get(f"{self.url}/-/ready") as answer:
                            if answer.status == 200:
                                return
                    except aiohttp.ClientError:
                        pass
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise SandboxError(f"Prometheus did not start within 20 s:\n{self._child.last_words()}") from None

    async def _post(self, path: str, data: Mapping[str, str]) -> Any:
        assert self._session is not None, "use `async with`"
        try:
            async with self._session.post(f"{self.url}{path}", data=data) as answer:
                body = await answer.json(content_type=None)
        except (aiohttp.ClientError, ValueError, TimeoutError) as error:
            self.check()
            raise SandboxError(f"Prometheus does not answer: {error}") from error
        if body.get("status") != "success":
            raise SandboxError(f"Prometheus refuses {data['query']!r}: {body.get('error')}")
        return body["data"]

    async def _troubles(self) -> str:
        assert self._session is not None
        async with self._session.get(f"{self.url}/api/v1/targets") as answer:
            found = (await answer.json())["data"]["activeTargets"]
        return "; ".join(f"{one['scrapeUrl']}: {one['lastError'] or one['health']}" for one in found) or "no targets"
