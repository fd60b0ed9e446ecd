"""Create and update: what every write has in common, from the decoded object to the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from controller.sandbox.api.definitions import DEFINITIONS
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.kindrules import prepare_create, prepare_update
from controller.sandbox.api.objects import check, first_status, read_object, settle
from controller.sandbox.api.patch import record_update, same_but_times
from controller.sandbox.api.patch.values import duplicate
from controller.sandbox.api.request import Call, WriteOptions
from controller.sandbox.api.resources import Resource
from controller.sandbox.api.schema import errors
from controller.sandbox.api.state import State, generated_name, new_uid, normal
from controller.sandbox.api.store import Stored
from controller.sandbox.api.strategies import Strategy, strategy_of, wish
from controller.sandbox.client import Object

STALE = "the object has been modified; please apply your changes to the latest version and try again"
_NEVER_CHANGED = ("generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
_SERVERS_OWN = ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion")


@dataclass(frozen=True)
class Written:
    """The answer to a write: the object in its storage version (kept or, of a dry run, not), and the HTTP code."""

    row: Stored
    code: int = 200


def create(state: State, call: Call) -> Written:
    """POST to a collection."""
    options = call.write_options()
    item, doubles = read_object(call, call.resource)
    return create_object(state, call, item, options, doubles)


def create_object(
    state: State, call: Call, item: Object, options: WriteOptions, doubles: list[str], *, recorded: bool = False
) -> Written:
    """Create from a decoded object; ``recorded``: its managedFields are already right (server-side apply)."""
    resource = call.resource
    strategy = strategy_of(resource)
    name_object(call, item)
    settle(call, resource, item, options, doubles)
    if not recorded:
        item = record(state, call, None, item, options)
    stamp(state, item, strategy)
    if strategy.status:
        reset_status(resource, item)
    enter_namespace(state, call, item)
    if resource.terminating:
        why = "create not allowed while custom resource definition is terminating"
        raise Failure.forbidden(resource.group, resource.plural, item["metadata"]["name"], why)
    prepare_create(state, resource, item)
    check(call, resource, item, None)
    name = item["metadata"]["name"]
    if state.find(resource, item["metadata"].get("namespace", ""), name) is not None:
        raise Failure.already_exists(resource.group, resource.plural, name)
    return Written(commit(state, resource, item, options), 201)


def name_object(call: Call, item: Object) -> None:
    """The object's name and namespace, from the body and the URL. Raises Failure where they disagree."""
    metadata = item["metadata"]
    if metadata.get("resourceVersion"):
        raise Failure(500, "", "resourceVersion should not be set on objects to be created")
    place_object(call, item)
    if call.name and metadata.setdefault("name", call.name) != call.name:
        raise Failure.bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({call.name})"
        )
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = generated_name(metadata["generateName"])
    if not metadata.get("name"):
        fault = errors.required("metadata.name", "name or generateName is required")
        raise Failure.invalid(call.resource.group, call.resource.kind, "", [fault])


def place_object(call: Call, item: Object) -> None:
    metadata = item["metadata"]
    if not call.resource.namespaced:
        metadata.pop("namespace", None)
        return
    if (metadata.get("namespace") or call.namespace) != call.namespace:
        raise Failure.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    metadata["namespace"] = call.namespace


def same_name(call: Call, item: Object) -> None:
    """Raises Failure(400) when a write names another object than its URL, or none."""
    name = item["metadata"].get("name")
    if not name:
        why = "was undeterminable: name must be provided"
        raise Failure.bad_request(f"the name of the object ({call.name} based on URL) {why}")
    if name != call.name:
        raise Failure.bad_request(f"the name of the object ({name}) does not match the name on the URL ({call.name})")


def stamp(state: State, item: Object, strategy: Strategy) -> None:
    """What the server sets on a new object, whatever the body says."""
    metadata = item["metadata"]
    for name in _SERVERS_OWN:
        metadata.pop(name, None)
    metadata["uid"] = new_uid()
    metadata["creationTimestamp"] = state.timestamp()
    if strategy.generation:
        metadata["generation"] = 1


def reset_status(resource: Resource, item: Object) -> None:
    """Whatever the body says, a new object's status is that of one nobody looked at yet."""
    item.pop("status", None)
    if not resource.custom:
        item["status"] = duplicate(first_status(resource.group, resource.version, resource.kind))


def enter_namespace(state: State, call: Call, item: Object) -> None:
    """Raises Failure: 404 when the namespace does not exist, 403 when it is being deleted."""
    resource = call.resource
    if not resource.namespaced:
        return
    name = item["metadata"]["namespace"]
    found = state.store.get("namespaces", "", name)
    if found is None:
        raise Failure.not_found("", "namespaces", name)
    if found.object["metadata"].get("deletionTimestamp"):
        why = f"unable to create new content in namespace {name} because it is being terminated"
        failure = Failure.forbidden(resource.group, resource.plural, item["metadata"]["name"], why)
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {name} is being terminated",
            "field": "metadata.namespace",
        }
        failure.details = {**(failure.details or {}), "causes": [cause]}
        raise failure


def record(state: State, call: Call, old: Object | None, item: Object, options: WriteOptions) -> Object:
    """The item with its managedFields kept."""
    return record_update(
        old,
        item,
        call.resource.schema(),
        manager=options.manager,
        api_version=call.resource.api_version,
        subresource=call.target.subresource,
        now=state.now(),
        reset=reset_trees(call),
    )


def reset_trees(call: Call) -> list[tuple[str, ...]]:
    """The trees that this endpoint does not write."""
    if call.target.subresource != "status":
        return [("status",)] if strategy_of(call.resource).status else []
    if call.resource.custom:
        return [("metadata",), ("spec",)]
    return [("spec",), ("metadata", "labels")] if call.resource.table == "deployments.apps" else [("spec",)]


def commit(state: State, resource: Resource, item: Object, options: WriteOptions) -> Stored:
    """Into the store, in its storage version, unless nothing may be kept."""
    item = normal(resource.to_storage(item))
    return Stored(item, 0) if options.dry_run else state.store.put(resource.table, item)


def update(state: State, call: Call) -> Written:
    """PUT of a whole object, or of its status."""
    options = call.write_options()
    item, doubles = read_object(call, call.resource)
    place_object(call, item)
    same_name(call, item)
    stored = state.find(call.resource, call.namespace, call.name)
    if stored is None:
        if strategy_of(call.resource).upsert and not call.target.subresource:
            return create_object(state, call, item, options, doubles)
        raise call.not_found()
    if not item["metadata"].get("resourceVersion") and not strategy_of(call.resource).unconditional:
        fault = errors.invalid("metadata.resourceVersion", 0, "must be specified for an update")
        raise Failure.invalid(call.resource.group, call.resource.plural, call.name, [fault])
    old = call.resource.from_storage(stored.object)
    return update_object(state, call, old, item, options, doubles)


def update_object(
    state: State,
    call: Call,
    old: Object,
    item: Object,
    options: WriteOptions,
    doubles: list[str],
    *,
    recorded: bool = False,
) -> Written:
    """Write ``item`` over ``old``, both in the request's version; ``item`` is used up, ``old`` is not touched."""
    resource = call.resource
    strategy = strategy_of(resource)
    preconditions(call, old, item)
    settle(call, resource, item, options, doubles)
    if not recorded:
        item = record(state, call, old, item, options)
    keep_servers_own(old, item)
    if call.target.subresource == "status":
        item = with_status_only(resource, old, item)
    elif strategy.status:
        keep(old, item, "status")
    prepare_update(state, resource, old, item, call.target.subresource)
    wished = strategy.generation and call.target.subresource != "status"
    if wished and wish(old, strategy) != wish(item, strategy):
        item["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
    check(call, resource, item, old)
    final = normal(item)
    if same_but_times(old, final):
        return Written(Stored(resource.to_storage(old), 0))
    if not options.dry_run and is_released(final):
        return Written(state.store.delete(resource.table, normal(resource.to_storage(final))))
    return Written(commit(state, resource, final, options))


def preconditions(call: Call, old: Object, item: Object) -> None:
    """Raises Failure(409) when the body names another uid or another resourceVersion than the stored object's."""
    metadata, stored = item["metadata"], old["metadata"]
    if call.verb == "update" and metadata.get("uid") and metadata["uid"] != stored["uid"]:
        why = f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {stored['uid']}"
        raise call.conflict(why)
    if metadata.get("resourceVersion") and metadata["resourceVersion"] != stored["resourceVersion"]:
        raise call.conflict(STALE)
    metadata["resourceVersion"] = stored["resourceVersion"]


def keep_servers_own(old: Object, item: Object) -> None:
    """What a writer may leave out (then it stays), and what no writer changes."""
    before, metadata = old["metadata"], item["metadata"]
    if not metadata.get("uid"):
        metadata["uid"] = before["uid"]
    for name in _NEVER_CHANGED if before.get("deletionTimestamp") else _NEVER_CHANGED[:2]:
        keep(before, metadata, name)


def keep(old: Object, item: Object, name: str) -> None:
    """``name`` in ``item`` as it is in ``old``, absent when absent there."""
    value: Any = old.get(name)
    if name in old:
        item[name] = duplicate(value)
    else:
        item.pop(name, None)


def with_status_only(resource: Resource, old: Object, item: Object) -> Object:
    """The old object with the new one's status.

    Of a custom resource's metadata nothing else changes; a built-in kind's /status takes annotations and the like too,
    and of those only Deployments keep their labels.
    """
    result: Object = {name: duplicate(value) for name, value in old.items() if name != "status"}
    if "status" in item:
        result["status"] = item["status"]
    if resource.custom or resource.table == DEFINITIONS:
        keep(item["metadata"], result["metadata"], "managedFields")
        return result
    result["metadata"] = item["metadata"]
    if resource.table == "deployments.apps":
        keep(old["metadata"], result["metadata"], "labels")
    return result


def is_released(item: Object) -> bool:
    """Whether an object that waits for its deletion has nothing left to wait for."""
    metadata = item["metadata"]
    waits = metadata.get("finalizers") or metadata.get("deletionGracePeriodSeconds")
    if item["kind"] == "Namespace" and item["apiVersion"] == "v1":
        waits = waits or (item.get("spec") or {}).get("finalizers")
    return bool(metadata.get("deletionTimestamp")) and not waits
