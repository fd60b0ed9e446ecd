"""All controllers together: quiet when nothing changes, steady when the API is not, replaceable at any time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from controller.errors import SandboxError
from controller.sandbox.api import EmbeddedApi
from controller.sandbox.client import Client, Connection, Object
from controller.sandbox.workloads import Workloads
from controller.sandbox.workloads.deployments import Deployments
from controller.sandbox.workloads.kinds import DEPLOYMENT, EVENT, POD, REPLICA_SET
from tests.sandbox.lab import Lab, tag

AGENTS = ("kube-controller-manager", "kubelet")


async def test_nothing_is_asked_when_nothing_changes(lab: Lab, embedded: EmbeddedApi) -> None:
    await lab.service()
    await lab.deploy(replicas=3)
    await lab.rolled_out()

    def asked() -> int:
        total = sum(embedded.audit.count(agent=agent) for agent in AGENTS)
        return total - sum(embedded.audit.count(agent=agent, verb="watch") for agent in AGENTS)

    async with asyncio.timeout(10):
        while True:  # the last events are still being written
            before = asked()
            await asyncio.sleep(0.5)
            if asked() == before:
                break
    kinds = (REPLICA_SET, POD)
    before_it = {item["metadata"]["resourceVersion"] for kind in kinds for item in await lab.all(kind)}
    await lab.patch(DEPLOYMENT, "web", {"metadata": {"labels": {"note": "meaningless"}}})
    await lab.deploy("other")
    await lab.rolled_out("other")  # the change has been looked at before that
    assert before_it <= {item["metadata"]["resourceVersion"] for kind in kinds for item in await lab.all(kind)}
    changed = await lab.get(DEPLOYMENT, "web")
    assert changed["status"]["observedGeneration"] == changed["metadata"]["generation"] == 1


async def test_an_unsteady_api_only_delays(lab: Lab, embedded: EmbeddedApi) -> None:
    for agent in AGENTS:
        embedded.faults.add(verb="write", agent=agent, status=500, skip=1, times=3)
        embedded.faults.add(verb="write", agent=agent, status=409, skip=4, times=3)
        embedded.faults.add(verb="write", agent=agent, status=429, retry_after=1, skip=6, times=2)
        embedded.faults.add(verb="write", agent=agent, drop=True, after=True, skip=8, times=3)
    await lab.deploy(replicas=3)
    await lab.rolled_out(limit=20)
    await lab.set_image("web", "podinfo:v2")
    await lab.rolled_out(limit=20)
    assert len(await lab.all(REPLICA_SET)) == 2
    await lab.until(POD, lambda items: [tag(pod["spec"]) for pod in items] == ["v2"] * 3)


async def test_broken_watches_are_taken_up_again(lab: Lab, embedded: EmbeddedApi) -> None:
    await lab.deploy(replicas=2)
    await lab.rolled_out()
    for agent in AGENTS:
        embedded.faults.add(verb="watch", agent=agent, cut=1, times=20)
    await lab.set_image("web", "podinfo:v2")
    await lab.rolled_out(limit=20)
    assert len(await lab.all(REPLICA_SET)) == 2
    await lab.until(POD, lambda items: [tag(pod["spec"]) for pod in items] == ["v2"] * 2)


async def test_other_controllers_go_on_where_the_first_stopped(
    connection: Connection, client: Client, namespace: str, node: str
) -> None:
    lab = Lab(client, namespace, node)
    async with Workloads(connection):
        await lab.deploy(replicas=4)
        await lab.rolled_out()
        await lab.set_image("web", "podinfo:v2")
        await lab.until(REPLICA_SET, lambda items: len(items) == 2)
    before = len(await lab.all(POD))
    assert before >= 4
    async with Workloads(connection):
        await lab.rolled_out()
        await lab.until(POD, lambda items: [tag(pod["spec"]) for pod in items] == ["v2"] * 4)


async def test_an_error_of_a_controller_s_own_is_no_secret(
    connection: Connection, client: Client, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = asyncio.Event()

    async def broken(self: Deployments, key: Any) -> None:
        met.set()
        raise KeyError("a bug")

    monkeypatch.setattr(Deployments, "reconcile", broken)
    running = Workloads(connection)
    await running.__aenter__()
    running.check()
    await Lab(client, namespace).deploy()
    await asyncio.wait_for(met.wait(), 10)
    with pytest.raises(SandboxError, match="the deployment controller failed: KeyError"):
        await running.__aexit__()


@pytest.mark.parametrize(
    ("api_version", "kind", "plural", "spec"),
    [
        ("apps/v1", "DaemonSet", "daemonsets", {}),
        ("apps/v1", "StatefulSet", "statefulsets", {"serviceName": "web"}),
    ],
)
async def test_what_is_not_played_says_so(lab: Lab, api_version: str, kind: str, plural: str, spec: Object) -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": "a:v1"}]}}
    body = {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
    }
    await lab.client.create(f"/apis/{api_version}/namespaces/{lab.namespace}/{plural}", body)

    def told(items: list[Object]) -> Object | None:
        return next((item for item in items if item["reason"] == "NotPlayed"), None)

    event = await lab.until(EVENT, told)
    assert event["message"] == f"the sandbox stores a {kind} but plays none; use a Deployment"
    assert event["involvedObject"]["kind"] == kind
