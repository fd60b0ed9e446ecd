"""One API for the suites: the embedded one, or a real kube-apiserver where KUBEBUILDER_ASSETS names a folder with both
``etcd`` and ``kube-apiserver`` (the ecosystem's convention). No controllers run in either.

``connection``, ``client``, ``namespace`` and ``kubeconfig`` are the same for both. A test that needs what only the
embedded API has (faults, the audit log, compaction, a clock) asks for ``embedded``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.sandbox.api import EmbeddedApi
from controller.sandbox.api.kubeconfig import kubeconfig as kubeconfig_of
from controller.sandbox.client import Client, Connection
from tests.real import real_server

Object = dict[str, Any]
TOKEN = "tests-admin"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "kubectl: runs the real kubectl")


@pytest.fixture(scope="session")
def real_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection | None]:
    """A real API server with its etcd for the whole session; None where KUBEBUILDER_ASSETS is not set."""
    assets = os.environ.get("KUBEBUILDER_ASSETS", "")
    if not assets:
        yield None
        return
    folder = tmp_path_factory.mktemp("kube-apiserver")
    with real_server(assets, folder, f'{TOKEN},system:admin,1,"system:masters"\n') as (url, ca):
        yield Connection(url, TOKEN, ca)


@pytest.fixture
async def _embedded(real_api: Connection | None) -> AsyncIterator[EmbeddedApi | None]:
    if real_api is not None:
        yield None
        return
    async with EmbeddedApi() as api:
        yield api


@pytest.fixture
def embedded(_embedded: EmbeddedApi | None) -> EmbeddedApi:
    """The embedded API, for what a real one does not have."""
    if _embedded is None:
        pytest.skip("asks for what only the embedded API has; KUBEBUILDER_ASSETS names a real one")
    return _embedded


@pytest.fixture
def connection(_embedded: EmbeddedApi | None, real_api: Connection | None) -> Connection:
    """How to reach the API under test."""
    if _embedded is not None:
        return _embedded.connection
    assert real_api is not None
    return real_api


@pytest.fixture
async def client(connection: Connection) -> AsyncIterator[Client]:
    async with Client(connection, "tests") as opened:
        yield opened


@pytest.fixture
async def namespace(client: Client) -> str:
    """A namespace of the test's own."""
    made = await client.create("/api/v1/namespaces", {"metadata": {"generateName": "test-"}})
    return str(made["metadata"]["name"])


@pytest.fixture
def kubeconfig(connection: Connection, namespace: str, tmp_path: Path) -> Path:
    """A kubeconfig file whose namespace is the test's own."""
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(kubeconfig_of(connection, namespace)))
    return file


@pytest.fixture
def unique(namespace: str) -> Callable[[str], str]:
    """Names for cluster-scoped things, unique to the test."""
    suffix = namespace.removeprefix("test-")
    return lambda word: f"{word}{suffix}"


def pytest_report_header() -> str | None:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    missing = [name for name in ("etcd", "kube-apiserver") if assets and not shutil.which(name, path=assets)]
    if missing:
        raise pytest.UsageError(
            f"KUBEBUILDER_ASSETS={assets} holds no {' and no '.join(missing)}: unset it or add them"
        )
    return f"sandbox: real kube-apiserver from {assets}" if assets else None
