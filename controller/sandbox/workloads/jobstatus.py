"""What a Job's pods say about it: enough, too many failures, too late. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.sandbox.client import Object
from controller.sandbox.workloads.objects import deleting, pod_is_active

TRACKING = "batch.kubernetes.io/job-tracking"


@dataclass
class Pass:
    """One look at a Job: its pods by what they are, and the status that grows out of it."""

    job: Object
    pods: list[Object]
    status: Object = field(default_factory=dict)

    def __post_init__(self) -> None:
        before = self.job.get("status") or {}
        self.status = {**before, "conditions": [dict(entry) for entry in before.get("conditions") or []]}

    @property
    def active(self) -> list[Object]:
        return [pod for pod in self.pods if pod_is_active(pod)]

    @property
    def terminating(self) -> list[Object]:
        return [pod for pod in self.pods if deleting(pod) and not has_result(pod)]

    @property
    def uncounted(self) -> dict[str, list[str]]:
        found = self.status.get("uncountedTerminatedPods") or {}
        return {"succeeded": list(found.get("succeeded") or []), "failed": list(found.get("failed") or [])}

    def total(self, kind: str) -> int:
        """Pods that ``succeeded`` or ``failed``, those included that are not counted yet."""
        return int(self.status.get(kind) or 0) + len(self.uncounted[kind])

    @property
    def spec(self) -> Object:
        found: Object = self.job["spec"]
        return found

    @property
    def limit(self) -> int:
        limit = self.spec.get("backoffLimit")
        return 6 if limit is None else int(limit)

    def has(self, kind: str) -> Object | None:
        entries = self.status["conditions"]
        return next((one for one in entries if one["type"] == kind and one["status"] == "True"), None)

    def wanted(self) -> int:
        """How many pods should be active now."""
        parallelism = self.spec.get("parallelism")
        parallelism = 1 if parallelism is None else int(parallelism)
        completions = self.spec.get("completions")
        if completions is None:  # a work queue: no new pod after the first success
            return min(parallelism, len(self.active)) if self.total("succeeded") else parallelism
        return min(parallelism, max(0, int(completions) - self.total("succeeded")))

    def is_done(self) -> bool:
        completions = self.spec.get("completions")
        if completions is None:
            return self.total("succeeded") > 0 and not self.active
        return self.total("succeeded") >= int(completions)

    def failure(self, age: float | None) -> tuple[str, str] | None:
        """Why the Job has failed: reason and message. ``age`` is in seconds since its start."""
        restarts = 0
        if (self.spec["template"]["spec"].get("restartPolicy")) == "OnFailure":
            restarts = sum(map(_restarts, self.active))
        if self.total("failed") > self.limit or (restarts and restarts >= max(1, self.limit)):
            return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
        deadline = self.spec.get("activeDeadlineSeconds")
        if deadline is not None and age is not None and age >= deadline:
            return "DeadlineExceeded", "Job was active longer than specified deadline"
        return None


def has_result(pod: Object) -> bool:
    """Whether it has ended. One that is deleted before any node took it never will: it counts as failed."""
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Succeeded", "Failed") or (deleting(pod) and not pod["spec"].get("nodeName"))


def _restarts(pod: Object) -> int:
    return sum(entry.get("restartCount", 0) for entry in (pod.get("status") or {}).get("containerStatuses") or [])


def is_tracked(pod: Object) -> bool:
    return TRACKING in (pod["metadata"].get("finalizers") or [])
