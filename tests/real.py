"""A real kube-apiserver with its etcd on loopback, for tests where KUBEBUILDER_ASSETS names a folder with both."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

START_SECONDS = 60


@contextlib.contextmanager
def real_server(
    assets: str, folder: Path, tokens: str, authorization: str = "AlwaysAllow"
) -> Iterator[tuple[str, str]]:
    """Its URL and the file with its certificate. No controllers run.

    ``tokens`` are the lines of its token file (token,user,uid,"group,group"), the first of them an administrator's;
    ``authorization`` is its mode.
    """
    key, public = folder / "sa.key", folder / "sa.pub"
    for command in (["genrsa", "-out", str(key), "2048"], ["rsa", "-in", str(key), "-pubout", "-out", str(public)]):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    known = folder / "tokens.csv"
    known.write_text(tokens)
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
            "--token-auth-file": str(known),
            "--authorization-mode": authorization,
            "--service-account-issuer": "https://kubernetes.default.svc",
            "--service-account-key-file": str(public),
            "--service-account-signing-key-file": str(key),
            "--service-cluster-ip-range": "10.96.0.0/16",
            "--disable-admission-plugins": "ServiceAccount",
        }
        log = folder / "kube-apiserver.log"
        server = _start(stack, [str(Path(assets, "kube-apiserver")), *(f"{k}={v}" for k, v in flags.items())], log)
        url, ca = f"https://127.0.0.1:{port}", str(folder / "certs" / "apiserver.crt")
        _wait_ready(url, ca, tokens.partition(",")[0], server, log)
        yield url, ca


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


def _wait_ready(url: str, ca: str, token: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until /readyz says so, or the process is gone, or the time is up.

    Asked with a token: a server that authorizes everything takes nobody without a name.
    """
    end = time.monotonic() + START_SECONDS
    request = urllib.request.Request(f"{url}/readyz", headers={"Authorization": f"Bearer {token}"})
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=2, context=ssl.create_default_context(cafile=ca)):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"kube-apiserver did not become ready; the end of its log:\n{log.read_text()[-3000:]}")
