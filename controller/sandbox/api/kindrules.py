"""What a real API server does to objects of one kind when they are written, beyond defaults and checks."""

from __future__ import annotations

from controller.sandbox.api.definitions import DEFINITIONS, prepare_definition
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.patch.values import duplicate
from controller.sandbox.api.resources import Resource
from controller.sandbox.api.state import State
from controller.sandbox.client import Object


def prepare_create(state: State, resource: Resource, item: Object) -> None:
    """In place, before the checks."""
    if resource.table == "namespaces":
        metadata = item["metadata"]
        metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}
        item["spec"] = {"finalizers": ["kubernetes"]}
        item["status"] = {"phase": "Active"}
    elif resource.table == "services":
        _assign_addresses(state, resource, None, item)
    elif resource.table == DEFINITIONS:
        prepare_definition(item, None)
    elif resource.table == "jobs.batch":
        _select_own_pods(item)
    elif resource.table == "pods":
        item["status"] = {"phase": "Pending", "qosClass": _quality_of_service(item)}
    elif resource.table in ("persistentvolumes", "persistentvolumeclaims"):
        item["status"] = {"phase": "Pending"}


def prepare_update(state: State, resource: Resource, old: Object, item: Object, subresource: str) -> None:
    """In place, before the checks; ``old`` is the stored object."""
    if resource.table == "namespaces" and subresource != "finalize":
        item["spec"] = duplicate(old.get("spec") or {})
    elif resource.table == "services" and subresource != "status":
        _assign_addresses(state, resource, old, item)
    elif resource.table == DEFINITIONS and subresource != "status":
        prepare_definition(item, old)


def _assign_addresses(state: State, resource: Resource, old: Object | None, item: Object) -> None:
    name = (item["metadata"].get("namespace", ""), item["metadata"]["name"])
    used = [row.object for key, row in state.store.rows("services") if key != name]
    item.setdefault("spec", {})
    faults = state.addresses.assign(item, old, used)
    if faults:
        raise Failure.invalid(resource.group, resource.kind, item["metadata"]["name"], faults)


def _select_own_pods(job: Object) -> None:
    """A Job finds its pods by its uid, unless it says that it selects them itself."""
    spec = job.get("spec") or {}
    if spec.get("manualSelector") or "template" not in spec:
        return
    name, uid = job["metadata"]["name"], job["metadata"]["uid"]
    metadata = spec["template"].setdefault("metadata", {})
    own = {"controller-uid": uid, "job-name": name}
    labels = metadata.get("labels") or {}
    metadata["labels"] = {**labels, **own, **{f"batch.kubernetes.io/{key}": value for key, value in own.items()}}
    if not job["metadata"].get("labels"):
        job["metadata"]["labels"] = dict(metadata["labels"])
    selector = spec.setdefault("selector", {})
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), "batch.kubernetes.io/controller-uid": uid}


def _quality_of_service(pod: Object) -> str:
    """Guaranteed, Burstable or BestEffort, from what all containers ask for and are limited to."""
    spec = pod.get("spec") or {}
    parts = [
        part.get("resources") or {} for part in (spec.get("containers") or []) + (spec.get("initContainers") or [])
    ]
    amounts = [(part.get("requests") or {}, part.get("limits") or {}) for part in parts]
    names = ("cpu", "memory")
    if not any(name in found for pair in amounts for found in pair for name in names):
        return "BestEffort"
    guaranteed = all(
        name in limits and requests.get(name, limits[name]) == limits[name]
        for requests, limits in amounts
        for name in names
    )
    return "Guaranteed" if guaranteed else "Burstable"
