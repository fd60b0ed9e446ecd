"""A kubeconfig as kubectl reads it."""

from __future__ import annotations

import base64
import json
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.cluster import Cluster, Kind
from controller.cluster.kubeconfig import contexts, enter, read
from controller.errors import SettingsError
from controller.sandbox.api import EmbeddedApi

NAMESPACE = Kind("", "Namespace", "v1")
URL = "http://127.0.0.1:1"


def write(path: Path, **user: Any) -> str:
    """One file with one context, ``here``."""
    return together(path, user, {"server": URL}, {"namespace": "shop"})


def together(path: Path, user: dict[str, Any], cluster: dict[str, Any], context: dict[str, Any]) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": "here",
                "clusters": [{"name": "c", "cluster": cluster}],
                "users": [{"name": "u", "user": user}],
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", **context}}],
            }
        )
    )
    return str(path)


async def test_it_knows_the_context_its_namespace_and_who(tmp_path: Path, api: EmbeddedApi) -> None:
    path = together(
        tmp_path / "a", {"token": "alice:devs"}, {"server": f"{api.connection.url}/"}, {"namespace": "shop"}
    )
    config = read(path)
    assert (config.context, config.namespace, config.user) == ("here", "shop", "u")
    assert "alice" not in repr(config)
    async with Cluster(await enter(config), manager="somebody") as cluster:
        await cluster.get(NAMESPACE, "", "default")
    entry = next(api.audit.entries(resource="namespaces"))
    assert (entry.user, entry.agent) == ("alice", "somebody")


async def test_as_is_sent_as_kubectl_sends_it(tmp_path: Path, api: EmbeddedApi) -> None:
    user = {"token": "root", "as": "bob", "as-groups": ["g1", "g2"], "as-uid": "7", "as-user-extra": {"scope": ["s"]}}
    access = await enter(read(together(tmp_path / "a", user, {"server": api.connection.url}, {})))
    assert access.headers == (
        ("Impersonate-User", "bob"),
        ("Impersonate-Group", "g1"),
        ("Impersonate-Group", "g2"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Extra-scope", "s"),
    )
    async with Cluster(access) as cluster:
        await cluster.get(NAMESPACE, "", "default")
    assert next(api.audit.entries(resource="namespaces")).user == "bob"


def test_without_a_namespace_it_is_default(tmp_path: Path) -> None:
    assert read(together(tmp_path / "a", {}, {"server": URL}, {})).namespace == "default"


def test_of_several_files_the_first_that_names_a_thing_wins(tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.write_text("contexts: [{name: there, context: {cluster: d, namespace: two}}]\ncurrent-context: there\n")
    two = tmp_path / "two"
    two.write_text(
        "contexts: [{name: there, context: {cluster: c}}, {name: away, context: {cluster: d}}]\n"
        "clusters: [{name: d, cluster: {server: 'https://d'}}]\ncurrent-context: away\n"
    )
    paths = f"{one}:{tmp_path}/missing:{two}"
    assert read(paths).namespace == "two"
    assert read(paths).cluster["server"] == "https://d"
    assert read(paths, "away").context == "away"
    assert contexts(paths) == ["away", "there"]


async def test_paths_are_relative_to_their_file(tmp_path: Path) -> None:
    path = write(tmp_path / "deep" / "config", tokenFile="token")
    (tmp_path / "deep" / "token").write_text("secret\n")
    access = await enter(read(path))
    assert await access.authorization() == "Bearer secret"


async def test_a_password_is_basic_authentication(tmp_path: Path) -> None:
    access = await enter(read(write(tmp_path / "a", username="ann", password="pw")))
    assert await access.authorization() == f"Basic {base64.b64encode(b'ann:pw').decode()}"


async def test_a_program_that_logs_in_is_the_library_s_business(tmp_path: Path) -> None:
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "fresh"}}
    program = tmp_path / "login"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(program)}}
    access = await enter(read(write(tmp_path / "a", **user)))
    assert await access.authorization() == "Bearer fresh"


async def test_tls_as_the_cluster_says(tmp_path: Path) -> None:
    cluster: dict[str, Any] = {"server": "https://c", "tls-server-name": "inside", "proxy-url": "http://proxy:1"}
    access = await enter(read(together(tmp_path / "a", {}, cluster, {})))
    assert isinstance(access.secure, ssl.SSLContext)
    assert access.secure.verify_mode is ssl.CERT_REQUIRED
    assert (access.server_name, access.proxy) == ("inside", "http://proxy:1")
    cluster |= {"insecure-skip-tls-verify": True}
    open_ = await enter(read(together(tmp_path / "b", {}, cluster, {})))
    assert isinstance(open_.secure, ssl.SSLContext)
    assert open_.secure.verify_mode is ssl.CERT_NONE


async def test_certificates_in_the_file(tls_server: str, tmp_path: Path) -> None:
    certificate, key = (base64.b64encode((tmp_path / name).read_bytes()).decode() for name in ("cert.pem", "key.pem"))
    cluster = {"server": tls_server, "certificate-authority-data": certificate}
    user = {"client-certificate-data": certificate, "client-key-data": key}
    async with Cluster(await enter(read(together(tmp_path / "a", user, cluster, {})))) as client:
        assert (await client.get(NAMESPACE, "", "a"))["path"] == "/api/v1/namespaces/a"
    user["client-key-data"] = base64.b64encode(b"none").decode()
    with pytest.raises(SettingsError, match="client certificate cannot be used"):
        await enter(read(together(tmp_path / "b", user, cluster, {})))
    cluster["certificate-authority-data"] = "bm9uZQ=="
    with pytest.raises(SettingsError, match="the data of the certificate authority cannot be used"):
        await enter(read(together(tmp_path / "c", {}, cluster, {})))


@pytest.mark.parametrize(
    ("content", "context", "text"),
    [
        (None, "", "there is no file"),
        ("{}", "", "has no current context"),
        ("a: [", "", "cannot be read"),
        ("- a", "", "cannot be read"),
        ("contexts: [{context: {}}]", "", "cannot be read"),
        ("contexts: [{name: a, context: {cluster: x}}]\ncurrent-context: a", "", "names no cluster with a server"),
        ("contexts: [{name: a}, {name: b}]", "nowhere", "no context 'nowhere' in .*; there are: a, b"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, content: str | None, context: str, text: str) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError, match=text) as caught:
        read(str(path), context)
    assert "\n" not in str(caught.value)
