"""The other rules for a CRD's schema: what is not supported, list types, the form of rules.

As in k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from controller.sandbox.api.schema import errors
from controller.sandbox.api.schema.crd.paths import find
from controller.sandbox.api.schema.crd.rules import Place, check_rules
from controller.sandbox.api.schema.errors import FieldError

Schema = Mapping[str, Any]

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_META = ("apiVersion", "kind", "metadata")
_ATOMIC_ITEMS = "must be atomic as item of a list with x-kubernetes-list-type=set"
_KEY_DEFAULT = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"


@dataclass(frozen=True)
class _Where:
    """How far down a schema is: `place` for its rules (None where rules are not looked at), and what is forbidden."""

    path: str
    place: Place | None
    root: bool = False
    no_defaults: str = ""
    in_metadata: bool = False


def check_schema(schema: Schema, path: str, place: Place | None) -> list[FieldError]:
    """What is wrong with a schema and its rules; `place` is None when it is not structural: rules are passed over."""
    forms, rules = _visit(schema, _Where(path, place, root=True))
    return forms + rules


def _visit(schema: Schema, where: _Where) -> tuple[list[FieldError], list[FieldError]]:
    """The faults of form and those of rules; rules are not compiled where the form below is wrong."""
    forms = [*_standard(schema, where), *_exclusive(schema, where)]
    rules: list[FieldError] = []
    for inner, there in _children(schema, where):
        more_forms, more_rules = _visit(inner, there)
        forms += more_forms
        rules += more_rules
    forms += _extensions(schema, where.path)
    forms += _list_map(schema, where.path)
    if schema.get("x-kubernetes-validations"):
        forms += _rule_forms(schema, f"{where.path}.x-kubernetes-validations")
        if not forms and where.place is not None:
            rules += check_rules(schema, where.place, where.path)
    return forms, rules


def _standard(schema: Schema, where: _Where) -> Iterator[FieldError]:
    path, kind = where.path, schema.get("type", "")
    if kind and kind not in _TYPES:
        yield errors.not_supported(f"{path}.type", kind, _TYPES)
    if schema.get("default") is not None and where.no_defaults:
        yield errors.forbidden(f"{path}.default", f"must not be set {where.no_defaults}")
    for name in _UNSUPPORTED:
        if schema.get(name) not in (None, "", {}):
            yield errors.forbidden(f"{path}.{name}", f"{name} is not supported")
    if kind == "null":
        yield errors.forbidden(f"{path}.type", "type cannot be set to null, use nullable as an alternative")
    if isinstance(schema.get("items"), list):
        yield errors.forbidden(f"{path}.items", "items must be a schema object and not an array")
    if where.in_metadata and schema.get("x-kubernetes-embedded-resource"):
        yield errors.forbidden(f"{path}.x-kubernetes-embedded-resource", "must not be used inside of resource meta")
    if schema.get("uniqueItems"):
        text = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield errors.forbidden(f"{path}.uniqueItems", text)


def _exclusive(schema: Schema, where: _Where) -> Iterator[FieldError]:
    extra = schema.get("additionalProperties")
    if extra is not None and extra is not True and schema.get("properties"):
        text = "additionalProperties and properties are mutual exclusive"
        yield errors.forbidden(f"{where.path}.additionalProperties", text)


def _children(schema: Schema, where: _Where) -> Iterator[tuple[Schema, _Where]]:
    path, place = where.path, where.place
    extra, items = schema.get("additionalProperties"), schema.get("items")
    below = replace(where, root=False)
    if isinstance(extra, Mapping):
        inner = replace(below, path=f"{path}.additionalProperties", place=place.below(schema) if place else None)
        if where.in_metadata:
            inner = replace(inner, no_defaults="inside additionalProperties applying to object metadata")
        yield extra, inner
    fixed = path if schema.get("x-kubernetes-map-type") not in (None, "granular", "atomic") else ""
    for name, value in schema.get("properties", {}).items():
        there = place.below(schema, fixed_at=fixed) if place else None
        inner = replace(below, path=f"{path}.properties[{name}]", place=there)
        if (where.root or schema.get("x-kubernetes-embedded-resource")) and name in _META:
            inner = replace(inner, in_metadata=True)
            if where.root:
                inner = replace(inner, no_defaults=f"in top-level {name}")
        yield value, inner
    for name in ("allOf", "oneOf", "anyOf"):
        for i, value in enumerate(schema.get(name, ())):
            yield value, replace(below, path=f"{path}.{name}[{i}]", place=None)
    if isinstance(schema.get("not"), Mapping):
        yield schema["not"], replace(below, path=f"{path}.not", place=None)
    if isinstance(items, Mapping):
        fixed = "" if schema.get("x-kubernetes-list-type") == "map" else path
        there = place.below(schema, fixed_at=fixed) if place else None
        yield items, replace(below, path=f"{path}.items", place=there)


def _extensions(schema: Schema, path: str) -> Iterator[FieldError]:
    kind = schema.get("type", "")
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        yield errors.invalid(f"{path}.x-kubernetes-preserve-unknown-fields", False, "must be true or undefined")
    for name, wanted, allowed in (
        ("x-kubernetes-map-type", "object", ("atomic", "granular")),
        ("x-kubernetes-list-type", "array", ("atomic", "set", "map")),
    ):
        value = schema.get(name)
        if value is None:
            continue
        if kind != wanted:
            text = f"must be {wanted} if {name} is specified"
            yield errors.invalid(f"{path}.type", kind, text) if kind else errors.required(f"{path}.type", text)
        if value not in allowed:
            yield errors.not_supported(f"{path}.{name}", value, allowed)
    items = schema.get("items")
    if schema.get("x-kubernetes-list-type") == "set" and kind == "array" and isinstance(items, Mapping):
        inner_list, inner_map = items.get("x-kubernetes-list-type"), items.get("x-kubernetes-map-type")
        if items.get("type") == "array" and inner_list not in (None, "atomic"):
            yield errors.invalid(f"{path}.items.x-kubernetes-list-type", inner_list, _ATOMIC_ITEMS)
        if items.get("type") == "object" and inner_map != "atomic":
            yield errors.invalid(f"{path}.items.x-kubernetes-map-type", inner_list, _ATOMIC_ITEMS)


def _list_map(schema: Schema, path: str) -> Iterator[FieldError]:
    kind, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys", [])
    if keys and kind != "map":
        text, at = "must be map if x-kubernetes-list-map-keys is non-empty", f"{path}.x-kubernetes-list-type"
        yield errors.required(at, text) if kind is None else errors.invalid(at, kind, text)
    items = schema.get("items")
    if kind == "map":
        if not keys:
            text = "must not be empty if x-kubernetes-list-type is map"
            yield errors.required(f"{path}.x-kubernetes-list-map-keys", text)
        if items is None:
            yield errors.required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")
        elif isinstance(items, Mapping) and items.get("type") != "object":
            text = "must be object if parent array's x-kubernetes-list-type is map"
            yield errors.invalid(f"{path}.items.type", items.get("type", ""), text)
        elif isinstance(items, Mapping):
            yield from _keys(items, keys, path)
    if kind in ("set", "map") and isinstance(items, Mapping):
        if items.get("nullable"):
            yield errors.forbidden(
                f"{path}.items.nullable", f"cannot be nullable when x-kubernetes-list-type is {kind}"
            )
        if kind == "map":
            yield from _key_values(items, keys, path)


def _keys(items: Schema, keys: list[str], path: str) -> Iterator[FieldError]:
    at, properties = f"{path}.x-kubernetes-list-map-keys", items.get("properties", {})
    for i, key in enumerate(keys):
        if key not in properties:
            yield errors.invalid(at, keys, "entries must all be names of item properties")
        elif properties[key].get("type") in ("array", "object"):
            text = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            yield errors.invalid(f"{path}.items.properties[{key}].type", items.get("type", ""), text)
        if key in keys[:i]:
            yield errors.invalid(at, keys, "must not contain duplicate entries")


def _key_values(items: Schema, keys: list[str], path: str) -> Iterator[FieldError]:
    for key in keys:
        inner = items.get("properties", {}).get(key)
        if inner is None:
            continue
        at = f"{path}.items.properties[{key}]"
        if key not in items.get("required", ()) and inner.get("default") is None:
            yield errors.required(f"{at}.default", _KEY_DEFAULT)
        if inner.get("nullable"):
            text = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"
            yield errors.forbidden(f"{at}.nullable", text)


def _rule_forms(schema: Schema, path: str) -> Iterator[FieldError]:
    for i, rule in enumerate(schema["x-kubernetes-validations"]):
        at = f"{path}[{i}]"
        source, message = str(rule.get("rule") or "").strip(), str(rule.get("message") or "")
        if not source:
            yield errors.required(f"{at}.rule", "rule is not specified")
        elif message and not message.strip():
            yield errors.invalid(f"{at}.message", message, "must be non-empty if specified")
        elif _lines(message.strip()):
            yield errors.invalid(f"{at}.message", message, "must not contain line breaks")
        elif _lines(source) and not message.strip():
            text = "message must be specified if rule contains line breaks"
            yield errors.required(f"{at}.message", text)
        expression = rule.get("messageExpression") or ""
        if expression and not expression.strip():
            yield errors.required(f"{at}.messageExpression", "messageExpression must be non-empty if specified")
        if rule.get("reason") not in (None, *_REASONS):
            yield errors.not_supported(f"{at}.reason", rule["reason"], _REASONS)
        field = rule.get("fieldPath") or ""
        if field and not field.strip():
            yield errors.invalid(f"{at}.fieldPath", field, "must be non-empty if specified")
        if _lines(field):
            yield errors.invalid(f"{at}.fieldPath", field, "must not contain line breaks")
        if field and isinstance(find(schema, field), str):
            yield errors.invalid(f"{at}.fieldPath", field, "must be a valid path")


def _lines(text: str) -> bool:
    return re.search(r"[\n\r]", text) is not None
