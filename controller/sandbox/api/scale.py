"""The scale subresource: one number of a kind, as an autoscaling/v1 Scale."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controller.sandbox.api.content import clone
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.objects import decoded, read_object
from controller.sandbox.api.patch import apply, json_patch, merge_patch, strategic_merge
from controller.sandbox.api.patching import OFFERED, Failures, decoded_patch
from controller.sandbox.api.request import Call
from controller.sandbox.api.resources import Resource, ScalePaths
from controller.sandbox.api.schema import builtins, errors
from controller.sandbox.api.selectors import format_selector
from controller.sandbox.api.state import State
from controller.sandbox.api.writing import update_object
from controller.sandbox.client import APPLY_PATCH, JSON_PATCH, STRATEGIC_PATCH, Object

SCALE = Resource(
    group="autoscaling",
    version="v1",
    plural="scales",
    kind="Scale",
    namespaced=True,
    singular="scale",
    schema=lambda: builtins.schema("autoscaling", "v1", "Scale"),
)
_COPIED = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def answer(state: State, call: Call) -> Object:
    """GET, PUT or PATCH of the scale of one object."""
    stored = state.find(call.resource, call.namespace, call.name)
    if stored is None:
        raise call.not_found()
    paths = call.resource.scale
    assert paths is not None, "offered only by kinds with a scale"
    old = call.resource.from_storage(stored.object)
    before = view(old, paths)
    if call.verb == "get":
        return before
    options = call.write_options()
    if call.verb == "update":
        scale, doubles = read_object(call, SCALE)
    else:
        scale, doubles = _patched(state, call, before), []
    decoded(call, SCALE, scale, options, doubles)
    _check(scale)
    item: Object = clone(old)
    wanted = (scale.get("spec") or {}).get("replicas", 0)
    _set(item, paths.spec_replicas, wanted)
    for name in ("uid", "resourceVersion"):
        item["metadata"][name] = scale["metadata"].get(name) or old["metadata"][name]
    written = update_object(state, call, old, item, replace(options, validation="Ignore"), [])
    return view(call.resource.from_storage(written.item), paths)


def view(item: Object, paths: ScalePaths) -> Object:
    """The Scale of an object. Raises Failure(500) where the object has no replicas to show."""
    wanted = _at(item, paths.spec_replicas)
    if wanted is None and paths.selector_is_text:
        path = "." + ".".join(paths.spec_replicas)
        raise Failure(500, "InternalError", f'Internal error occurred: the spec replicas field "{path}" does not exist')
    status: Object = {"replicas": _at(item, paths.status_replicas) or 0}
    selector = _at(item, paths.selector) if paths.selector else None
    text = selector if paths.selector_is_text else format_selector(selector)
    if text:
        status["selector"] = text
    metadata = {name: item["metadata"][name] for name in _COPIED if name in item["metadata"]}
    spec = {"replicas": wanted} if wanted else {}
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status}


def _patched(state: State, call: Call, before: Object) -> Object:
    media = call.content_type.partition(";")[0].strip()
    offered = [form for form in OFFERED if form != STRATEGIC_PATCH or not call.resource.custom]
    value, _ = decoded_patch(call, media, offered)
    schema = SCALE.schema()
    with Failures():
        if media == JSON_PATCH:
            result: Any = json_patch(before, value)
        elif media == STRATEGIC_PATCH:
            result = strategic_merge(clone(before), value, schema)
        elif media == APPLY_PATCH:
            options = call.write_options()
            result = apply(
                before, value, schema, manager=options.manager, api_version="autoscaling/v1", now=state.now()
            )
            result["metadata"].pop("managedFields", None)
        else:
            result = merge_patch(before, value)
    if not isinstance(result, dict):
        raise Failure.bad_request("a Scale is an object")
    return result


def _check(scale: Object) -> None:
    wanted = (scale.get("spec") or {}).get("replicas", 0)
    if wanted < 0:
        fault = errors.invalid("spec.replicas", wanted, "must be greater than or equal to 0")
        raise Failure.invalid("autoscaling", "Scale", scale["metadata"].get("name", ""), [fault])


def _at(item: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        item = item.get(name) if isinstance(item, dict) else None
    return item


def _set(item: Object, path: tuple[str, ...], value: int) -> None:
    for name in path[:-1]:
        item = item.setdefault(name, {})
    item[path[-1]] = value
