"""Lists that are sets or maps hold no entry twice (k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from controller.sandbox.api.schema import errors
from controller.sandbox.api.schema.errors import FieldError
from controller.sandbox.api.schema.parts import Part, Parts

Schema = Mapping[str, Any]


_LISTS = Parts(lambda schema: schema.get("x-kubernetes-list-type") in ("set", "map"))


def check_lists(schema: Schema, obj: Any, path: str = "") -> list[FieldError]:
    """Duplicates in lists of type set, and of equal keys in lists of type map, anywhere below `obj`.

    On an update the caller passes over these errors when the stored object had such errors already.
    """
    found: list[FieldError] = []
    part = _LISTS.of(schema)
    if part is not None:
        _visit(part, obj, path, found)
    return found


def _visit(part: Part, value: Any, path: str, found: list[FieldError]) -> None:
    if isinstance(value, dict):
        for name, where, inner in part.members(value, path):
            _visit(inner, value[name], where, found)
    elif isinstance(value, list):
        kind = part.schema.get("x-kubernetes-list-type")
        if kind == "set":
            found += (errors.duplicate(f"{path}[{i}]", value[i]) for i in _repeated(value))
        elif kind == "map":
            found += _check_map(part.schema, value, path)
        if part.items is not None:
            for i, item in enumerate(value):
                _visit(part.items, item, f"{path}[{i}]", found)


def _repeated(values: Iterable[Any]) -> list[int]:
    """The index of the second of equal values; the third and later are not told."""
    seen: dict[tuple[type, Any], int] = {}
    out = []
    for i, value in enumerate(values):
        key = (type(value), errors.go_json(value) if isinstance(value, dict | list) else value)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] == 2:
            out.append(i)
    return out


def _check_map(schema: Schema, value: list[Any], path: str) -> list[FieldError]:
    for i, item in enumerate(value):
        if item is not None and not isinstance(item, dict):
            return [errors.invalid(f"{path}[{i}]", item, "must be an object for an array of list-type map")]
    keys = schema.get("x-kubernetes-list-map-keys", ())
    entries = [{key: item[key] for key in keys if key in item} if item else {} for item in value]
    return [errors.duplicate(f"{path}[{i}]", entries[i]) for i in _repeated(entries)]
