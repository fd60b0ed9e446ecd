"""Which pods a ReplicaSet loses first."""

from __future__ import annotations

from typing import Any

from controller.sandbox.client import Object
from controller.sandbox.workloads.ranking import DELETION_COST, deletion_order


def pod(name: str, **parts: Any) -> Object:
    ready = parts.get("ready", "2026-01-01T00:00:00Z")
    metadata = {"name": name, "creationTimestamp": parts.get("created", "2026-01-01T00:00:00Z")}
    if "cost" in parts:
        metadata["annotations"] = {DELETION_COST: parts["cost"]}
    entry = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": ready or None}
    status = {"phase": parts.get("phase", "Running"), "conditions": [entry]}
    status["containerStatuses"] = [{"restartCount": parts.get("restarts", 0)}]
    return {"metadata": metadata, "spec": {"nodeName": parts.get("node", "n")}, "status": status}


def test_the_order_of_deletion() -> None:
    later = "2026-01-02T00:00:00Z"
    pods = [
        pod("9-plain"),
        pod("8-dear", cost="10"),
        pod("7-young", created=later),
        pod("6-restarted", restarts=2),
        pod("5-lately-ready", ready=later),
        pod("4-cheap", cost="-1"),
        pod("3-unready", ready=""),
        pod("2-pending", phase="Pending", ready=""),
        pod("1-nowhere", node="", phase="Pending", ready=""),
    ]
    names = [item["metadata"]["name"] for item in deletion_order(pods)]
    assert names == [
        "1-nowhere",
        "2-pending",
        "3-unready",
        "4-cheap",
        "5-lately-ready",
        "6-restarted",
        "7-young",
        "9-plain",
        "8-dear",
    ]
