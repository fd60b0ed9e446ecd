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
from controller.sandbox.workloads.kinds import DEPLOYMENT, EVENT, POD, REPLICA_SET, SERVICE_ACCOUNT
from tests.sandbox.lab import Lab, condition, tag

AGENTS = ("kube-controller-manager", "kubelet")


async def test_nothing_is_asked_when_nothing_changes(own_lab: Lab, embedded: EmbeddedApi) -> None:
    await own_lab.service()
    await own_lab.deploy(replicas=3)
    await own_lab.rolled_out()

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
    before_it = {item["metadata"]["resourceVersion"] for kind in kinds for item in await own_lab.all(kind)}
    await own_lab.patch(DEPLOYMENT, "web", {"metadata": {"labels": {"note": "meaningless"}}})
    await own_lab.deploy("other")
    await own_lab.rolled_out("other")  # the change has been looked at before that
    assert before_it <= {item["metadata"]["resourceVersion"] for kind in kinds for item in await own_lab.all(kind)}
    changed = await own_lab.get(DEPLOYMENT, "web")
    assert changed["status"]["observedGeneration"] == changed["metadata"]["generation"] == 1


async def test_an_unsteady_api_only_delays(own_lab: Lab, embedded: EmbeddedApi) -> None:
    for agent in AGENTS:
        embedded.faults.add(verb="write", agent=agent, status=500, skip=1, times=3)
        embedded.faults.add(verb="write", agent=agent, status=409, skip=4, times=3)
        embedded.faults.add(verb="write", agent=agent, status=429, retry_after=1, skip=6, times=2)
        embedded.faults.add(verb="write", agent=agent, drop=True, after=True, skip=8, times=3)
    await own_lab.deploy(replicas=3)
    await own_lab.rolled_out(limit=20)
    await own_lab.set_image("web", "podinfo:v2")
    await own_lab.rolled_out(limit=20)
    assert len(await own_lab.all(REPLICA_SET)) == 2
    await own_lab.until(POD, lambda items: [tag(pod["spec"]) for pod in items] == ["v2"] * 3)


async def test_broken_watches_are_taken_up_again(own_lab: Lab, embedded: EmbeddedApi) -> None:
    await own_lab.deploy(replicas=2)
    await own_lab.rolled_out()
    for agent in AGENTS:
        embedded.faults.add(verb="watch", agent=agent, cut=1, times=20)
    await own_lab.set_image("web", "podinfo:v2")
    await own_lab.rolled_out(limit=20)
    assert len(await own_lab.all(REPLICA_SET)) == 2
    await own_lab.until(POD, lambda items: [tag(pod["spec"]) for pod in items] == ["v2"] * 2)


async def test_other_controllers_go_on_where_the_first_stopped(
    connection: Connection, client: Client, namespace: str, own_node: str
) -> None:
    lab = Lab(client, namespace, own_node)
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
async def test_what_is_not_played_says_so(own_lab: Lab, api_version: str, kind: str, plural: str, spec: Object) -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": "a:v1"}]}}
    body = {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
    }
    await own_lab.client.create(f"/apis/{api_version}/namespaces/{own_lab.namespace}/{plural}", body)

    def told(items: list[Object]) -> Object | None:
        return next((item for item in items if item["reason"] == "NotPlayed"), None)

    event = await own_lab.until(EVENT, told)
    assert event["message"] == f"the sandbox stores a {kind} but plays none; use a Deployment"
    assert event["involvedObject"]["kind"] == kind


async def test_namespaces_from_before_are_furnished_too(connection: Connection, client: Client, namespace: str) -> None:
    async with Workloads(connection):
        await Lab(client, namespace).until_one(SERVICE_ACCOUNT, "default", lambda item: True)


async def test_a_refused_pod_is_told_and_tried_again(own_lab: Lab, embedded: EmbeddedApi) -> None:
    fault = embedded.faults.add(verb="create", resource="pods", namespace=own_lab.namespace, status=403, times=None)
    await own_lab.deploy(replicas=3)
    found = await own_lab.until_one(DEPLOYMENT, "web", lambda item: condition(item, "ReplicaFailure"))
    assert condition(found, "ReplicaFailure")["reason"] == "FailedCreate"
    await own_lab.until(EVENT, lambda items: any(item["reason"] == "FailedCreate" for item in items))
    fault.remove()
    found = await own_lab.rolled_out()
    assert not condition(found, "ReplicaFailure")
