"""The two Python clients, unchanged: they list, watch, patch, and elect a leader with their own modules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import kubernetes
import kubernetes_asyncio
import pytest
from kubernetes.leaderelection import electionconfig as sync_election
from kubernetes.leaderelection import leaderelection as sync_leader
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock as SyncLeaseLock
from kubernetes_asyncio.leaderelection import electionconfig, leaderelection
from kubernetes_asyncio.leaderelection.resourcelock.leaselock import LeaseLock

from controller.sandbox.api.kubeconfig import kubeconfig as kubeconfig_of
from controller.sandbox.client import Client, Connection

Object = dict[str, Any]
Manifest = Callable[..., Object]
SECONDS = 20


@pytest.fixture
async def asynchronous(connection: Connection) -> AsyncIterator[Any]:
    made = await kubernetes_asyncio.config.new_client_from_config_dict(kubeconfig_of(connection))
    async with made:
        yield made


@pytest.fixture
def synchronous(connection: Connection) -> Iterator[Any]:
    """A client, and the library's default: its leader election knows no other."""
    made = kubernetes.config.new_client_from_config_dict(kubeconfig_of(connection))
    before = kubernetes.client.Configuration.get_default_copy()
    kubernetes.client.Configuration.set_default(made.configuration)
    with made:
        yield made
    kubernetes.client.Configuration.set_default(before)


async def test_asyncio_lists_watches_and_patches(
    asynchronous: Any, client: Client, namespace: str, deployment: Manifest
) -> None:
    apps = kubernetes_asyncio.client.AppsV1Api(asynchronous)
    await apps.create_namespaced_deployment(namespace, deployment(replicas=2))
    listed = await apps.list_namespaced_deployment(namespace)
    assert [item.metadata.name for item in listed.items] == ["web"]
    watch = kubernetes_asyncio.watch.Watch()
    seen = []
    async with asyncio.timeout(SECONDS):
        stream = watch.stream(
            apps.list_namespaced_deployment, namespace, resource_version=listed.metadata.resource_version
        )
        async with stream as events:
            await apps.patch_namespaced_deployment("web", namespace, {"spec": {"replicas": 3}})
            operations = [{"op": "replace", "path": "/spec/replicas", "value": 4}]
            await apps.patch_namespaced_deployment("web", namespace, operations)
            await client.delete(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")
            async for event in events:
                seen.append((event["type"], event["object"].spec.replicas))
                if event["type"] == "DELETED":
                    break
    assert seen == [("MODIFIED", 3), ("MODIFIED", 4), ("DELETED", 4)]


async def test_asyncio_reads_custom_resources_and_errors(
    asynchronous: Any, namespace: str, crd: Manifest, establish: Any
) -> None:
    definition = crd()
    await establish(definition, namespace)
    group = definition["spec"]["group"]
    custom = kubernetes_asyncio.client.CustomObjectsApi(asynchronous)
    body = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": {"x": 1}}
    await custom.create_namespaced_custom_object(group, "v1", namespace, "widgets", body)
    changed = await custom.patch_namespaced_custom_object(
        group, "v1", namespace, "widgets", "a", {"spec": {"x": 2}}, _content_type="application/merge-patch+json"
    )
    assert changed["spec"] == {"x": 2}
    with pytest.raises(kubernetes_asyncio.client.ApiException) as caught:
        await custom.get_namespaced_custom_object(group, "v1", namespace, "widgets", "b")
    assert (caught.value.status, caught.value.reason) == (404, "Not Found")


def _async_election(api: Any, namespace: str, who: str, started: Any = None) -> Any:
    async def nothing() -> None: ...

    lock = LeaseLock("leader", namespace, who, api)
    config = electionconfig.Config(lock, 15, 10, 2, started or nothing, nothing)
    return leaderelection.LeaderElection(config)


async def test_asyncio_elects_a_leader(asynchronous: Any, client: Client, namespace: str) -> None:
    leading = asyncio.Event()

    async def started() -> None:
        leading.set()

    first = asyncio.ensure_future(_async_election(asynchronous, namespace, "first", started).run())
    async with asyncio.timeout(SECONDS):
        await leading.wait()
    lease = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/leader"
    assert (await client.get(lease))["spec"]["holderIdentity"] == "first"
    second = _async_election(asynchronous, namespace, "second")
    assert not await second.try_acquire_or_renew()
    first.cancel()
    await asyncio.wait([first])
    await client.delete(lease)
    assert await second.try_acquire_or_renew()
    assert await second.try_acquire_or_renew(), "it renews what it holds"
    assert (await client.get(lease))["spec"]["holderIdentity"] == "second"


async def test_sync_lists_watches_and_patches(
    synchronous: Any, client: Client, namespace: str, deployment: Manifest
) -> None:
    apps = kubernetes.client.AppsV1Api(synchronous)

    def work() -> list[tuple[str, int]]:
        apps.create_namespaced_deployment(namespace, deployment(replicas=2))
        listed = apps.list_namespaced_deployment(namespace, limit=1)
        apps.patch_namespaced_deployment("web", namespace, {"spec": {"replicas": 3}})
        scale = apps.read_namespaced_deployment_scale("web", namespace)
        scale.spec.replicas = 4
        apps.replace_namespaced_deployment_scale("web", namespace, scale)
        apps.delete_namespaced_deployment("web", namespace)
        events = kubernetes.watch.Watch().stream(
            apps.list_namespaced_deployment,
            namespace,
            resource_version=listed.metadata.resource_version,
            timeout_seconds=SECONDS,
        )
        seen = []
        for event in events:
            seen.append((event["type"], event["object"].spec.replicas))
            if event["type"] == "DELETED":
                break
        return seen

    async with asyncio.timeout(SECONDS):
        assert await asyncio.to_thread(work) == [("MODIFIED", 3), ("MODIFIED", 4), ("DELETED", 4)]


@pytest.mark.parametrize("lock", [SyncLeaseLock, ConfigMapLock])
async def test_sync_elects_a_leader(synchronous: Any, namespace: str, lock: Any) -> None:
    def election(who: str) -> Any:
        config = sync_election.Config(lock("leader", namespace, who), 15, 10, 2, lambda: None, lambda: None)
        return sync_leader.LeaderElection(config)

    def work() -> list[bool]:
        first, second = election("first"), election("second")
        return [first.try_acquire_or_renew(), second.try_acquire_or_renew(), first.try_acquire_or_renew()]

    async with asyncio.timeout(SECONDS):
        assert await asyncio.to_thread(work) == [True, False, True]
