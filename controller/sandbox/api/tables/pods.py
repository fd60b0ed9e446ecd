"""The columns of pods: kubectl's summary of phase, containers and deletion (printPod in Kubernetes' printers)."""

from __future__ import annotations

from typing import Any

from controller.sandbox.api.resources import Column
from controller.sandbox.api.tables.cells import AGE, NAME, NONE, age, at, column, field
from controller.sandbox.client import Object


def pod_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("Ready", _ready),
        column("Status", pod_status),
        Column("Restarts", _restarts),
        AGE,
        column("IP", _ip, wide=True),
        column("Node", field("spec", "nodeName", absent=NONE), wide=True),
        column("Nominated Node", field("status", "nominatedNodeName", absent=NONE), wide=True),
        column("Readiness Gates", _gates, wide=True),
    )


_FINISHED = {
    "Succeeded": "The pod has completed successfully.",
    "Failed": "The pod failed.",
}


def pod_conditions(pod: Object) -> list[Object]:
    """The conditions of a pod's row: one when it is over."""
    phase = at(pod, "status", "phase")
    if phase not in _FINISHED:
        return []
    return [{"type": "Completed", "status": "True", "reason": phase, "message": _FINISHED[phase]}]


def _statuses(pod: Object, kind: str) -> list[Object]:
    return at(pod, "status", kind) or []


def _sidecars(pod: Object) -> set[str]:
    """Init containers that go on running."""
    listed = at(pod, "spec", "initContainers") or []
    return {entry["name"] for entry in listed if entry.get("restartPolicy") == "Always"}


def _condition(pod: Object, kind: str) -> bool:
    listed = at(pod, "status", "conditions") or []
    return any(entry.get("type") == kind and entry.get("status") == "True" for entry in listed)


def _ready(pod: Object) -> str:
    sidecars = _sidecars(pod)
    total = len(at(pod, "spec", "containers") or []) + len(sidecars)
    ready = sum(
        bool(status.get("ready") and at(status, "state", "running") is not None)
        for status in _statuses(pod, "containerStatuses")
    )
    ready += sum(
        bool(status.get("started") and status.get("ready"))
        for status in _statuses(pod, "initContainerStatuses")
        if status["name"] in sidecars
    )
    return f"{ready}/{total}"


def pod_status(pod: Object) -> str:
    """The word in the STATUS column."""
    phase, reason = at(pod, "status", "phase") or "", at(pod, "status", "reason")
    word = str(reason or phase)
    gated = any(
        entry.get("type") == "PodScheduled" and entry.get("reason") == "SchedulingGated"
        for entry in at(pod, "status", "conditions") or []
    )
    if gated:
        word = "SchedulingGated"
    init = _init_word(pod)
    if init is not None:
        word = init
    if init is None or _condition(pod, "Initialized"):
        word = _containers_word(pod, word)
    if at(pod, "metadata", "deletionTimestamp"):
        if reason == "NodeLost":
            return "Unknown"
        if phase not in ("Succeeded", "Failed"):
            return "Terminating"
    return word


def _init_word(pod: Object) -> str | None:
    """What the first unfinished init container does; None when all are done."""
    sidecars = _sidecars(pod)
    for position, status in enumerate(_statuses(pod, "initContainerStatuses")):
        terminated, waiting = at(status, "state", "terminated"), at(status, "state", "waiting")
        if terminated is not None and terminated.get("exitCode", 0) == 0:
            continue
        if status["name"] in sidecars and status.get("started"):
            continue
        if terminated is not None:
            return "Init:" + (terminated.get("reason") or _exit(terminated))
        if waiting is not None and waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{position}/{len(at(pod, 'spec', 'initContainers') or [])}"
    return None


def _containers_word(pod: Object, word: str) -> str:
    running = False
    for status in reversed(_statuses(pod, "containerStatuses")):
        waiting, terminated = at(status, "state", "waiting") or {}, at(status, "state", "terminated")
        if waiting.get("reason"):
            word = waiting["reason"]
        elif terminated is not None:
            word = terminated.get("reason") or _exit(terminated)
        elif status.get("ready") and at(status, "state", "running") is not None:
            running = True
    if word == "Completed" and running:
        return "Running" if _condition(pod, "Ready") else "NotReady"
    return word


def _exit(terminated: Object) -> str:
    signal = terminated.get("signal")
    return f"Signal:{signal}" if signal else f"ExitCode:{terminated.get('exitCode', 0)}"


def _restarts(pod: Object, now: float) -> str:
    sidecars = _sidecars(pod)
    init = _statuses(pod, "initContainerStatuses")
    listed = _statuses(pod, "containerStatuses")
    if _init_word(pod) is not None and not _condition(pod, "Initialized"):
        counted = init
    else:
        counted = listed + [status for status in init if status["name"] in sidecars]
    total = sum(int(status.get("restartCount") or 0) for status in counted)
    ends: list[Any] = [at(status, "lastState", "terminated", "finishedAt") for status in counted]
    last = max(filter(None, ends), default=None)
    return f"{total} ({age(last, now)} ago)" if last and total else str(total)


def _ip(pod: Object) -> str:
    listed = at(pod, "status", "podIPs") or []
    return str(listed[0]["ip"]) if listed else at(pod, "status", "podIP") or NONE


def _gates(pod: Object) -> str:
    gates = at(pod, "spec", "readinessGates") or []
    if not gates:
        return NONE
    return f"{sum(_condition(pod, gate['conditionType']) for gate in gates)}/{len(gates)}"
