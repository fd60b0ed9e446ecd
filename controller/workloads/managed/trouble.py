"""What keeps a revision's pods from running, in their own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.core.objects import Found, Object, condition, name, readiness
from controller.workloads.managed.configuration import missing
from controller.workloads.managed.pods import containers, pods_of

_STARTING = frozenset({"ContainerCreating", "PodInitializing", ""})
_LONGEST = 300


def trouble(deployment: Object, found: Found) -> str:
    """One clause, "" when nothing is known to be wrong. Pods are asked as far as they were read."""
    if readiness(deployment).complete:
        return ""
    return next((_cut(clause) for clause in _clauses(deployment, found)), "")


def _clauses(deployment: Object, found: Found) -> Iterator[str]:
    """What tells most comes first: pods that cannot be made, pods that cannot start, pods that start in vain."""
    failure = condition(deployment, "ReplicaFailure") or {}
    if failure.get("status") == "True":
        yield f"no pod can be made: {_why(failure)}"
    moving = condition(deployment, "Progressing") or {}
    if moving.get("status") == "False" and moving.get("reason") == "ReplicaSetCreateError":
        yield f"no pod can be made: {_why(moving)}"
    for source in missing(deployment, found):
        yield f"its pods need the {source.kind} {source.name}, which does not exist; create it"
    pods = pods_of(deployment, found)
    for clauses in (_unscheduled, _failed, _stuck, _unready):
        for pod in pods:
            yield from clauses(pod)


def _unscheduled(pod: Object) -> Iterator[str]:
    scheduled = condition(pod, "PodScheduled") or {}
    if scheduled.get("status") == "False":
        yield f"pod {name(pod)} is not scheduled: {_why(scheduled)}"


def _failed(pod: Object) -> Iterator[str]:
    status = pod.get("status") or {}
    if status.get("phase") == "Failed" and status.get("reason"):
        yield f"pod {name(pod)} failed: {status['reason']}{_more(status.get('message'))}"


def _stuck(pod: Object) -> Iterator[str]:
    for container in containers(pod):
        state = container.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        last = (container.get("lastState") or {}).get("terminated") or {}
        who = f"container {container['name']} of pod {name(pod)}"
        reason = waiting.get("reason", "")
        if reason == "CrashLoopBackOff" and "exitCode" in last:
            yield f"{who} ends with {_status(last)} each time it is started ({container.get('restartCount', 0)} times)"
        elif reason not in _STARTING:
            yield f"{who}: {reason}{_more(waiting.get('message'))}"
        elif ended.get("exitCode"):
            yield f"{who} ended with {_status(ended)}"


def _unready(pod: Object) -> Iterator[str]:
    for container in containers(pod):
        if (container.get("state") or {}).get("running") is not None and container.get("ready") is False:
            last = (container.get("lastState") or {}).get("terminated") or {}
            before = f", after it ended with {_status(last)}" if last.get("exitCode") else ""
            yield f"container {container['name']} of pod {name(pod)} runs but is not ready{before}"


def _status(ended: Mapping[str, Any]) -> str:
    """``status 137 (OOMKilled)``: the reason where it says more than that there was an error."""
    reason = ended.get("reason")
    return f"status {ended['exitCode']}" + (f" ({reason})" if reason not in (None, "", "Error", "Completed") else "")


def _why(entry: Mapping[str, Any]) -> str:
    return str(entry.get("message") or entry.get("reason"))


def _more(message: object) -> str:
    return f" ({message})" if message else ""


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
