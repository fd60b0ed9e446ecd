"""What a structural schema says about merging: granular or atomic, a list's keys, the schema one level down.

Without a schema (unknown fields that are kept, additional properties of no type) objects are granular and lists atomic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.sandbox.api.patch import fields
from controller.sandbox.api.patch.fields import FieldSet

Schema = Mapping[str, Any]

UNKNOWN: Schema = {}

_ZERO = {"string": "", "integer": 0}

_STRING: Schema = {"type": "string"}
_BOOLEAN: Schema = {"type": "boolean"}
_STRINGS: Schema = {"type": "object", "additionalProperties": _STRING}

OBJECT_META: Schema = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("name", "generateName", "namespace", "selfLink", "uid", "resourceVersion"), _STRING),
        **dict.fromkeys(("creationTimestamp", "deletionTimestamp"), _STRING),
        "generation": {"type": "integer"},
        "deletionGracePeriodSeconds": {"type": "integer"},
        "labels": _STRINGS,
        "annotations": _STRINGS,
        "finalizers": {
            "type": "array",
            "items": _STRING,
            "x-kubernetes-list-type": "set",
            "x-kubernetes-patch-strategy": "merge",
        },
        "ownerReferences": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["uid"],
            "x-kubernetes-patch-strategy": "merge",
            "x-kubernetes-patch-merge-key": "uid",
            "items": {
                "type": "object",
                "x-kubernetes-map-type": "atomic",
                "properties": {
                    **dict.fromkeys(("apiVersion", "kind", "name", "uid"), _STRING),
                    **dict.fromkeys(("controller", "blockOwnerDeletion"), _BOOLEAN),
                },
            },
        },
        "managedFields": {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "atomic"},
    },
}


def is_builtin(schema: Schema | None) -> bool:
    """Whether a kind's schema spells out its metadata, as those of built-in kinds do and those of CRDs do not."""
    metadata = ((schema or {}).get("properties") or {}).get("metadata") or {}
    return "labels" in (metadata.get("properties") or {})


def whole(schema: Schema | None) -> Schema:
    """The schema of a whole object: with apiVersion and kind, and with metadata where a CRD says only "object"."""
    schema = schema or {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    properties = dict(schema.get("properties") or {})
    if not is_builtin(schema):
        properties["metadata"] = OBJECT_META
    return {**schema, "properties": {"apiVersion": _STRING, "kind": _STRING, **properties}}


def is_granular(schema: Schema, value: Any) -> bool:
    """Whether owners may share ``value`` (an object or a list) field by field or item by item."""
    if isinstance(value, dict):
        return schema.get("x-kubernetes-map-type") != "atomic"
    return isinstance(value, list) and list_keys(schema) is not None


def list_keys(schema: Schema) -> tuple[str, ...] | None:
    """The keys that tell a list's items apart; () for a set; None for an atomic list."""
    kind = schema.get("x-kubernetes-list-type")
    if kind == "map":
        return tuple(schema.get("x-kubernetes-list-map-keys") or ())
    if kind == "set":
        return ()
    if kind is None and "merge" in schema.get("x-kubernetes-patch-strategy", "").split(","):
        merge_key = schema.get("x-kubernetes-patch-merge-key")
        return (merge_key,) if merge_key else ()
    return None


def member(schema: Schema, name: str) -> Schema:
    """The schema of an object's member; UNKNOWN when nothing is said about it."""
    declared = (schema.get("properties") or {}).get(name)
    if declared is None:
        declared = schema.get("additionalProperties")
    return declared if isinstance(declared, dict) else UNKNOWN


def item(schema: Schema) -> Schema:
    """The schema of a list's items."""
    declared = schema.get("items")
    return declared if isinstance(declared, dict) else UNKNOWN


def is_declared(schema: Schema, name: str) -> bool:
    """Whether ``name`` is a named field, not a key of a map."""
    return name in (schema.get("properties") or {})


def element_of(schema: Schema, entry: Any) -> str:
    """The path element of an item of a granular list. Raises ValueError when it has none, saying why."""
    keys = list_keys(schema)
    if not keys:
        if entry is None:
            raise ValueError("associative list without keys has an element that's an explicit null")
        if isinstance(entry, dict):
            raise ValueError("associative list without keys has an element that's a map type")
        if isinstance(entry, list):
            raise ValueError("not supported: associative list with lists as elements")
        return fields.value(entry)
    if not isinstance(entry, dict):
        what = "a null element" if entry is None else "non-map elements"
        raise ValueError(f"associative list with keys may not have {what}")
    defaults = item(schema).get("properties") or {}
    found = {}
    for name in keys:
        if name in entry:
            found[name] = entry[name]
        elif defaults.get(name, {}).get("default") is not None:
            found[name] = defaults[name]["default"]
        elif "x-kubernetes-patch-merge-key" in schema and defaults.get(name, {}).get("type") in _ZERO:
            # Built-in kinds: a key that cannot be absent in the server's own type counts as empty.
            found[name] = _ZERO[defaults[name]["type"]]
    if not found:
        names = " ".join(f'"{name}"' for name in keys)
        raise ValueError(
            f"associative list with keys has an element that omits all key fields [{names}] "
            "(and doesn't have default values for any key fields)"
        )
    return fields.key(found)


def with_named_fields(owned: FieldSet, schema: Schema) -> FieldSet:
    """``owned`` plus every named field above one of its paths (items and keys of maps above them are not added)."""
    result = FieldSet(owned.members)
    for element, child in owned.children.items():
        if element.startswith("f:"):
            name = element[2:]
            if is_declared(schema, name):
                result.members.add(element)
            below = member(schema, name)
        else:
            below = item(schema)
        result.children[element] = with_named_fields(child, below)
    return result
