"""The conditions of a Deployment, by the history that led to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from controller.sandbox.client import Object
from controller.sandbox.workloads.progress import deployment_status, until_late
from controller.sandbox.workloads.rollout import Rollout

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def found(status: Object | None = None, *, ready: int = 0, wanted: int = 2, made: bool = True, **spec: Any) -> Rollout:
    """A Deployment with its new ReplicaSet, of which ``ready`` pods are available; ``made``: its pods exist."""
    body = {"replicas": 2, "progressDeadlineSeconds": 60, "strategy": {"type": "RollingUpdate"}, **spec}
    deployment = {"metadata": {"name": "web", "generation": 4}, "spec": body, "status": status or {}}
    counts = {"replicas": wanted if made else 0, "readyReplicas": ready, "availableReplicas": ready}
    new = {"metadata": {"name": "web-a"}, "spec": {"replicas": wanted}, "status": counts}
    return Rollout(deployment, new, ())


def progressing(status: Object) -> Object:
    return next((entry for entry in status["conditions"] if entry["type"] == "Progressing"), {})


def test_the_course_of_a_good_rollout() -> None:
    first = deployment_status(found(made=False), NOW, created=True)
    assert first["observedGeneration"] == 4
    assert progressing(first)["reason"] == "NewReplicaSetCreated"
    later = NOW + timedelta(seconds=5)
    half = deployment_status(found(first, ready=1), later)
    assert progressing(half)["reason"] == "ReplicaSetUpdated"
    assert progressing(half)["lastTransitionTime"] == "2026-01-01T12:00:00Z"
    assert progressing(half)["lastUpdateTime"] == "2026-01-01T12:00:05Z"
    assert half["unavailableReplicas"] == 1
    done = deployment_status(found(half, ready=2), later)
    assert progressing(done)["reason"] == "NewReplicaSetAvailable"
    assert "unavailableReplicas" not in done
    assert deployment_status(found(done, ready=2), NOW + timedelta(days=1)) == done


def test_each_advance_gives_more_time() -> None:
    status = deployment_status(found(replicas=3, wanted=3), NOW, created=True)
    for step in (1, 2):
        moment = NOW + timedelta(seconds=50 * step)
        status = deployment_status(found(status, ready=step, replicas=3, wanted=3), moment)
        assert progressing(status)["reason"] == "ReplicaSetUpdated"
    still = found(status, ready=2, replicas=3, wanted=3)
    assert until_late(still, status, NOW + timedelta(seconds=110)) == 51.0
    late = deployment_status(still, NOW + timedelta(seconds=161))
    assert (progressing(late)["status"], progressing(late)["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert until_late(found(late, ready=2, replicas=3, wanted=3), late, NOW) is None


def test_pods_that_fail_after_a_rollout_are_no_lack_of_progress() -> None:
    done = deployment_status(found(deployment_status(found(), NOW, created=True), ready=2), NOW)
    later = deployment_status(found(done, ready=0), NOW + timedelta(days=1))
    assert progressing(later)["reason"] == "NewReplicaSetAvailable"
    (available,) = [entry for entry in later["conditions"] if entry["type"] == "Available"]
    assert (available["status"], available["reason"]) == ("False", "MinimumReplicasUnavailable")


def test_a_pause_stops_the_clock() -> None:
    status = deployment_status(found(), NOW, created=True)
    paused = deployment_status(found(status, paused=True), NOW, resting=True)
    assert (progressing(paused)["status"], progressing(paused)["reason"]) == ("Unknown", "DeploymentPaused")
    later = NOW + timedelta(days=1)
    resumed = deployment_status(found(paused), later)
    assert progressing(resumed)["reason"] == "DeploymentResumed"
    assert until_late(found(resumed), resumed, later) == 61.0


def test_a_deadline_that_passed_is_not_overwritten_by_a_pause() -> None:
    late = deployment_status(found(deployment_status(found(), NOW, created=True)), NOW + timedelta(seconds=61))
    paused = deployment_status(found(late, paused=True), NOW + timedelta(seconds=62), resting=True)
    assert progressing(paused)["reason"] == "ProgressDeadlineExceeded"


def test_without_a_deadline_there_is_no_such_condition() -> None:
    status = deployment_status(found(progressDeadlineSeconds=None), NOW, created=True)
    assert [entry["type"] for entry in status["conditions"]] == ["Available"]
    assert until_late(found(status, progressDeadlineSeconds=None), status, NOW) is None


def test_a_failure_of_a_replica_set_is_passed_on() -> None:
    failing = found()
    assert failing.new is not None
    failure = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "exceeded quota",
        "lastTransitionTime": "2026-01-01T12:00:00Z",
    }
    failing.new["status"]["conditions"] = [failure]
    status = deployment_status(failing, NOW, created=True)
    assert (
        next(entry for entry in status["conditions"] if entry["type"] == "ReplicaFailure")["message"]
        == "exceeded quota"
    )
    after = deployment_status(found(status), NOW)
    assert all(entry["type"] != "ReplicaFailure" for entry in after["conditions"])
