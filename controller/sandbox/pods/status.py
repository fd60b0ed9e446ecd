"""A pod's status, from what its containers are. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from controller.sandbox.client import Object
from controller.sandbox.pods.container import Container
from controller.sandbox.workloads.objects import condition, stamp

HOST_IP = "172.18.0.2"


def pod_status(
    pod: Object,
    ip: str,
    started: str,
    inits: Sequence[Container],
    mains: Sequence[Container],
    now: datetime,
    *,
    over: bool = False,
) -> Object:
    """The whole status. What other writers put into it (conditions of readiness gates, qosClass) is kept.

    ``over``: the pod was deleted and nothing of it runs or will run again, so that it has succeeded or failed.
    """
    before = pod.get("status") or {}
    if over:
        phase = "Succeeded" if all(container.view.exit_code == 0 for container in mains) else "Failed"
    else:
        phase = _phase(pod, inits, mains)
    status: Object = {
        **before,
        "phase": phase,
        "hostIP": HOST_IP,
        "hostIPs": [{"ip": HOST_IP}],
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "startTime": started,
        "conditions": _conditions(pod, phase, inits, mains, now),
        "containerStatuses": [_container_status(container) for container in mains],
    }
    if inits:
        status["initContainerStatuses"] = [_container_status(container) for container in inits]
    return status


def initialized(inits: Sequence[Container]) -> bool:
    """Every init container has ended well; one that restarts always (a sidecar) has started."""
    return all(
        container.view.running if container.spec.get("restartPolicy") == "Always" else container.view.exit_code == 0
        for container in inits
    )


def _phase(pod: Object, inits: Sequence[Container], mains: Sequence[Container]) -> str:
    policy = pod["spec"].get("restartPolicy", "Always")
    if policy == "Never" and any(container.view.exit_code for container in inits):
        return "Failed"
    if not initialized(inits):
        return "Pending"
    codes = [container.view.exit_code for container in mains]
    if policy != "Always" and all(code is not None for code in codes):
        failed = any(codes)
        if policy == "Never" or not failed:
            return "Failed" if failed else "Succeeded"
    started = any(container.view.running or container.view.id for container in mains)
    return "Running" if started else "Pending"


def _conditions(
    pod: Object, phase: str, inits: Sequence[Container], mains: Sequence[Container], now: datetime
) -> list[Object]:
    ended = phase in ("Succeeded", "Failed")
    unready = [container.name for container in mains if not container.view.ready]
    if ended:
        reason, message = ("PodCompleted" if phase == "Succeeded" else "PodFailed"), ""
    else:
        reason, message = "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or []]
    closed = [gate for gate in gates if (condition(pod, gate) or {}).get("status") != "True"]
    found = [
        _condition("PodReadyToStartContainers", not ended),
        _condition("Initialized", initialized(inits), "ContainersNotInitialized"),
        _condition("Ready", not unready and not closed, reason, message),
        _condition("ContainersReady", not unready, reason, message),
        _condition("PodScheduled", True),
    ]
    if closed and not unready:
        text = f'the status of pod readiness gate "{closed[0]}" is not "True"'
        found[2] = _condition("Ready", False, "ReadinessGatesNotReady", text)
    ours = {entry["type"] for entry in found}
    others = [entry for entry in (pod.get("status") or {}).get("conditions") or [] if entry["type"] not in ours]
    return [_since(pod, entry, now) for entry in found] + others


def _condition(kind: str, holds: bool, reason: str = "", message: str = "") -> Object:
    result: Object = {"type": kind, "status": "True" if holds else "False", "lastProbeTime": None}
    if holds:
        return result
    if reason:
        result["reason"] = reason
    if message:
        result["message"] = message
    return result


def _since(pod: Object, new: Object, now: datetime) -> Object:
    present = condition(pod, new["type"])
    same = present is not None and present["status"] == new["status"]
    since = present.get("lastTransitionTime") if same and present else None
    return {**new, "lastTransitionTime": since or stamp(now)}


def _container_status(container: Container) -> Object:
    view = container.view
    image = container.spec["image"]
    return {
        "name": container.name,
        "image": image,
        "imageID": f"sandbox.sluice.dev/{image}" if view.id else "",
        "containerID": view.id,
        "ready": view.ready or (container.init and view.exit_code == 0),
        "started": view.running,
        "restartCount": view.restarts,
        "state": view.state,
        "lastState": view.last_state,
    }
