"""Plays the Job controller: pods until enough have succeeded or too many failed.

A pod that ended is counted exactly once, by the protocol of Kubernetes: its uid goes into the status, its finalizer
is taken off, and then the count grows. Indexed Jobs, pod failure policies and success policies are not played.
https://kubernetes.io/docs/concepts/workloads/controllers/job/
"""

from __future__ import annotations

import asyncio

from controller.sandbox.client import ApiError, Key, Object, key_of
from controller.sandbox.workloads.adoption import claim
from controller.sandbox.workloads.cluster import Cluster
from controller.sandbox.workloads.jobstatus import TRACKING, Pass, has_result, is_tracked
from controller.sandbox.workloads.kinds import JOB, POD
from controller.sandbox.workloads.objects import (
    controlled_by,
    controller_of,
    deleting,
    moment,
    name,
    namespace,
    owner_reference,
    pod_is_ready,
    seconds_since,
    uid,
)
from controller.sandbox.workloads.progress import drop_condition
from controller.sandbox.workloads.queue import Queue

_OUR_NAME = "kubernetes.io/job-controller"
_FIRST_BACKOFF = 0.5
_LONGEST_BACKOFF = 30.0


class Jobs:
    """Keeps the pods of each Job."""

    def __init__(self, cluster: Cluster) -> None:
        self.queue = Queue("job", self.reconcile)
        self._cluster = cluster
        cluster.mirror(JOB).listen(self._job_changed)
        cluster.mirror(POD).listen(self._pod_changed)

    def _job_changed(self, old: Object | None, new: Object | None) -> None:
        if item := new or old:
            self.queue.add(key_of(item))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        for pod in filter(None, (old, new)):
            reference = controller_of(pod)
            if reference is not None and reference["kind"] == JOB.kind:
                self.queue.add((namespace(pod), reference["name"]))

    async def reconcile(self, key: Key) -> float | None:
        job = self._cluster.mirror(JOB).get(*key)
        await self._free_orphans(key, job)
        if job is None or job["spec"].get("managedBy", _OUR_NAME) != _OUR_NAME:
            return None
        look = Pass(job, await claim(self._cluster, JOB, job, POD))
        if look.has("Complete") or look.has("Failed"):
            return await self._after_the_end(look)
        self._count(look)
        again = await self._advance(look)
        await self._report(look)
        for pod in look.pods:  # after the status that says they are counted
            if is_tracked(pod) and uid(pod) in {*look.uncounted["succeeded"], *look.uncounted["failed"]}:
                await self._free(pod)
        return again

    async def _free_orphans(self, key: Key, job: Object | None) -> None:
        for pod in self._cluster.mirror(POD).in_namespace(key[0]):
            reference = controller_of(pod)
            if reference is None or reference["kind"] != JOB.kind or reference["name"] != key[1]:
                continue
            if is_tracked(pod) and (job is None or not controlled_by(pod, job)):
                await self._free(pod)

    async def _free(self, pod: Object) -> None:
        left = [one for one in pod["metadata"].get("finalizers") or [] if one != TRACKING]
        try:
            await self._cluster.set_metadata(POD, pod, finalizers=left)
        except ApiError as error:
            if error.code != 404:
                raise

    def _count(self, look: Pass) -> None:
        """Note what ended; count what was noted in an earlier pass and has lost its finalizer since."""
        noted = look.uncounted
        held = {uid(pod) for pod in look.pods if is_tracked(pod)}
        for kind in ("succeeded", "failed"):
            done = [one for one in noted[kind] if one not in held]
            if done:
                look.status[kind] = int(look.status.get(kind) or 0) + len(done)
            noted[kind] = [one for one in noted[kind] if one in held]
        known = {*noted["succeeded"], *noted["failed"]}
        for pod in look.pods:
            if is_tracked(pod) and has_result(pod) and uid(pod) not in known:
                succeeded = (pod.get("status") or {}).get("phase") == "Succeeded"
                noted["succeeded" if succeeded else "failed"].append(uid(pod))
        look.status["uncountedTerminatedPods"] = {kind: uids for kind, uids in noted.items() if uids}

    async def _advance(self, look: Pass) -> float | None:
        """Start, stop and replace pods; the seconds until a deadline or the end of a back-off."""
        job = look.job
        if look.spec.get("suspend"):
            await self._suspend(look)
            return None
        if not deleting(job):
            self._resume(look)
        start = look.status.get("startTime")
        age = seconds_since(start, self._cluster.now()) if start else None
        failure = None if look.has("SuccessCriteriaMet") else look.failure(age)
        if look.is_done() and not look.has("FailureTarget"):
            self._set(look, "SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods")
        elif failure is not None:
            self._set(look, "FailureTarget", *failure)
        if look.has("SuccessCriteriaMet") or look.has("FailureTarget"):
            await self._remove(look, look.active)
            self._conclude(look)
            return None
        if deleting(job):
            return None
        pause = self._backoff(look)
        missing = look.wanted() - len(look.active)
        if missing < 0:
            await self._remove(look, sorted(look.active, key=pod_is_ready)[:-missing])
        elif missing > 0 and pause <= 0:
            look.pods += await asyncio.gather(*(self._create(look.job) for _ in range(missing)))
        waits = [pause] if missing > 0 and pause > 0 else []
        if (deadline := look.spec.get("activeDeadlineSeconds")) is not None and age is not None:
            waits.append(max(0.05, deadline - age))
        return min(waits, default=None)

    def _backoff(self, look: Pass) -> float:
        """Seconds before the next pod after a failure; they double with each."""
        failures = look.total("failed")
        if not failures:
            return 0.0
        ends = [
            ended["finishedAt"]
            for pod in look.pods
            for entry in (pod.get("status") or {}).get("containerStatuses") or []
            if (ended := (entry.get("state") or {}).get("terminated")) and ended.get("finishedAt")
        ]
        since = (self._cluster.now() - max(map(moment, ends))).total_seconds() if ends else _LONGEST_BACKOFF
        return min(_FIRST_BACKOFF * 2.0 ** (failures - 1), _LONGEST_BACKOFF) - since

    async def _suspend(self, look: Pass) -> None:
        await self._remove(look, look.active)
        if not look.has("Suspended"):
            look.status.pop("startTime", None)
            self._set(look, "Suspended", "JobSuspended", "Job suspended")

    def _resume(self, look: Pass) -> None:
        if look.has("Suspended"):
            self._set(look, "Suspended", "JobResumed", "Job resumed", status="False")
        look.status.setdefault("startTime", self._cluster.stamp())

    def _conclude(self, look: Pass) -> None:
        """The last condition, when nothing runs and all is counted."""
        if look.active or look.terminating or any(look.uncounted.values()):
            return
        failed = look.has("FailureTarget")
        if failed:
            self._set(look, "Failed", failed["reason"], failed["message"])
            self._cluster.recorder.warning(look.job, failed["reason"], failed["message"])
        else:
            met = look.has("SuccessCriteriaMet") or {}
            self._set(look, "Complete", met["reason"], met["message"])
            look.status["completionTime"] = self._cluster.stamp()
            self._cluster.recorder.normal(look.job, "Completed", "Job completed")

    def _set(self, look: Pass, kind: str, reason: str, message: str, status: str = "True") -> None:
        if any(one["type"] == kind and one["status"] == status for one in look.status["conditions"]):
            return
        drop_condition(look.status["conditions"], kind)
        now = self._cluster.stamp()
        entry = {"type": kind, "status": status, "reason": reason, "message": message}
        look.status["conditions"].append({**entry, "lastProbeTime": now, "lastTransitionTime": now})

    async def _remove(self, look: Pass, doomed: list[Object]) -> None:
        for pod in doomed:
            await self._cluster.delete(POD, pod)
            self._cluster.recorder.normal(look.job, "SuccessfulDelete", f"Deleted pod: {name(pod)}")
        mirror = self._cluster.mirror(POD)
        known = [mirror.get(*key_of(pod)) for pod in look.pods]
        look.pods = [pod for pod in known if pod is not None]

    async def _create(self, job: Object) -> Object:
        template = job["spec"]["template"]
        metadata = template.get("metadata") or {}
        parts = {part: metadata[part] for part in ("labels", "annotations") if metadata.get(part)}
        body = {
            "metadata": {
                "generateName": f"{name(job)}-",
                "namespace": namespace(job),
                "finalizers": [TRACKING],
                "ownerReferences": [owner_reference(JOB, job)],
                **parts,
            },
            "spec": template["spec"],
        }
        try:
            pod = await self._cluster.create(POD, body)
        except ApiError as error:
            self._cluster.recorder.warning(job, "FailedCreate", f"Error creating: {error.message}")
            raise
        self._cluster.recorder.normal(job, "SuccessfulCreate", f"Created pod: {name(pod)}")
        return pod

    async def _report(self, look: Pass) -> None:
        status = look.status
        status["active"] = len(look.active)
        status["ready"] = sum(map(pod_is_ready, look.active))
        status["terminating"] = len(look.terminating)
        status = {key: value for key, value in status.items() if value or key in ("ready", "terminating")}
        status.setdefault("uncountedTerminatedPods", {})
        before = look.job.get("status") or {}
        if {**before, "uncountedTerminatedPods": before.get("uncountedTerminatedPods") or {}} != status:
            await self._cluster.replace(JOB, {**look.job, "status": status}, "status")

    async def _after_the_end(self, look: Pass) -> float | None:
        """Free what is left, and delete the Job when its time to live is over."""
        for pod in look.pods:
            if is_tracked(pod):
                await self._free(pod)
        ttl = look.spec.get("ttlSecondsAfterFinished")
        ended = look.has("Complete") or look.has("Failed")
        if ttl is None or ended is None or deleting(look.job):
            return None
        left = float(ttl) - seconds_since(ended["lastTransitionTime"], self._cluster.now())
        if left > 0:
            return left
        await self._cluster.delete(JOB, look.job, "Foreground")
        return None
