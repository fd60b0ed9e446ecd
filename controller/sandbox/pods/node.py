"""The whole node as one async life: mirrors, scheduler, kubelet and the switch."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiohttp import web

from controller.sandbox.client import ApiError, Client, Connection
from controller.sandbox.pods.kubelet import NODE_NAME, POD_NETWORK, Kubelet
from controller.sandbox.pods.scheduler import NODE_LABELS, Scheduler
from controller.sandbox.pods.status import HOST_IP
from controller.sandbox.pods.switch import Switch
from controller.sandbox.workloads.cluster import Cluster
from controller.sandbox.workloads.kinds import CONFIG_MAP, NODE, POD, SECRET

DEFAULT_BACKOFF = 1.0
DEFAULT_NOTICE_AFTER = 2.0
_INFO = {
    "architecture": "amd64",
    "bootID": "sandbox",
    "containerRuntimeVersion": "sandbox://1",
    "kernelVersion": "sandbox",
    "kubeProxyVersion": "v1.34.0-sandbox",
    "kubeletVersion": "v1.34.0-sandbox",
    "machineID": "sandbox",
    "operatingSystem": "linux",
    "osImage": "Sluice sandbox",
    "systemUUID": "sandbox",
}


@contextlib.asynccontextmanager
async def running_node(
    connection: Connection,
    *,
    control: int = 0,
    backoff: float = DEFAULT_BACKOFF,
    notice_after: float = DEFAULT_NOTICE_AFTER,
) -> AsyncIterator[int]:
    """Run pods for the length of the block; gives the port of the switch on 127.0.0.1.

    ``control`` is that port, 0 for any free one; for the other parameters see :class:`Kubelet`.
    """
    async with Client(connection, "kubelet") as client, asyncio.TaskGroup() as group:
        cluster = Cluster(client, "kubelet", (POD, CONFIG_MAP, SECRET))
        kubelet = Kubelet(cluster, backoff=backoff, notice_after=notice_after)
        scheduler = Scheduler(cluster, kubelet)
        tasks = [*cluster.start(group), group.create_task(scheduler.queue.run(), name="scheduler")]
        try:
            async with _serving(
                Switch(kubelet.switchboard, kubelet.served, kubelet.behaviour_changed), control
            ) as port:
                await cluster.synced()
                await _register(cluster)
                kubelet.take_over()
                yield port
        finally:
            for task in tasks:
                task.cancel()
            await kubelet.end()


@contextlib.asynccontextmanager
async def _serving(switch: Switch, port: int) -> AsyncIterator[int]:
    runner = web.AppRunner(switch.app(), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def _register(cluster: Cluster) -> None:
    """The Node object, so that `kubectl get nodes` shows one. An API without that kind is no hindrance."""
    now = cluster.stamp()
    reasons = {"reason": "KubeletReady", "message": "the sandbox runs pods", "lastTransitionTime": now}
    resources = {"cpu": "16", "memory": "64Gi", "pods": "1000"}
    status = {
        "addresses": [{"type": "InternalIP", "address": HOST_IP}, {"type": "Hostname", "address": NODE_NAME}],
        "capacity": resources,
        "allocatable": resources,
        "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": now, **reasons}],
        "nodeInfo": _INFO,
    }
    body = {"metadata": {"name": NODE_NAME, "labels": NODE_LABELS}, "spec": {"podCIDR": POD_NETWORK}}
    try:
        made = await cluster.create(NODE, body)
        await cluster.patch(NODE, made, {"status": status}, subresource="status")
    except ApiError as error:
        if error.code not in (404, 409):
            raise
