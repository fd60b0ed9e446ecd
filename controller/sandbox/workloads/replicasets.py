"""Plays the ReplicaSet controller: as many pods as wanted, those away first that serve least, and the status."""

from __future__ import annotations

import asyncio
from datetime import datetime

from controller.sandbox.client import ApiError, Key, Object, key_of
from controller.sandbox.workloads.adoption import claim
from controller.sandbox.workloads.cluster import Cluster
from controller.sandbox.workloads.kinds import POD, REPLICA_SET
from controller.sandbox.workloads.objects import (
    condition,
    controller_of,
    deleting,
    labels_of,
    matches,
    name,
    namespace,
    owner_reference,
    pod_is_active,
    stamp,
    until_available,
)
from controller.sandbox.workloads.queue import Queue
from controller.sandbox.workloads.ranking import deletion_order
from controller.sandbox.workloads.rollout import wanted

_LONGEST_BATCH = 32


class ReplicaSets:
    """Keeps the pods of each ReplicaSet."""

    def __init__(self, cluster: Cluster) -> None:
        self.queue = Queue("replicaset", self.reconcile)
        self._cluster = cluster
        cluster.mirror(REPLICA_SET).listen(self._set_changed)
        cluster.mirror(POD).listen(self._pod_changed)

    def _set_changed(self, old: Object | None, new: Object | None) -> None:
        if item := new or old:
            self.queue.add(key_of(item))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        for pod in filter(None, (old, new)):
            reference = controller_of(pod)
            if reference is not None and reference["kind"] == REPLICA_SET.kind:
                self.queue.add((namespace(pod), reference["name"]))
            elif reference is None and pod is new:
                for item in self._cluster.mirror(REPLICA_SET).in_namespace(namespace(pod)):
                    if matches(item["spec"].get("selector"), labels_of(pod)):
                        self.queue.add(key_of(item))

    async def reconcile(self, key: Key) -> float | None:
        item = self._cluster.mirror(REPLICA_SET).get(*key)
        if item is None:
            return None
        pods = [pod for pod in await claim(self._cluster, REPLICA_SET, item, POD) if pod_is_active(pod)]
        failure: ApiError | None = None
        if not deleting(item):
            try:
                pods = await self._match(item, pods)
            except ApiError as error:
                failure = error
                pods = [pod for pod in pods if key_of(pod) in self._cluster.mirror(POD).objects]
        again = await self._report(item, pods, failure)
        if failure is not None:
            raise failure
        return again

    async def _match(self, item: Object, pods: list[Object]) -> list[Object]:
        missing = wanted(item) - len(pods)
        if missing > 0:
            return [*pods, *await self._add(item, missing)]
        if missing < 0:
            doomed = deletion_order(pods)[:-missing]
            async with asyncio.TaskGroup() as group:
                for pod in doomed:
                    group.create_task(self._remove(item, pod))
            return [pod for pod in pods if pod not in doomed]
        return pods

    async def _add(self, item: Object, count: int) -> list[Object]:
        """Create in batches of 1, 2, 4, ...: a refusal (a quota) is met by one request, not by all."""
        made: list[Object] = []
        batch = 1
        while count > 0:
            answers = await asyncio.gather(
                *(self._create(item) for _ in range(min(batch, count))), return_exceptions=True
            )
            made += [answer for answer in answers if isinstance(answer, dict)]
            for answer in answers:
                if isinstance(answer, BaseException):
                    raise answer
            count -= len(answers)
            batch = min(batch * 2, _LONGEST_BATCH)
        return made

    async def _create(self, item: Object) -> Object:
        template = item["spec"]["template"]
        metadata = template.get("metadata") or {}
        parts = {part: metadata[part] for part in ("labels", "annotations", "finalizers") if metadata.get(part)}
        body: Object = {
            "metadata": {
                "generateName": f"{name(item)}-",
                "namespace": namespace(item),
                "ownerReferences": [owner_reference(REPLICA_SET, item)],
                **parts,
            },
            "spec": template["spec"],
        }
        try:
            pod = await self._cluster.create(POD, body)
        except ApiError as error:
            self._cluster.recorder.warning(item, "FailedCreate", f"Error creating: {error.message}")
            raise
        self._cluster.recorder.normal(item, "SuccessfulCreate", f"Created pod: {name(pod)}")
        return pod

    async def _remove(self, item: Object, pod: Object) -> None:
        await self._cluster.delete(POD, pod)
        self._cluster.recorder.normal(item, "SuccessfulDelete", f"Deleted pod: {name(pod)}")

    async def _report(self, item: Object, pods: list[Object], failure: ApiError | None) -> float | None:
        status, again = replica_set_status(item, pods, failure, self._cluster.now())
        before = {key: value for key, value in (item.get("status") or {}).items() if value or key == "replicas"}
        if status != before:
            await self._cluster.replace(REPLICA_SET, {**item, "status": status}, "status")
        return again


def replica_set_status(
    item: Object, pods: list[Object], failure: ApiError | None, now: datetime
) -> tuple[Object, float | None]:
    """The status for these active pods, and the seconds until a pod will have been ready for long enough."""
    least = item["spec"].get("minReadySeconds") or 0
    waits = [until_available(pod, least, now) for pod in pods]
    expected = (item["spec"]["template"].get("metadata") or {}).get("labels") or {}
    status = {
        "fullyLabeledReplicas": sum(expected.items() <= labels_of(pod).items() for pod in pods),
        "readyReplicas": sum(wait is not None for wait in waits),
        "availableReplicas": sum(wait == 0 for wait in waits),
        "observedGeneration": item["metadata"].get("generation", 0),
    }
    status = {"replicas": len(pods), **{key: value for key, value in status.items() if value}}
    conditions = [
        entry for entry in (item.get("status") or {}).get("conditions") or [] if entry["type"] != "ReplicaFailure"
    ]
    if failure is not None:
        conditions.append(_replica_failure(item, failure, now))
    result: Object = {**status, **({"conditions": conditions} if conditions else {})}
    return result, min((wait for wait in waits if wait), default=None)


def _replica_failure(item: Object, failure: ApiError, now: datetime) -> Object:
    present = condition(item, "ReplicaFailure")
    return {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": failure.message,
        "lastTransitionTime": present["lastTransitionTime"] if present else stamp(now),
    }
