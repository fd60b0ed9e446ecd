from __future__ import annotations

import stat
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.cluster import Cluster, Kind, explicit, find, from_kubeconfig, in_cluster
from controller.errors import ClusterError, Forbidden, SettingsError
from controller.sandbox.api import EmbeddedApi

NAMESPACE = Kind("", "Namespace", "v1")


def write(path: Path, user: dict[str, Any], server: str = "http://127.0.0.1:1", **cluster: Any) -> str:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [
            {"name": "one", "context": {"cluster": "c", "user": "u"}},
            {"name": "two", "context": {"cluster": "c", "user": "none"}},
        ],
    }
    path.write_text(yaml.safe_dump(config))
    return str(path)


async def test_a_kubeconfig_with_a_token(api: EmbeddedApi, tmp_path: Path) -> None:
    path = write(tmp_path / "config", {"token": "alice:devs"}, api.connection.url)
    async with Cluster(await from_kubeconfig(path)) as cluster:
        assert (await cluster.get(NAMESPACE, "", "default"))["kind"] == "Namespace"
    assert next(api.audit.entries(resource="namespaces")).user == "alice"


async def test_another_context(tmp_path: Path) -> None:
    path = write(tmp_path / "config", {"token": "t"})
    assert await (await from_kubeconfig(path, "one")).authorization() == "Bearer t"
    assert await (await from_kubeconfig(path, "two")).authorization() == ""


@pytest.mark.parametrize(
    ("content", "context", "text"),
    [
        (None, "", "there is no file"),
        ("{}", "", "check"),
        ("a: [", "", "check it with"),
        ("apiVersion: v1\nclusters: []\ncontexts: []\nusers: []\ncurrent-context: x\n", "", "check"),
        ("apiVersion: v1\nclusters: []\ncontexts: []\nusers: []\n", "nowhere", "nowhere"),
    ],
)
async def test_a_kubeconfig_that_cannot_be_used(tmp_path: Path, content: str | None, context: str, text: str) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError, match=text) as caught:
        await from_kubeconfig(str(path), context)
    assert "--kubeconfig" in str(caught.value)


PLUGIN = """#!/bin/sh
echo run >> {log}
n=$(wc -l < {log} | tr -d ' ')
echo '{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
       "status": {{"token": "token-'$n'"{expiry}}}}}'
"""


def plugin(tmp_path: Path, expiry: str = "") -> tuple[dict[str, Any], Path]:
    log, script = tmp_path / "log", tmp_path / "plugin"
    script.write_text(PLUGIN.format(log=log, expiry=expiry))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(script)}}, log


async def test_a_login_program_is_asked_again_only_when_its_token_is_refused(
    script: Any, tmp_path: Path, reply: Any
) -> None:
    user, log = plugin(tmp_path)
    access = await from_kubeconfig(write(tmp_path / "config", user, script.url))
    script.on("/api/v1/namespaces/a", reply("{}"), reply("{}"), reply("{}", 401), reply("{}"))
    async with Cluster(access) as cluster:
        for _ in range(3):
            await cluster.get(NAMESPACE, "", "a")
    tokens = [r.headers["Authorization"] for r in script.requests if r.path.endswith("/a")]
    assert tokens == ["Bearer token-1"] * 3 + ["Bearer token-2"]
    assert len(log.read_text().splitlines()) == 2


async def test_a_login_program_that_expires_is_asked_again_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, log = plugin(tmp_path, ', "expirationTimestamp": "2020-01-01T00:00:00Z"')
    access = await from_kubeconfig(write(tmp_path / "config", user))
    assert await access.authorization() == "Bearer token-1"
    now = time.monotonic()
    monkeypatch.setattr("controller.cluster.access.time.monotonic", lambda: now + 61)
    assert await access.authorization() == "Bearer token-2"
    assert len(log.read_text().splitlines()) == 2


async def test_a_login_that_stops_working_says_so(script: Any, tmp_path: Path, reply: Any) -> None:
    user, _ = plugin(tmp_path)
    access = await from_kubeconfig(write(tmp_path / "config", user, script.url))
    Path(user["exec"]["command"]).write_text("#!/bin/sh\nexit 3\n")
    script.on("/api/v1/namespaces/a", reply("{}", 401))
    async with Cluster(access) as cluster:
        with pytest.raises(Forbidden, match="log in again"):
            await cluster.get(NAMESPACE, "", "a")


async def test_a_client_certificate_and_an_authority(tls_server: str, tmp_path: Path) -> None:
    trusted = {"certificate-authority": str(tmp_path / "cert.pem")}
    user = {"client-certificate": str(tmp_path / "cert.pem"), "client-key": str(tmp_path / "key.pem")}
    access = await from_kubeconfig(write(tmp_path / "config", user, tls_server, **trusted))
    async with Cluster(access) as cluster:
        assert (await cluster.get(NAMESPACE, "", "a"))["path"] == "/api/v1/namespaces/a"
    access = await from_kubeconfig(
        write(tmp_path / "config", {"token": "t"}, tls_server, **{"insecure-skip-tls-verify": True})
    )
    async with Cluster(access) as cluster:
        await cluster.get(NAMESPACE, "", "a")
    async with Cluster(await from_kubeconfig(write(tmp_path / "config", {"token": "t"}, tls_server))) as cluster:
        with pytest.raises(ClusterError, match="certificate authority"):
            await cluster.get(NAMESPACE, "", "a")


async def test_an_address_with_a_token_file_that_changes(
    tls_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    token.write_text("one\n")
    access = explicit(tls_server, token_file=str(token), ca=str(tmp_path / "cert.pem"))
    async with Cluster(access) as cluster:
        await cluster.get(NAMESPACE, "", "a")
    assert await access.authorization() == "Bearer one"
    token.write_text("two")
    assert await access.authorization() == "Bearer one", "not read at every request"
    now = time.monotonic()
    monkeypatch.setattr("controller.cluster.access.time.monotonic", lambda: now + 61)
    assert await access.authorization() == "Bearer two"
    token.unlink()
    monkeypatch.setattr("controller.cluster.access.time.monotonic", lambda: now + 200)
    with pytest.raises(Forbidden, match="cannot be read"):
        await access.authorization()


def test_an_authority_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("nothing")
    with pytest.raises(SettingsError, match="must be a PEM file"):
        explicit("https://127.0.0.1:1", ca=str(tmp_path / "ca"))


async def test_a_pods_own_account(tmp_path: Path, tls_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from kubernetes_asyncio.config import incluster_config as library

    host, port = tls_server.removeprefix("https://").split(":")
    (tmp_path / "token").write_text("pod\n")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    monkeypatch.setattr(library, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(library, "SERVICE_CERT_FILENAME", str(tmp_path / "cert.pem"))
    access = await find()
    assert access.url == tls_server
    assert await access.authorization() == "Bearer pod"
    async with Cluster(access) as cluster:
        await cluster.get(NAMESPACE, "", "a")


async def test_without_anything_the_error_says_what_to_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(SettingsError, match="this is no pod"):
        in_cluster()
    with pytest.raises(SettingsError, match="give --kubeconfig or --server"):
        await find()
    (tmp_path / ".kube").mkdir()
    write(tmp_path / ".kube" / "config", {"token": "t"})
    assert (await find()).url == "http://127.0.0.1:1"


def test_a_proxy_of_the_environment_is_used_except_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "10.0.0.1,.internal")
    assert explicit("https://api.example.com").proxy == "http://proxy:3128"
    assert explicit("https://10.0.0.1").proxy is None
    assert explicit("https://api.internal").proxy is None
    assert explicit("http://api.example.com").proxy is None
