"""The status of a Deployment: counts, and the conditions Available, Progressing and ReplicaFailure. Pure."""

from __future__ import annotations

from datetime import datetime

from controller.sandbox.client import Object
from controller.sandbox.workloads.objects import condition, moment, name, stamp
from controller.sandbox.workloads.rollout import Rollout, counted

_NO_DEADLINE = 2**31 - 1
_MARGIN = 1.0  # the API keeps whole seconds


def set_condition(conditions: list[Object], new: Object, now: datetime) -> None:
    """Put ``new`` (type, status, reason, message) among the conditions, in place.

    Nothing changes when status and reason are the same; lastTransitionTime changes with the status only.
    """
    present = next((entry for entry in conditions if entry["type"] == new["type"]), None)
    if present and present["status"] == new["status"] and present.get("reason") == new["reason"]:
        return
    full = {**new, "lastUpdateTime": stamp(now), "lastTransitionTime": stamp(now)}
    if present:
        if present["status"] == new["status"]:
            full["lastTransitionTime"] = present.get("lastTransitionTime", full["lastTransitionTime"])
        conditions[conditions.index(present)] = full
    else:
        conditions.append(full)


def drop_condition(conditions: list[Object], kind: str) -> None:
    conditions[:] = [entry for entry in conditions if entry["type"] != kind]


def deployment_status(rollout: Rollout, now: datetime, *, created: bool = False, resting: bool = False) -> Object:
    """The whole status that the Deployment should have.

    ``created``: the new ReplicaSet was made in this pass. ``resting``: paused, being scaled or being deleted, so
    that progress is not judged.
    """
    deployment, sets = rollout.deployment, rollout.all
    before = deployment.get("status") or {}
    status: Object = {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": sum(counted(item, "replicas") for item in sets),
        "updatedReplicas": counted(rollout.new, "replicas") if rollout.new else 0,
        "readyReplicas": sum(counted(item, "readyReplicas") for item in sets),
        "availableReplicas": sum(counted(item, "availableReplicas") for item in sets),
    }
    total = sum(int(item["spec"].get("replicas") or 0) for item in sets)
    status["unavailableReplicas"] = max(0, total - status["availableReplicas"])
    status = {key: value for key, value in status.items() if value}
    if before.get("collisionCount"):
        status["collisionCount"] = before["collisionCount"]
    conditions = [dict(entry) for entry in before.get("conditions") or []]
    _set_available(conditions, rollout, status.get("availableReplicas", 0), now)
    _set_progressing(conditions, rollout, status, now, created=created, resting=resting)
    _set_failure(conditions, rollout)
    status["conditions"] = conditions
    return status


def _set_available(conditions: list[Object], rollout: Rollout, available: int, now: datetime) -> None:
    enough = available >= rollout.replicas - rollout.unavailable
    new = {
        "type": "Available",
        "status": "True" if enough else "False",
        "reason": "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        "message": f"Deployment {'has' if enough else 'does not have'} minimum availability.",
    }
    set_condition(conditions, new, now)


def deadline(deployment: Object) -> float | None:
    """progressDeadlineSeconds, None when there is none."""
    seconds = deployment["spec"].get("progressDeadlineSeconds")
    return None if seconds is None or seconds >= _NO_DEADLINE else float(seconds)


def _progressing(status: str, reason: str, message: str) -> Object:
    return {"type": "Progressing", "status": status, "reason": reason, "message": message}


def _set_progressing(
    conditions: list[Object], rollout: Rollout, status: Object, now: datetime, *, created: bool, resting: bool
) -> None:
    deployment = rollout.deployment
    if deadline(deployment) is None:
        drop_condition(conditions, "Progressing")
        return
    present = next((entry for entry in conditions if entry["type"] == "Progressing"), None)
    reason = present.get("reason", "") if present else ""
    if deployment["spec"].get("paused"):
        if reason != "ProgressDeadlineExceeded":
            set_condition(conditions, _progressing("Unknown", "DeploymentPaused", "Deployment is paused"), now)
        return
    if reason == "DeploymentPaused":  # the clock of the deadline starts anew
        set_condition(conditions, _progressing("Unknown", "DeploymentResumed", "Deployment is resumed"), now)
    if created and rollout.new:
        text = f'Created new replica set "{name(rollout.new)}"'
        set_condition(conditions, _progressing("True", "NewReplicaSetCreated", text), now)
    elif rollout.new and present is None:
        text = f'Found new replica set "{name(rollout.new)}"'
        set_condition(conditions, _progressing("True", "FoundNewReplicaSet", text), now)
    if not resting:
        _judge(conditions, rollout, status, now)


def is_complete(rollout: Rollout, status: Object) -> bool:
    """All pods are of the new revision and available, and no other is left."""
    return all(
        status.get(field, 0) == rollout.replicas for field in ("updatedReplicas", "replicas", "availableReplicas")
    )


def _judge(conditions: list[Object], rollout: Rollout, status: Object, now: datetime) -> None:
    """Complete, progressing, or out of time."""
    deployment, before = rollout.deployment, rollout.deployment.get("status") or {}
    present = next((entry for entry in conditions if entry["type"] == "Progressing"), None)
    reason = present.get("reason", "") if present else ""
    if reason == "NewReplicaSetAvailable" and status.get("replicas", 0) == status.get("updatedReplicas", 0):
        return  # no rollout is under way, whatever becomes of single pods
    about = f'ReplicaSet "{name(rollout.new)}"' if rollout.new else f'Deployment "{name(deployment)}"'
    if is_complete(rollout, status):
        text = f"{about} has successfully progressed."
        set_condition(conditions, _progressing("True", "NewReplicaSetAvailable", text), now)
    elif _advanced(before, status):
        new = _progressing("True", "ReplicaSetUpdated", f"{about} is progressing.")
        if present and present.get("reason") == new["reason"]:
            present["lastUpdateTime"] = stamp(now)  # each advance counts the deadline from here
            present["message"] = new["message"]
        else:
            set_condition(conditions, new, now)
    elif _is_late(present, deployment, now):
        new = _progressing("False", "ProgressDeadlineExceeded", f"{about} has timed out progressing.")
        set_condition(conditions, new, now)


def _advanced(before: Object, status: Object) -> bool:
    def old(source: Object) -> int:
        return int(source.get("replicas", 0)) - int(source.get("updatedReplicas", 0))

    return old(status) < old(before) or any(
        status.get(field, 0) > before.get(field, 0)
        for field in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )


def _is_late(present: Object | None, deployment: Object, now: datetime) -> bool:
    limit = deadline(deployment)
    if limit is None or present is None or present.get("reason") == "NewReplicaSetAvailable":
        return False
    if present.get("reason") == "ProgressDeadlineExceeded":
        return True
    return (now - moment(present["lastUpdateTime"])).total_seconds() > limit


def until_late(rollout: Rollout, status: Object, now: datetime) -> float | None:
    """Seconds after which the deadline should be looked at; None when it does not run."""
    present = condition({"status": status}, "Progressing")
    limit = deadline(rollout.deployment)
    if limit is None or present is None or rollout.deployment["spec"].get("paused") or is_complete(rollout, status):
        return None
    if present.get("reason") in ("ProgressDeadlineExceeded", "NewReplicaSetAvailable"):
        return None
    passed = (now - moment(present["lastUpdateTime"])).total_seconds()
    return max(0.1, limit - passed + _MARGIN)


def _set_failure(conditions: list[Object], rollout: Rollout) -> None:
    drop_condition(conditions, "ReplicaFailure")
    candidates = (*([rollout.new] if rollout.new else []), *rollout.old)
    failure = next(filter(None, (condition(item, "ReplicaFailure") for item in candidates)), None)
    if failure:
        conditions.append({**failure, "lastUpdateTime": failure["lastTransitionTime"]})
