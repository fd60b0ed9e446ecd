"""Plays the Deployment controller: ReplicaSets per template, rolled, scaled, kept as history, and reported."""

from __future__ import annotations

from controller.sandbox.client import ApiError, Key, Object, key_of
from controller.sandbox.workloads.adoption import claim
from controller.sandbox.workloads.cluster import Cluster
from controller.sandbox.workloads.kinds import DEPLOYMENT, POD, REPLICA_SET
from controller.sandbox.workloads.objects import (
    annotations_of,
    controlled_by,
    controller_of,
    deleting,
    labels_of,
    matches,
    name,
    namespace,
    pod_has_ended,
)
from controller.sandbox.workloads.progress import deadline, deployment_status, is_complete, set_condition, until_late
from controller.sandbox.workloads.queue import Queue
from controller.sandbox.workloads.revisions import (
    REVISION,
    annotations_for_new,
    new_replica_set,
    same_template,
    surplus,
)
from controller.sandbox.workloads.rollout import Rollout, Sizes, wanted


class Deployments:
    """One pass brings one Deployment a step further; the events of what it wrote start the next."""

    def __init__(self, cluster: Cluster) -> None:
        self.queue = Queue("deployment", self.reconcile)
        self._cluster = cluster
        cluster.mirror(DEPLOYMENT).listen(self._deployment_changed)
        cluster.mirror(REPLICA_SET).listen(self._set_changed)
        cluster.mirror(POD).listen(self._pod_changed)

    def _deployment_changed(self, old: Object | None, new: Object | None) -> None:
        if item := new or old:
            self.queue.add(key_of(item))

    def _set_changed(self, old: Object | None, new: Object | None) -> None:
        for item in filter(None, (old, new)):
            reference = controller_of(item)
            if reference is not None and reference["kind"] == DEPLOYMENT.kind:
                self.queue.add((namespace(item), reference["name"]))
            elif reference is None and item is new:
                for deployment in self._cluster.mirror(DEPLOYMENT).in_namespace(namespace(item)):
                    if matches(deployment["spec"].get("selector"), labels_of(item)):
                        self.queue.add(key_of(deployment))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        """Recreate waits until the last pod is gone, which no ReplicaSet's status tells."""
        reference = controller_of(old) if old is not None and new is None else None
        if old is None or reference is None:
            return
        owner = self._cluster.mirror(REPLICA_SET).get(namespace(old), reference["name"])
        above = controller_of(owner) if owner is not None else None
        if above is not None:
            self.queue.add((namespace(old), above["name"]))

    async def reconcile(self, key: Key) -> float | None:
        deployment = self._cluster.mirror(DEPLOYMENT).get(*key)
        if deployment is None:
            return None
        rollout = Rollout.of(deployment, await claim(self._cluster, DEPLOYMENT, deployment, REPLICA_SET))
        if deleting(deployment):
            return await self._report(rollout, resting=True)
        rollout = await self._number(rollout)
        if deployment["spec"].get("paused"):
            rollout = await self._resize(rollout, rollout.scaling_step(), everywhere=True)
            await self._clean_up(rollout)
            return await self._report(rollout, resting=True)
        if rollout.is_scaling():
            rollout = await self._resize(rollout, rollout.scaling_step(), everywhere=True)
            return await self._report(rollout, resting=True)
        rollout, made = await (self._roll(rollout) if rollout.rolling else self._recreate(rollout))
        if is_complete(rollout, rollout.deployment.get("status") or {}):
            await self._clean_up(rollout)
        return await self._report(rollout, created=made)

    async def _roll(self, rollout: Rollout) -> tuple[Rollout, bool]:
        made = rollout.new is None
        if made:
            rollout = await self._make(rollout)
            if rollout.new is None:
                return rollout, False
        return await self._resize(rollout, rollout.rolling_step()), made

    async def _recreate(self, rollout: Rollout) -> tuple[Rollout, bool]:
        sizes = rollout.recreate_step(self._old_pods(rollout))
        if sizes is None or rollout.new is not None:
            return await self._resize(rollout, sizes or {}), False
        if sizes:  # old ones go down first
            return await self._resize(rollout, sizes), False
        rollout = await self._make(rollout)
        return rollout, rollout.new is not None

    def _old_pods(self, rollout: Rollout) -> int:
        pods = self._cluster.mirror(POD).in_namespace(namespace(rollout.deployment))
        return sum(not pod_has_ended(pod) and any(controlled_by(pod, item) for item in rollout.old) for pod in pods)

    async def _number(self, rollout: Rollout) -> Rollout:
        """The new ReplicaSet's annotations, and the Deployment's own revision."""
        new, deployment = rollout.new, rollout.deployment
        if new is None:
            return rollout
        notes = annotations_for_new(deployment, new, rollout.old)
        least = deployment["spec"].get("minReadySeconds") or 0
        if notes != annotations_of(new) or least != (new["spec"].get("minReadySeconds") or 0):
            metadata = {"resourceVersion": new["metadata"]["resourceVersion"], "annotations": notes}
            patch = {"metadata": metadata, "spec": {"minReadySeconds": least}}
            new = await self._cluster.patch(REPLICA_SET, new, patch)
            rollout = rollout.having(new)
        return await self._show_revision(rollout, annotations_of(new)[REVISION])

    async def _show_revision(self, rollout: Rollout, revision: str) -> Rollout:
        deployment = rollout.deployment
        if annotations_of(deployment).get(REVISION) == revision:
            return rollout
        # Through /status: a change of a Deployment's annotations is a new generation anywhere else.
        version = deployment["metadata"]["resourceVersion"]
        patch = {"metadata": {"resourceVersion": version, "annotations": {REVISION: revision}}}
        changed = await self._cluster.patch(DEPLOYMENT, deployment, patch, subresource="status")
        return Rollout(changed, rollout.new, rollout.old)

    async def _make(self, rollout: Rollout) -> Rollout:
        """Create the new ReplicaSet. ``new`` stays None when another hash has to be tried first."""
        deployment = rollout.deployment
        body = new_replica_set(deployment, rollout.first_size(), rollout.notes(), rollout.old)
        try:
            made = await self._cluster.create(REPLICA_SET, body)
        except ApiError as error:
            if error.code == 409 and error.reason == "AlreadyExists":
                return await self._taken(rollout, body)
            await self._not_made(rollout, name(body), error)
            raise
        if size := wanted(made):
            text = f"Scaled up replica set {name(made)} from 0 to {size}"
            self._cluster.recorder.normal(deployment, "ScalingReplicaSet", text)
        return await self._show_revision(rollout.having(made), annotations_of(made)[REVISION])

    async def _taken(self, rollout: Rollout, body: Object) -> Rollout:
        """The name exists: ours after all (the mirror was late), or another template with the same hash."""
        deployment = rollout.deployment
        found = await self._cluster.client.get_or_none(REPLICA_SET.of(body))
        if found is None:
            return rollout
        if controlled_by(found, deployment) and same_template(
            found["spec"]["template"], deployment["spec"]["template"]
        ):
            self._cluster.mirror(REPLICA_SET).learn(found)
            return rollout.having(found)
        status = dict(deployment.get("status") or {})
        status["collisionCount"] = status.get("collisionCount", 0) + 1
        changed = await self._cluster.replace(DEPLOYMENT, {**deployment, "status": status}, "status")
        return Rollout(changed, rollout.new, rollout.old)

    async def _not_made(self, rollout: Rollout, wanted_name: str, error: ApiError) -> None:
        deployment = rollout.deployment
        text = f'Failed to create new replica set "{wanted_name}": {error.message}'
        self._cluster.recorder.warning(deployment, "ReplicaSetCreateError", text)
        if deadline(deployment) is not None:
            status = dict(deployment.get("status") or {})
            status["conditions"] = [dict(entry) for entry in status.get("conditions") or []]
            new = {"type": "Progressing", "status": "False", "reason": "ReplicaSetCreateError", "message": text}
            set_condition(status["conditions"], new, self._cluster.now())
            if status["conditions"] != (deployment.get("status") or {}).get("conditions"):
                await self._cluster.replace(DEPLOYMENT, {**deployment, "status": status}, "status")

    async def _resize(self, rollout: Rollout, sizes: Sizes, *, everywhere: bool = False) -> Rollout:
        """Write the sizes; ``everywhere``: every active ReplicaSet also learns the Deployment's size."""
        notes = rollout.notes()
        for item in rollout.all:
            before = wanted(item)
            size = sizes.get(name(item), before)
            told = all(annotations_of(item).get(key) == value for key, value in notes.items())
            if size == before and (told or not everywhere or not before):
                continue
            metadata = {"resourceVersion": item["metadata"]["resourceVersion"], "annotations": notes}
            changed = await self._cluster.patch(REPLICA_SET, item, {"metadata": metadata, "spec": {"replicas": size}})
            rollout = rollout.having(changed)
            if size != before:
                text = f"Scaled {'up' if size > before else 'down'} replica set {name(item)} from {before} to {size}"
                self._cluster.recorder.normal(rollout.deployment, "ScalingReplicaSet", text)
        return rollout

    async def _clean_up(self, rollout: Rollout) -> None:
        for item in surplus(rollout.deployment, rollout.old):
            await self._cluster.delete(REPLICA_SET, item)

    async def _report(self, rollout: Rollout, *, created: bool = False, resting: bool = False) -> float | None:
        deployment, now = rollout.deployment, self._cluster.now()
        status = deployment_status(rollout, now, created=created, resting=resting)
        before = {key: value for key, value in (deployment.get("status") or {}).items() if value}
        if status != before:
            await self._cluster.replace(DEPLOYMENT, {**deployment, "status": status}, "status")
        return until_late(rollout, status, now)
