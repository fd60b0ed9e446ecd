"""What keeps a revision's pods from running, in their own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.core.objects import PREFIX, Found, Object, condition, labels, name, namespace

_REVISION_LABEL = f"{PREFIX}revision"
_STARTING = frozenset({"ContainerCreating", "PodInitializing", ""})
_LONGEST = 300


def trouble(deployment: Object, found: Found) -> str:
    """One clause, "" when nothing is known to be wrong. Pods are asked as far as they were read."""
    if failure := _true(condition(deployment, "ReplicaFailure")):
        return _cut(f"no pod can be made: {failure}")
    pods = found.list("Pod", namespace(deployment), {_REVISION_LABEL: labels(deployment)[_REVISION_LABEL]})
    for pod in pods:
        for clause in _of_pod(pod):
            return _cut(clause)
    return ""


def _of_pod(pod: Object) -> Iterator[str]:
    status: Mapping[str, Any] = pod.get("status") or {}
    scheduled = condition(pod, "PodScheduled") or {}
    if scheduled.get("status") == "False":
        yield f"pod {name(pod)} is not scheduled: {scheduled.get('message') or scheduled.get('reason')}"
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        state = container.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        last = (container.get("lastState") or {}).get("terminated") or {}
        if waiting.get("reason", "") not in _STARTING:
            message = waiting.get("message") or (f"exit status {last['exitCode']}" if "exitCode" in last else "")
            more = f" ({message})" if message else ""
            yield f"container {container['name']} of pod {name(pod)}: {waiting['reason']}{more}"
        elif ended.get("exitCode"):
            yield f"container {container['name']} of pod {name(pod)} ended with status {ended['exitCode']}"


def _true(found: Mapping[str, Any] | None) -> str:
    if found and found.get("status") == "True":
        return str(found.get("message") or found.get("reason"))
    return ""


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
