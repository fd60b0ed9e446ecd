"""PATCH, in its four forms."""

from __future__ import annotations

from controller.sandbox.api.content import clone, decode
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.objects import checked_type
from controller.sandbox.api.patch import PatchError, apply, json_patch, merge_patch, strategic_merge
from controller.sandbox.api.request import Call, WriteOptions
from controller.sandbox.api.schema import errors
from controller.sandbox.api.state import State
from controller.sandbox.api.writing import Written, create_object, place_object, reset_trees, update_object
from controller.sandbox.client import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Object

OFFERED = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)


def patch(state: State, call: Call) -> Written:
    """PATCH of an object or of its status. A server-side apply creates what is not there."""
    options = call.write_options()
    media = call.content_type.partition(";")[0].strip()
    offered = [form for form in OFFERED if form != STRATEGIC_PATCH or not call.resource.custom]
    value, doubles = decode(call.body, media or "none", offered)
    stored = state.find(call.resource, call.namespace, call.name)
    if media == APPLY_PATCH:
        old = None if stored is None else call.resource.from_storage(stored.object)
        return _apply(state, call, old, value, options, doubles)
    if stored is None:
        raise call.not_found()
    old = call.resource.from_storage(stored.object)
    item = checked_type(patched(call, old, value, media), call.resource)
    place_object(call, item)
    same_name(call, item)
    return update_object(state, call, old, item, options, doubles)


def patched(call: Call, old: Object, value: object, media: str) -> object:
    """``old`` (untouched) with a merge, strategic or JSON patch applied."""
    with Failures():
        if media == JSON_PATCH:
            return json_patch(old, value)
        if not isinstance(value, dict):
            raise Failure.bad_request("a patch of this type is an object")
        if media == STRATEGIC_PATCH:
            return strategic_merge(clone(old), value, call.resource.schema())
        return merge_patch(old, value)
    raise AssertionError("unreachable")  # pragma: no cover


def same_name(call: Call, item: Object) -> None:
    """Raises Failure(422) when a patch changes the name."""
    if item["metadata"].get("name") != call.name:
        fault = errors.invalid("metadata.name", item["metadata"].get("name"), "field is immutable")
        raise Failure.invalid(call.resource.group, call.resource.kind, call.name, [fault])


def _apply(
    state: State, call: Call, old: Object | None, value: object, options: WriteOptions, doubles: list[str]
) -> Written:
    if not call.query.get("fieldManager"):
        fault = errors.required("fieldManager", "is required for apply patch")
        raise Failure.invalid("meta.k8s.io", "PatchOptions", "", [fault])
    if old is None and call.target.subresource:
        raise call.not_found()
    if not isinstance(value, dict):
        raise Failure.bad_request("an applied configuration is an object")
    metadata = value.setdefault("metadata", {})
    metadata.setdefault("name", call.name)
    if old is None and metadata.get("uid"):
        raise call.conflict(
            f"uid mismatch: the provided object specified uid {metadata['uid']}, and no existing object was found"
        )
    with Failures():
        item = apply(
            old,
            value,
            call.resource.schema(),
            manager=options.manager,
            api_version=call.resource.api_version,
            subresource=call.target.subresource,
            force=options.force,
            now=state.now(),
            reset=reset_trees(call),
        )
    item = checked_type(item, call.resource)
    if old is None:
        return create_object(state, call, item, options, doubles, recorded=True)
    place_object(call, item)
    same_name(call, item)
    return update_object(state, call, old, item, options, doubles, recorded=True)


class Failures:
    """Turns a PatchError into the Failure that the client sees."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PatchError):
            causes = [cause.to_json() for cause in error.causes]
            details = {"causes": causes} if causes else None
            raise Failure(error.code, error.reason, error.message, details) from error
