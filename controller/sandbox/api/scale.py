"""The scale subresource: one number of a kind, as an autoscaling/v1 Scale."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controller.sandbox.api.failure import Failure
from controller.sandbox.api.objects import decoded, read_object
from controller.sandbox.api.patch import apply, record_update
from controller.sandbox.api.patch.values import duplicate
from controller.sandbox.api.patching import OFFERED, Failures, decoded_patch, patched, still_one
from controller.sandbox.api.request import Call, WriteOptions
from controller.sandbox.api.resources import Resource, ScalePaths
from controller.sandbox.api.scaleowners import to_object, to_scale
from controller.sandbox.api.schema import builtins, errors
from controller.sandbox.api.selectors import format_selector
from controller.sandbox.api.state import State
from controller.sandbox.api.writing import same_name, update_object
from controller.sandbox.client import APPLY_PATCH, STRATEGIC_PATCH, Object

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
    if call.verb == "get":
        _counted(old, paths)
        return view(old, paths)
    options = call.write_options()
    owners = old["metadata"].get("managedFields") or []
    before = view(old, paths)
    before["metadata"]["managedFields"] = to_scale(owners, paths.spec_replicas)
    scale = _written(state, call, before, options)
    _check(scale)
    item: Object = duplicate(old)
    metadata = item["metadata"]
    _set(item, paths.spec_replicas, (scale.get("spec") or {}).get("replicas", 0))
    found = scale["metadata"].get("managedFields") or []
    metadata["managedFields"] = to_object(owners, found, paths.spec_replicas, call.resource.api_version)
    for name in ("uid", "resourceVersion"):
        metadata[name] = scale["metadata"].get(name) or metadata[name]
    written = update_object(state, call, old, item, options, [], recorded=True)
    return view(call.resource.from_storage(written.row.object), paths)


def _written(state: State, call: Call, before: Object, options: WriteOptions) -> Object:
    """The Scale that a PUT or PATCH asks for, with its managedFields."""
    if call.verb == "update":
        scale, doubles = read_object(call, SCALE)
        applied = False
    else:
        scale, doubles, applied = _patched(state, call, before, options)
    decoded(call, SCALE, scale, options, doubles)
    same_name(call, scale)
    if applied:
        return scale
    return record_update(
        before,
        scale,
        SCALE.schema(),
        manager=options.manager,
        api_version=SCALE.api_version,
        subresource="scale",
        now=state.now(),
    )


def _counted(item: Object, paths: ScalePaths) -> None:
    """Raises Failure(500) where a custom object has no replicas to show: its scale can be written, but not read."""
    if paths.selector_is_text and _at(item, paths.spec_replicas) is None:
        path = "." + ".".join(paths.spec_replicas)
        raise Failure(500, "InternalError", f'Internal error occurred: the spec replicas field "{path}" does not exist')


def view(item: Object, paths: ScalePaths) -> Object:
    """The Scale of an object."""
    wanted = _at(item, paths.spec_replicas)
    status: Object = {"replicas": _at(item, paths.status_replicas) or 0}
    selector = _at(item, paths.selector) if paths.selector else None
    text = selector if paths.selector_is_text else format_selector(selector)
    if text:
        status["selector"] = text
    metadata = {name: item["metadata"][name] for name in _COPIED if name in item["metadata"]}
    spec = {"replicas": wanted} if wanted else {}
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status}


def _patched(state: State, call: Call, before: Object, options: WriteOptions) -> tuple[Object, list[str], bool]:
    """The patched Scale, its double fields, and whether its managedFields are already right."""
    media = call.content_type.partition(";")[0].strip()
    offered = [form for form in OFFERED if form != STRATEGIC_PATCH or not call.resource.custom]
    value, doubles = decoded_patch(call, media, offered)
    with Failures():
        if media != APPLY_PATCH:
            return (
                still_one(patched(replace(call, resource=SCALE), before, value, media), SCALE, before),
                doubles,
                False,
            )
        result = apply(
            before,
            value,
            SCALE.schema(),
            manager=options.manager,
            api_version=SCALE.api_version,
            subresource="scale",
            force=options.force,
            now=state.now(),
        )
        return result, doubles, True
    raise AssertionError("unreachable")


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
