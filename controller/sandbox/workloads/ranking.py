"""Which pods a ReplicaSet loses first. Pure."""

from __future__ import annotations

from controller.sandbox.client import Object
from controller.sandbox.workloads.objects import annotations_of, condition, created, moment, name, pod_is_ready

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def deletion_order(pods: list[Object]) -> list[Object]:
    """The pods, first the one to lose first.

    Not scheduled, not running, not ready, cheap to delete (an annotation), ready for a short time, often restarted,
    young: the order of Kubernetes, without its rank for pods on one node (there is only one).
    """

    def rank(pod: Object) -> tuple[object, ...]:
        status = pod.get("status") or {}
        ready = condition(pod, "Ready")
        since = ready.get("lastTransitionTime") if ready and ready["status"] == "True" else None
        restarts = max((entry.get("restartCount", 0) for entry in status.get("containerStatuses") or []), default=0)
        return (
            bool(pod["spec"].get("nodeName")),
            _PHASES.get(status.get("phase", "Pending"), 0),
            pod_is_ready(pod),
            _deletion_cost(pod),
            -moment(since).timestamp() if since else 0.0,
            -restarts,
            -moment(created(pod)).timestamp() if created(pod) else 0.0,
            name(pod),
        )

    return sorted(pods, key=rank)


def _deletion_cost(pod: Object) -> int:
    try:
        return int(annotations_of(pod).get(DELETION_COST, "0"))
    except ValueError:
        return 0
