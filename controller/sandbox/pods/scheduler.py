"""Plays the scheduler: binds pods to the one node, with the loopback ports in the same request."""

from __future__ import annotations

import json

from controller.sandbox.client import JSON_PATCH, ApiError, Key, Object, key_of
from controller.sandbox.pods.kubelet import NODE_NAME, Kubelet
from controller.sandbox.pods.life import PORTS
from controller.sandbox.workloads.cluster import Cluster
from controller.sandbox.workloads.kinds import POD
from controller.sandbox.workloads.objects import condition, deleting, name, namespace, uid
from controller.sandbox.workloads.queue import Queue

SCHEDULER = "default-scheduler"
NODE_LABELS = {
    "kubernetes.io/hostname": NODE_NAME,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": "amd64",
}


class Scheduler:
    """Binds each pod that asks for the default scheduler and whose nodeSelector the node's labels meet.

    Affinity, taints and resources are not played: the node takes every other pod.
    """

    def __init__(self, cluster: Cluster, kubelet: Kubelet) -> None:
        self.queue = Queue("scheduler", self.reconcile, workers=16)
        self._cluster = cluster
        self._kubelet = kubelet
        cluster.mirror(POD).listen(self._pod_changed)

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None and not new["spec"].get("nodeName"):
            self.queue.add(key_of(new))

    async def reconcile(self, key: Key) -> float | None:
        pod = self._cluster.mirror(POD).get(*key)
        if pod is None or pod["spec"].get("nodeName") or deleting(pod):
            return None
        if pod["spec"].get("schedulerName", SCHEDULER) != SCHEDULER:
            return None
        if gates := pod["spec"].get("schedulingGates"):
            names = ", ".join(gate["name"] for gate in gates)
            await self._hold(
                pod, "SchedulingGated", f"Scheduling is blocked due to non-empty scheduling gates: {names}"
            )
            return None
        asked = pod["spec"].get("nodeSelector") or {}
        if not asked.items() <= NODE_LABELS.items():
            text = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
            await self._hold(pod, "Unschedulable", text)
            return None
        await self._bind(pod)
        return None

    async def _hold(self, pod: Object, reason: str, message: str) -> None:
        present = condition(pod, "PodScheduled")
        if present is not None and present.get("reason") == reason:
            return
        if reason == "Unschedulable":
            self._cluster.recorder.warning(pod, "FailedScheduling", message)
        entry = {
            "type": "PodScheduled",
            "status": "False",
            "reason": reason,
            "message": message,
            "lastTransitionTime": self._cluster.stamp(),
        }
        others = [one for one in (pod.get("status") or {}).get("conditions") or [] if one["type"] != "PodScheduled"]
        patch = [
            {"op": "test", "path": "/metadata/uid", "value": uid(pod)},
            {"op": "add", "path": "/status/conditions", "value": [*others, entry]},
        ]
        await self._cluster.patch(POD, pod, patch, JSON_PATCH, subresource="status")

    async def _bind(self, pod: Object) -> None:
        ports = {str(number): port.number for number, port in self._kubelet.reserve(pod).items()}
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {
                "name": name(pod),
                "namespace": namespace(pod),
                "uid": uid(pod),
                "annotations": {PORTS: json.dumps(ports)} if ports else {},
            },
            "target": {"apiVersion": "v1", "kind": "Node", "name": NODE_NAME},
        }
        try:
            await self._cluster.client.create(POD.of(pod, "binding"), binding)
        except ApiError as error:
            self._kubelet.give_back(pod)
            if error.code == 404:
                return
            raise  # also a conflict: looked at again, the pod may be bound by somebody else
        self._cluster.recorder.normal(
            pod, "Scheduled", f"Successfully assigned {namespace(pod)}/{name(pod)} to {NODE_NAME}"
        )
