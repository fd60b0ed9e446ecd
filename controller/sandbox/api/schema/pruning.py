"""Unknown fields away, defaults in (k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning and /defaulting)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_TYPE_META = frozenset(("apiVersion", "kind", "metadata"))
_EMPTY: Schema = {}


def prune(schema: Schema, obj: dict[str, Any], *, root: bool = True) -> list[str]:
    """Remove what the schema does not know, in place; return the paths removed, sorted: `spec.foo`, `spec.items[0].x`.

    `root`: the value is a whole object, so apiVersion, kind and metadata stay, and metadata's own unknown fields go.
    The paths are what `unknown field "..."` quotes in the answer to fieldValidation Strict and Warn.
    """
    removed: list[str] = []
    if root and isinstance(metadata := obj.get("metadata"), dict):
        _prune(metadata_schema(), metadata, "metadata", removed)
        removed.sort()
    below: list[str] = []
    _prune(schema, obj, "", below, embedded=root)
    return removed + sorted(below)


def metadata_schema() -> Schema:
    """The schema of ObjectMeta."""
    from controller.sandbox.api.schema.builtins import definition  # loaded only when needed

    return definition("ObjectMeta")


def _prune(schema: Schema, value: Any, path: str, removed: list[str], *, embedded: bool = False) -> None:
    if isinstance(value, dict):
        if schema.get("x-kubernetes-embedded-resource"):
            embedded = True
            if path and isinstance(metadata := value.get("metadata"), dict):
                _prune(metadata_schema(), metadata, f"{path}.metadata", removed)
        _prune_object(schema, value, path, removed, embedded=embedded)
    elif isinstance(value, list):
        items = schema.get("items")
        if items is None:
            if schema.get("x-kubernetes-preserve-unknown-fields"):
                return
            items = _EMPTY
        for i, item in enumerate(value):
            if isinstance(item, dict | list):
                _prune(items, item, f"{path}[{i}]", removed)


def _prune_object(schema: Schema, value: dict[str, Any], path: str, removed: list[str], *, embedded: bool) -> None:
    properties: Mapping[str, Schema] = schema.get("properties", _EMPTY)
    extra = schema.get("additionalProperties")
    keep = schema.get("x-kubernetes-preserve-unknown-fields")
    unknown = []
    for name, item in value.items():
        if embedded and name in _TYPE_META:
            continue
        inner = properties.get(name)
        if inner is None:
            if extra is None or extra is False:
                if not keep:
                    unknown.append(name)
                continue
            inner = _EMPTY if extra is True else extra
        if isinstance(item, dict | list):
            _prune(inner, item, f"{path}.{name}" if path else name, removed)
    for name in unknown:
        del value[name]
        removed.append(f"{path}.{name}" if path else name)


def default(schema: Schema, obj: Any, *, keep_nulls: bool = False) -> None:
    """Drop nulls that the schema neither allows nor replaces, then set its defaults, in place.

    ``keep_nulls``: those of fields with a type stay, for the checks to refuse.
    """
    _drop_nulls(schema, obj, keep_nulls)
    _default(schema, obj)


def _drop_nulls(schema: Schema, value: Any, keep_typed: bool) -> None:
    if isinstance(value, dict):
        properties: Mapping[str, Schema] = schema.get("properties", _EMPTY)
        extra = schema.get("additionalProperties")
        fallback: Schema | None = extra if isinstance(extra, Mapping) else None
        for name in list(value):
            inner = properties.get(name, fallback)
            if inner is None:
                continue
            if value[name] is None:
                typed = "type" in inner or inner.get("x-kubernetes-int-or-string")
                if not inner.get("nullable") and inner.get("default") is None and not (keep_typed and typed):
                    del value[name]
            else:
                _drop_nulls(inner, value[name], keep_typed)
    elif isinstance(value, list) and (items := schema.get("items")) is not None:
        for item in value:
            _drop_nulls(items, item, keep_typed)


def _default(schema: Schema, value: Any) -> None:
    if isinstance(value, dict):
        properties: Mapping[str, Schema] = schema.get("properties", _EMPTY)
        for name, known in properties.items():
            wanted = known.get("default")
            if wanted is not None and (name not in value or (value[name] is None and not known.get("nullable"))):
                value[name] = copy.deepcopy(wanted)
        extra = schema.get("additionalProperties")
        fallback: Schema | None = extra if isinstance(extra, Mapping) else None
        for name, item in value.items():
            inner = properties.get(name, fallback)
            if inner is None:
                continue
            if item is None and name not in properties and not inner.get("nullable"):
                value[name] = copy.deepcopy(inner.get("default"))
            elif isinstance(item, dict | list):
                _default(inner, item)
    elif isinstance(value, list) and "items" in schema:
        items: Schema = schema["items"]
        for i, item in enumerate(value):
            if item is None and not items.get("nullable"):
                value[i] = copy.deepcopy(items.get("default"))
            elif isinstance(item, dict | list):
                _default(items, item)
