"""One API for the suites: the embedded one, or a real kube-apiserver where KUBEBUILDER_ASSETS names a folder with both
``etcd`` and ``kube-apiserver`` (the ecosystem's convention). No controllers run in either.

``connection``, ``client``, ``namespace`` and ``kubeconfig`` are the same for both. A test that needs what only the
embedded API has (faults, the audit log, compaction, a clock) asks for ``embedded``.
"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.sandbox.api import EmbeddedApi
from controller.sandbox.api.kubeconfig import kubeconfig as kubeconfig_of
from controller.sandbox.client import Client, Connection

Object = dict[str, Any]
TOKEN = "tests-admin"
START_SECONDS = 60


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "kubectl: runs the real kubectl")


def _free_port() -> int:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return int(holder.getsockname()[1])


def _start(stack: ExitStack, command: list[str], log: Path) -> subprocess.Popen[bytes]:
    output = stack.enter_context(log.open("wb"))
    process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)

    def stop() -> None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    stack.callback(stop)
    return process


def _wait_ready(connection: Connection, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until /readyz says so, or the process is gone, or the time is up."""
    end = time.monotonic() + START_SECONDS
    headers = {"Authorization": f"Bearer {connection.token}"}
    while time.monotonic() < end and process.poll() is None:
        try:
            secure = ssl.create_default_context(cafile=connection.ca)
            request = urllib.request.Request(f"{connection.url}/readyz", headers=headers)
            with urllib.request.urlopen(request, timeout=2, context=secure):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"kube-apiserver did not become ready; the end of its log:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def real_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection | None]:
    """A real API server with its etcd for the whole session; None where KUBEBUILDER_ASSETS is not set."""
    assets = os.environ.get("KUBEBUILDER_ASSETS", "")
    if not assets:
        yield None
        return
    folder = tmp_path_factory.mktemp("kube-apiserver")
    key, public = folder / "sa.key", folder / "sa.pub"
    for command in (["genrsa", "-out", str(key), "2048"], ["rsa", "-in", str(key), "-pubout", "-out", str(public)]):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    tokens = folder / "tokens.csv"
    tokens.write_text(f'{TOKEN},system:admin,1,"system:masters"\n')
    etcd, peer, port = f"http://127.0.0.1:{_free_port()}", f"http://127.0.0.1:{_free_port()}", _free_port()
    with ExitStack() as stack:
        etcd_flags = {
            "--data-dir": str(folder / "etcd"),
            "--listen-client-urls": etcd,
            "--advertise-client-urls": etcd,
            "--listen-peer-urls": peer,
            "--initial-advertise-peer-urls": peer,
            "--initial-cluster": f"default={peer}",
            "--log-level": "error",
        }
        _start(stack, [str(Path(assets, "etcd")), *(f"{k}={v}" for k, v in etcd_flags.items())], folder / "etcd.log")
        flags = {
            "--etcd-servers": etcd,
            "--bind-address": "127.0.0.1",
            "--secure-port": str(port),
            "--cert-dir": str(folder / "certs"),
            "--token-auth-file": str(tokens),
            "--authorization-mode": "AlwaysAllow",
            "--service-account-issuer": "https://kubernetes.default.svc",
            "--service-account-key-file": str(public),
            "--service-account-signing-key-file": str(key),
            "--service-cluster-ip-range": "10.96.0.0/16",
            "--disable-admission-plugins": "ServiceAccount",
        }
        log = folder / "kube-apiserver.log"
        server = _start(stack, [str(Path(assets, "kube-apiserver")), *(f"{k}={v}" for k, v in flags.items())], log)
        connection = Connection(f"https://127.0.0.1:{port}", TOKEN, str(folder / "certs" / "apiserver.crt"))
        _wait_ready(connection, server, log)
        yield connection


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
