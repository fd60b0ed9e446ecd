"""DELETE of one object and of a collection: at once, or by waiting for finalizers and kubelets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from controller.sandbox.api.content import Unreadable, decode
from controller.sandbox.api.definitions import DEFINITIONS, mark_terminating
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.patch.values import duplicate
from controller.sandbox.api.reading import matcher
from controller.sandbox.api.request import Call, ListOptions, dry_run_fault
from controller.sandbox.api.resources import Resource
from controller.sandbox.api.schema import errors
from controller.sandbox.api.state import State, normal
from controller.sandbox.api.store import Stored
from controller.sandbox.api.strategies import strategy_of
from controller.sandbox.client import Object

_POLICIES = {"Foreground": "foregroundDeletion", "Background": "", "Orphan": "orphan"}
_IMMORTAL = ("default", "kube-public", "kube-system")
_GC_FINALIZERS = frozenset(("foregroundDeletion", "orphan"))


@dataclass(frozen=True)
class DeleteOptions:
    """``grace`` is in seconds, None where the object's own counts; ``uid`` and ``version`` are preconditions."""

    dry_run: bool = False
    policy: str = ""
    grace: int | None = None
    uid: str = ""
    version: str = ""

    @classmethod
    def of(cls, call: Call) -> DeleteOptions:
        """From the body, else from the query. Raises Failure(400, 422)."""
        try:
            body: Any = decode(call.body, call.content_type)[0] if call.body.strip() else {}
        except Unreadable as error:
            raise Failure.bad_request(f"the body of a DELETE is a DeleteOptions object: {error}") from None
        if not isinstance(body, dict):
            raise Failure.bad_request("the body of a DELETE is a DeleteOptions object")
        wanted = body.get("preconditions") or {}
        policy = body.get("propagationPolicy") or call.query.get("propagationPolicy") or ""
        faults = []
        if body.get("orphanDependents") is not None and policy:
            why = "orphanDependents and deletionPropagation cannot be both set"
            faults.append(errors.invalid("propagationPolicy", policy, why))
        elif body.get("orphanDependents") is not None:
            policy = "Orphan" if body["orphanDependents"] else "Background"
        if policy and policy not in _POLICIES:
            faults.append(errors.not_supported("propagationPolicy", policy, [*_POLICIES, "nil"]))
        dry = (body.get("dryRun") or [call.query.get("dryRun")])[0]
        if dry and dry != "All":
            faults.append(dry_run_fault(dry))
        if faults:
            raise Failure.invalid("meta.k8s.io", "DeleteOptions", "", faults)
        grace = body.get("gracePeriodSeconds")
        if grace is None and call.query.get("gracePeriodSeconds"):
            grace = int(call.query["gracePeriodSeconds"])
        return cls(bool(dry), policy, grace, wanted.get("uid") or "", wanted.get("resourceVersion") or "")


def delete(state: State, call: Call) -> tuple[Object, int]:
    """What is answered, and its code: a Status, or the object where it waits or its kind answers so."""
    stored = state.find(call.resource, call.namespace, call.name)
    if stored is None:
        raise call.not_found()
    options = DeleteOptions.of(call)
    if call.resource.table == "namespaces" and call.name in _IMMORTAL:
        raise Failure.forbidden("", "namespaces", call.name, "this namespace may not be deleted")
    _preconditions(call, stored.object, options)
    item, gone = remove(state, call.resource, stored, options)
    if not gone or strategy_of(call.resource).returns_deleted:
        return item, 200
    details = {
        "name": call.name,
        "group": call.resource.group,
        "kind": call.resource.plural,
        "uid": item["metadata"]["uid"],
    }
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }
    return status, 200


def remove(state: State, resource: Resource, stored: Stored, options: DeleteOptions) -> tuple[Object, bool]:
    """Delete one object, or mark it: its state afterwards, and whether it is gone."""
    item: Object = duplicate(stored.object)
    metadata = item["metadata"]
    if resource.table == DEFINITIONS and not metadata.get("deletionTimestamp"):
        mark_terminating(item, state.timestamp())
    policy = options.policy or ("Orphan" if strategy_of(resource).orphans else "")
    finalizers = _finalizers(metadata.get("finalizers") or [], policy)
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)
    grace = _grace(item, options) if strategy_of(resource).graceful else 0
    waits = bool(finalizers or grace or _namespace_waits(resource, item))
    if not waits:
        return _gone(state, resource, stored, item, options), True
    already = metadata.get("deletionTimestamp")
    if not already or grace < (metadata.get("deletionGracePeriodSeconds") or 0):
        _mark(state, metadata, grace)
    if resource.table == "namespaces":
        metadata.pop("deletionGracePeriodSeconds", None)
        item["status"] = {**(item.get("status") or {}), "phase": "Terminating"}
    if options.dry_run or item == stored.object:
        return item, False
    return state.store.put(resource.table, normal(item)).object, False


def _mark(state: State, metadata: Object, grace: int) -> None:
    moment = state.now() + timedelta(seconds=grace)
    if not metadata.get("deletionTimestamp") and metadata.get("generation"):
        metadata["generation"] += 1
    metadata["deletionTimestamp"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata["deletionGracePeriodSeconds"] = grace


def _gone(state: State, resource: Resource, stored: Stored, item: Object, options: DeleteOptions) -> Object:
    if options.dry_run:
        return item
    return state.store.delete(resource.table, item).object


def _finalizers(found: list[str], policy: str) -> list[str]:
    if not policy:
        return found
    kept = [name for name in found if name not in _GC_FINALIZERS]
    wanted = _POLICIES[policy]
    return [*kept, wanted] if wanted else kept


def _grace(item: Object, options: DeleteOptions) -> int:
    """A pod's grace period; none when no kubelet has it, or it has ended."""
    spec = item.get("spec") or {}
    if not spec.get("nodeName") or (item.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    if options.grace is not None:
        return max(options.grace, 0)
    return int(spec.get("terminationGracePeriodSeconds", 30))


def _namespace_waits(resource: Resource, item: Object) -> bool:
    return resource.table == "namespaces" and bool((item.get("spec") or {}).get("finalizers"))


def _preconditions(call: Call, item: Object, options: DeleteOptions) -> None:
    metadata = item["metadata"]
    if options.uid and options.uid != metadata["uid"]:
        raise _not_the_one(
            call,
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({metadata['uid']})."
            " The object might have been deleted and then recreated",
        )
    if options.version and options.version != metadata["resourceVersion"]:
        raise _not_the_one(
            call,
            f"the ResourceVersion in the precondition ({options.version}) does not match the ResourceVersion in "
            f"record ({metadata['resourceVersion']}). The object might have been modified",
        )


def _not_the_one(call: Call, why: str) -> Failure:
    return Failure.conflict(call.resource.group, call.resource.kind, call.name, why)


def delete_collection(state: State, call: Call) -> Object:
    """Delete what the selectors match; the list of it is the answer."""
    options = DeleteOptions.of(call)
    matches = matcher(call, ListOptions.of(call.query))
    rows = [row for _, row in state.store.rows(call.resource.table, call.namespace)]
    items = [
        call.resource.from_storage(remove(state, call.resource, row, options)[0])
        for row in rows
        if matches is None or matches(row.object)
    ]
    metadata = {"resourceVersion": str(state.store.revision)}
    return {
        "kind": call.resource.list_kind,
        "apiVersion": call.resource.api_version,
        "metadata": metadata,
        "items": items,
    }
