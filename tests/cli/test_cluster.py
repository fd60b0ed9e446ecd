"""What people meet between the command line and a cluster, each in one sentence with what to do next."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.cli import status_of
from controller.cli.cluster import Session, Target, bare, in_words, on_cluster
from controller.cli.exits import MEANINGS, Exit, table
from controller.cluster import Object
from controller.cluster.answers import failure
from controller.errors import ClusterError, InvalidRelease, SettingsError, SluiceError
from controller.sandbox.api import EmbeddedApi
from controller.sandbox.api.kubeconfig import kubeconfig
from controller.sandbox.client import Client, Connection
from tests.stage import NAMESPACE, RELEASES, release


def target(path: Path, connection: Connection, namespace: str = NAMESPACE) -> Target:
    path.write_text(json.dumps(kubeconfig(connection, namespace)))
    return Target(kubeconfig=str(path))


async def get(session: Session) -> Object:
    return await session.release("podinfo")


async def failed(to: Target, work: Callable[[Session], object] = get) -> ClusterError:
    with pytest.raises(ClusterError) as caught:
        await asyncio.to_thread(on_cluster, to, work)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return caught.value


async def create(api: EmbeddedApi, *names: str) -> None:
    async with Client(api.connection, "somebody") as client:
        await client.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        for name in names:
            body = release()
            body["metadata"]["name"] = name
            await client.create(RELEASES, body)


async def test_a_command_works_in_the_namespace_of_its_context_as_its_user(api: EmbeddedApi, tmp_path: Path) -> None:
    await create(api, "podinfo")

    async def work(session: Session) -> tuple[str, str, str]:
        return session.namespace, session.user, (await session.release("rel/podinfo"))["metadata"]["name"]

    to = target(tmp_path / "config", api.connection)
    assert await asyncio.to_thread(on_cluster, to, work) == (NAMESPACE, "sandbox", "podinfo")
    other = Target(to.kubeconfig, namespace="other")
    assert (await failed(other)).status == 404
    assert {entry.agent for entry in api.audit.entries(resource="releases") if entry.agent != "somebody"} == {
        "sluice-cli"
    }


NONE = (
    "there is no Release podinfo in namespace shop, nor any other; "
    "name another with -n, or look in all with `sluice status -A`"
)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["podinfos"], "there is no Release podinfo in namespace shop; did you mean podinfos?"),
        (["cart", "web"], "there is no Release podinfo in namespace shop; there are: cart, web"),
        (list("abcdefg"), "there is no Release podinfo in namespace shop; there are: a, b, c, d, e, ..."),
        (
            [],
            NONE,
        ),
    ],
)
async def test_a_name_that_is_none(api: EmbeddedApi, tmp_path: Path, names: list[str], sentence: str) -> None:
    await create(api, *names)
    error = await failed(target(tmp_path / "config", api.connection))
    assert (str(error), status_of(error)) == (sentence, Exit.CLUSTER)


async def test_a_cluster_without_sluice(tmp_path: Path) -> None:
    async with EmbeddedApi() as api:
        error = await failed(target(tmp_path / "config", api.connection))
    assert str(error) == (
        "this cluster does not know Release: Sluice is not installed there, or the context is another one than you "
        "think; install it with `kubectl apply -k manifests`"
    )


RBAC = (
    'releases.sluice.dev "podinfo" is forbidden: User "eve" cannot patch resource "releases" in API group "sluice.dev"'
)
POLICY = "metadata.annotations[sluice.dev/command]: you may not abort this Release; ask for that verb"


@pytest.mark.parametrize(
    ("code", "message", "sentence"),
    [
        (403, RBAC, f"{RBAC}; ask whoever runs the cluster for the role sluice-viewer or sluice-editor"),
        (403, POLICY, POLICY),
        (401, "Unauthorized", "the Kubernetes API at http://api does not accept who you are; log in to it again"),
        (422, "it is wrong", "Release shop/podinfo: the API server answered 422: it is wrong"),
    ],
)
def test_a_refusal_in_words_for_people(code: int, message: str, sentence: str) -> None:
    """A forbidden verb is named with its resource, and nothing is said of the controller's rights."""
    body = json.dumps({"kind": "Status", "message": message}).encode()
    assert str(in_words(failure(code, body, "Release shop/podinfo"), "http://api")) == sentence


async def test_nobody_at_the_address(tmp_path: Path) -> None:
    with socket.socket() as nobody:  # bound, and never listened on: connections are refused
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        error = await failed(target(tmp_path / "config", Connection(url)))
    assert str(error).startswith(f"the Kubernetes API at {url} cannot be reached (")
    assert str(error).endswith("); check the context (`kubectl config current-context`) and the network")


def test_without_any_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(SettingsError, match=r"give --kubeconfig FILE or set KUBECONFIG \(`sluice sandbox` starts"):
        on_cluster(Target(), get)


@pytest.mark.parametrize(
    ("written", "name"),
    [("podinfo", "podinfo"), ("release/a", "a"), ("rel/a", "a"), ("Release.sluice.dev/a", "a"), ("pod/a", "pod/a")],
)
def test_a_name_as_kubectl_writes_it(written: str, name: str) -> None:
    assert bare(written) == name


@pytest.mark.parametrize(
    ("error", "code"), [(SettingsError(""), 2), (ClusterError(""), 4), (InvalidRelease(""), 1), (SluiceError(""), 1)]
)
def test_each_error_has_its_exit_status(error: SluiceError, code: int) -> None:
    assert status_of(error) == code


def test_every_exit_status_is_told() -> None:
    assert set(MEANINGS) == set(Exit)
    assert all(len(line) <= 76 for line in table().splitlines()), "they stand unbroken in --help"
