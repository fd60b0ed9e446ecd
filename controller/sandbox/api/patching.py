"""PATCH, in its four forms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from controller.sandbox.api.content import Unreadable, decode, encode
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.objects import checked_type
from controller.sandbox.api.patch import PatchError, apply, json_patch, merge_patch_object, strategic_merge
from controller.sandbox.api.request import Call, WriteOptions
from controller.sandbox.api.resources import Resource
from controller.sandbox.api.schema import errors
from controller.sandbox.api.state import State
from controller.sandbox.api.writing import Written, create_object, place_object, reset_trees, same_name, update_object
from controller.sandbox.client import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Object

OFFERED = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)


def patch(state: State, call: Call) -> Written:
    """PATCH of an object or of its status. A server-side apply creates what is not there."""
    options = call.write_options()
    media = call.content_type.partition(";")[0].strip()
    offered = [form for form in OFFERED if form != STRATEGIC_PATCH or not call.resource.custom]
    value, doubles = decoded_patch(call, media, offered)
    if "force" in call.query and media != APPLY_PATCH:
        fault = errors.forbidden("force", "may not be specified for non-apply patch")
        raise Failure.invalid("meta.k8s.io", "PatchOptions", "", [fault])
    stored = state.find(call.resource, call.namespace, call.name)
    if media == APPLY_PATCH:
        old = None if stored is None else call.resource.from_storage(stored.object)
        return _apply(state, call, old, value, options, doubles)
    if stored is None:
        raise call.not_found()
    old = call.resource.from_storage(stored.object)
    item = still_one(patched(call, old, value, media), call.resource, old)
    place_object(call, item)
    same_name(call, item)
    return update_object(state, call, old, item, options, doubles)


def decoded_patch(call: Call, media: str, offered: Iterable[str]) -> tuple[Any, list[str]]:
    """The body and its double fields. Raises Failure(400, 415)."""
    try:
        value, doubles = decode(call.body, media or "none", offered)
    except Unreadable as error:
        raise Failure.bad_request(f"error decoding patch: {error}") from None
    if media == APPLY_PATCH and not isinstance(value, dict):
        raise Failure.bad_request("error decoding patch: a patch of this type is an object")
    return value, doubles


def patched(call: Call, old: Object, value: Any, media: str) -> Any:
    """``old`` (untouched) with a merge, strategic or JSON patch applied."""
    with Failures():
        if media == JSON_PATCH:
            return json_patch(old, value)
        if media == STRATEGIC_PATCH:
            return strategic_merge(old, value, call.resource.schema())
        return merge_patch_object(old, value)
    raise AssertionError("unreachable")  # pragma: no cover


def still_one(value: Any, resource: Resource, old: Object) -> Object:
    """A patched object, if it still is one of its kind. Raises Failure(400), or 422 for a custom resource."""
    if not isinstance(value, dict):
        raise Failure.bad_request("error decoding patch: the result is no object")
    if resource.custom:
        faults = [
            errors.invalid(name, value.get(name), f"must be {wanted}")
            for name, wanted in (("apiVersion", resource.api_version), ("kind", resource.kind))
            if value.get(name) != wanted
        ]
        if faults:
            kind = value.get("kind") or ""
            raise Failure.invalid(resource.group, kind, old["metadata"]["name"], faults)
    if not resource.custom and (value.get("kind") or resource.kind) != resource.kind:
        why = f'no kind "{value["kind"]}" is registered for version "{value.get("apiVersion", "")}" here'
        raise Failure.invalid("", "", "", [errors.invalid("patch", encode(value).decode(), why)])
    return checked_type(value, resource)


def _apply(
    state: State, call: Call, old: Object | None, value: Object, options: WriteOptions, doubles: list[str]
) -> Written:
    if not call.query.get("fieldManager"):
        fault = errors.required("fieldManager", "is required for apply patch")
        raise Failure.invalid("meta.k8s.io", "PatchOptions", "", [fault])
    if old is None and call.target.subresource:
        raise call.not_found()
    if (value.get("apiVersion"), value.get("kind")) != (call.resource.api_version, call.resource.kind):
        given = str(value.get("apiVersion") or "")
        kind = f"{given if '/' in given else '/' + given}, Kind={value.get('kind') or ''}"
        raise Failure.bad_request(f"invalid object type: {kind}")
    metadata = value.setdefault("metadata", {})
    if not isinstance(metadata, dict):
        raise Failure.bad_request("metadata of an applied configuration is an object")
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
    if old is None:
        item = checked_type(item, call.resource)
        item["metadata"].pop("resourceVersion", None)
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
            details: Object | None = {"causes": causes} if causes else {} if error.code == 422 else None
            raise Failure(error.code, error.reason, error.message, details) from error
