"""Everything that a real server checks of a custom resource when it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from controller.sandbox.api.schema import errors, names
from controller.sandbox.api.schema.cel.rules import check_rules, has_rules
from controller.sandbox.api.schema.errors import FieldError, child
from controller.sandbox.api.schema.lists import check_lists
from controller.sandbox.api.schema.metadata import check_create, check_update
from controller.sandbox.api.schema.parts import Part, Parts
from controller.sandbox.api.schema.structural import validate

Object = dict[str, Any]
Schema = Mapping[str, Any]

_BLOCKING = frozenset(
    (errors.NOT_SUPPORTED, errors.REQUIRED, errors.TOO_LONG, errors.TOO_MANY, errors.TYPE_INVALID),
)
_NOT_CHECKED = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
_INT32 = 2**31 - 1
_EMBEDDED = Parts(lambda schema: bool(schema.get("x-kubernetes-embedded-resource")))


@dataclass(frozen=True)
class Custom:
    """What the checks need to know of a custom kind; `scale` is the CRD's subresource, with its paths."""

    schema: Schema
    namespaced: bool
    scale: Mapping[str, str] | None = None


def check_custom(kind: Custom, obj: Object, old: Object | None = None, *, subresource: str = "") -> list[FieldError]:
    """What is wrong with a custom resource, after it was decoded (`decode_custom`): metadata, schema, lists, rules.

    With `old`, the stored object in the same version, what did not change is not judged again. A write of the status
    subresource is judged by the status' part of the schema, and by the rules of the whole.
    """
    metadata, before = obj["metadata"], (old or {}).get("metadata", {})
    found = check_create(metadata, namespaced=kind.namespaced) if old is None else check_update(metadata, before)
    if subresource == "status" and old is not None:
        found += _check_status(kind.schema, obj, old)
    else:
        found += validate(kind.schema, obj) if old is None else validate(kind.schema, obj, old)
    if kind.scale is not None:
        found += _check_scale(kind.scale, obj)
    embedded = _EMBEDDED.of(kind.schema)
    if embedded is not None:
        found += _check_embedded(embedded, obj, "")
    doubles = check_lists(kind.schema, obj)
    if doubles and (old is None or not check_lists(kind.schema, old)):
        found += doubles
    if has_rules(kind.schema):
        if any(error.type in _BLOCKING for error in found):
            found.append(errors.invalid("<nil>", None, _NOT_CHECKED))
        else:
            found += check_rules(kind.schema, obj, old)
    return found


def _check_status(schema: Schema, obj: Object, old: Object) -> list[FieldError]:
    status: Schema | None = schema.get("properties", {}).get("status")
    if status is None or "status" not in obj:
        return []
    found = validate(status, obj["status"], old["status"]) if "status" in old else validate(status, obj["status"])
    return [replace(error, field="status" if error.field == "<nil>" else f"status.{error.field}") for error in found]


def _check_scale(scale: Mapping[str, str], obj: Object) -> Iterator[FieldError]:
    """Replicas at the scale subresource's paths are whole numbers from 0; the selector is text."""
    for name in ("specReplicasPath", "statusReplicasPath"):
        path = scale.get(name, "")
        value, complaint = _at(obj, path, int, "int64")
        if complaint:
            yield errors.invalid(path, 0, complaint)
        elif value is not None and value < 0:
            yield errors.invalid(path, value, "should be a non-negative integer")
        elif value is not None and value > _INT32:
            yield errors.invalid(path, value, f"should be less than or equal to {_INT32}")
    path = scale.get("labelSelectorPath", "")
    _, complaint = _at(obj, path, str, "string") if path else (None, "")
    if complaint:
        yield errors.invalid(path, "", complaint)


def _at(obj: Object, path: str, wanted: type, wanted_name: str) -> tuple[Any, str]:
    """The value at a path, or a complaint about its type or about what is on the way to it."""
    value: Any = obj
    for name in path.removeprefix(".").split("."):
        if not isinstance(value, dict):
            return None, _accessor(path, value, "map[string]interface{}")
        if name not in value:
            return None, ""
        value = value[name]
    return (value, "") if type(value) is wanted else (None, _accessor(path, value, wanted_name))


def _accessor(path: str, value: Any, wanted: str) -> str:
    names_of = {str: "string", bool: "bool", float: "float64", int: "int64", list: "[]interface {}", dict: "map"}
    found = names_of.get(type(value), "nil").replace("map", "map[string]interface {}")
    shown = value if isinstance(value, str) else errors.shown(value)
    return f"{path} accessor error: {shown} is of the type {found}, expected {wanted}"


def _check_embedded(part: Part, value: Any, path: str) -> Iterator[FieldError]:
    """apiVersion, kind and metadata of objects inside the object."""
    if isinstance(value, dict):
        if part.found:
            yield from _embedded(value, path)
        for name, where, inner in part.members(value, path):
            yield from _check_embedded(inner, value[name], where)
    elif isinstance(value, list) and part.items is not None:
        for i, item in enumerate(value):
            yield from _check_embedded(part.items, item, f"{path}[{i}]")


def _embedded(value: Object, path: str) -> Iterator[FieldError]:
    for name in ("apiVersion", "kind"):
        at = child(path, name)
        if name not in value:
            yield errors.required(at)
        elif not isinstance(value[name], str):
            yield errors.invalid(at, value[name], "must be a string")
        elif not value[name]:
            yield errors.invalid(at, "", "must not be empty")
    version, kind = value.get("apiVersion"), value.get("kind")
    if isinstance(version, str) and version.count("/") > 1:
        yield errors.invalid(child(path, "apiVersion"), version, f"unexpected GroupVersion string: {version}")
    if isinstance(kind, str) and kind and names.label_1035(kind.lower()):
        text = "may have mixed case, but should otherwise match: " + ",".join(names.label_1035(kind.lower()))
        yield errors.invalid(child(path, "kind"), kind, text)
    metadata = value.get("metadata")
    if isinstance(metadata, dict):
        named = {"name": "fakename"} | metadata
        yield from check_create(
            named, namespaced=bool(metadata.get("namespace")), name_rule=names.path_segment, path=f"{path}.metadata"
        )
