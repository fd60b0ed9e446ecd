"""Structural schemas: types everywhere, none in the logical parts, and nothing judged that is not declared.

The rules of k8s.io/apiextensions-apiserver/pkg/apiserver/schema/validation.go and complete.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.sandbox.api.schema import errors, regexes
from controller.sandbox.api.schema.errors import FieldError

Schema = Mapping[str, Any]

_UNREADABLE = ("id", "$schema", "$ref", "patternProperties", "dependencies", "additionalItems", "definitions")
_LISTS = ("anyOf", "allOf", "oneOf")
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_FORBIDDEN = {
    "type": "must be empty to be structural",
    "default": "must be undefined to be structural",
    "title": "must be empty to be structural",
    "description": "must be empty to be structural",
    "nullable": "must be false to be structural",
    "x-kubernetes-preserve-unknown-fields": "must be false to be structural",
    "x-kubernetes-embedded-resource": "must be false to be structural",
    "x-kubernetes-int-or-string": "must be false to be structural",
    "x-kubernetes-list-map-keys": "must be empty to be structural",
    "x-kubernetes-list-type": "must be undefined to be structural",
    "x-kubernetes-map-type": "must be undefined to be structural",
    "x-kubernetes-validations": "must be empty to be structural",
}
_EMPTY_TYPE = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
_ONLY_NAMES = "must not specify anything other than name and generateName, but metadata is implicitly specified"


def unsupported(schema: Schema) -> str:
    """The first keyword anywhere in a schema that keeps it from being read as a structural one, as a sentence."""
    for name in _UNREADABLE:
        if schema.get(name) not in (None, "", {}):
            return f"OpenAPIV3Schema '{name.removeprefix('$') if name == '$schema' else name}' is not supported"
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
    if isinstance(schema.get("items"), list):
        return "OpenAPIV3Schema 'items' must be a schema, but is an array"
    below = [*schema.get("properties", {}).values(), *(part for name in _LISTS for part in schema.get(name, ()))]
    below += [
        schema[name] for name in ("not", "items", "additionalProperties") if isinstance(schema.get(name), Mapping)
    ]
    return next((text for inner in below if (text := unsupported(inner))), "")


def check_shape(schema: Schema, path: str) -> list[FieldError]:
    """What keeps a schema from being structural, sorted by text."""
    found = [*_invariants(schema, "root", path), *_complete(schema, schema, path, path)]
    return sorted(found, key=str)


def _invariants(schema: Schema, level: str, path: str) -> Iterator[FieldError]:
    items, extra = schema.get("items"), schema.get("additionalProperties")
    if schema.get("type") == "array" and items is None:
        yield errors.required(f"{path}.items", "must be specified")
    if isinstance(items, Mapping):
        yield from _invariants(items, "item", f"{path}.items")
    for name, inner in schema.get("properties", {}).items():
        yield from _invariants(inner, "field", f"{path}.properties[{name}]")
    if extra is not None:
        if level == "root":
            yield errors.forbidden(f"{path}.additionalProperties", "must not be used at the root")
        if isinstance(extra, Mapping):
            yield from _invariants(extra, "field", f"{path}.additionalProperties")
    yield from _extensions(schema, path)
    first = (schema.get("allOf") or [{}])[0]
    skip_any = schema.get("anyOf") == _INT_OR_STRING
    skip_first = first.get("anyOf") == _INT_OR_STRING
    yield from _value(schema, path, skip_any=skip_any, skip_first=skip_first)
    yield from _type(schema, level, path)
    yield from _meta(schema, level, path)


def _extensions(schema: Schema, path: str) -> Iterator[FieldError]:
    if schema.get("x-kubernetes-int-or-string"):
        for name in ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"):
            if schema.get(name):
                text = "must be false if x-kubernetes-int-or-string is true"
                yield errors.invalid(f"{path}.{name}", True, text)


def _type(schema: Schema, level: str, path: str) -> Iterator[FieldError]:
    kind, embedded = schema.get("type", ""), schema.get("x-kubernetes-embedded-resource")
    free = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if embedded and kind != "object":
        text = "must be object if x-kubernetes-embedded-resource is true"
        yield errors.invalid(f"{path}.type", kind, text) if kind else errors.required(f"{path}.type", text)
    elif not kind and not free:
        yield errors.required(f"{path}.type", _EMPTY_TYPE[level])
    if embedded and schema.get("additionalProperties") is not None:
        text = "must not be used if x-kubernetes-embedded-resource is set"
        yield errors.forbidden(f"{path}.additionalProperties", text)
    if level == "root" and kind and kind != "object":
        yield errors.invalid(f"{path}.type", kind, "must be object at the root")
    if embedded and not schema.get("x-kubernetes-preserve-unknown-fields") and not schema.get("properties"):
        text = (
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        )
        yield errors.required(f"{path}.properties", text)


def _meta(schema: Schema, level: str, path: str) -> Iterator[FieldError]:
    """apiVersion, kind and metadata of whole objects."""
    properties = schema.get("properties", {})
    if level != "root" and not schema.get("x-kubernetes-embedded-resource"):
        return
    for name in ("kind", "apiVersion"):
        if name in properties and properties[name].get("type") != "string":
            yield errors.invalid(f"{path}.properties[{name}].type", properties[name].get("type", ""), "must be string")
    metadata = properties.get("metadata")
    if metadata is None:
        return
    at = f"{path}.properties[metadata]"
    if metadata.get("type") != "object":
        yield errors.invalid(f"{at}.type", metadata.get("type", ""), "must be object")
    if level == "root":
        rest = {name for name, value in metadata.items() if value not in (None, {}, [], "", False)}
        rest -= {"type", "default"}
        if set(metadata.get("properties", {})) <= {"name", "generateName"}:
            rest.discard("properties")
        if rest:
            yield errors.forbidden(at, _ONLY_NAMES)


def _value(schema: Schema, path: str, *, skip_any: bool = False, skip_first: bool = False) -> Iterator[FieldError]:
    """The parts of a schema that judge values: nothing structural in the logical ones, patterns that compile."""
    for name in _LISTS:
        if name == "anyOf" and skip_any:
            continue
        for i, inner in enumerate(schema.get(name, ())):
            skip = name == "allOf" and i == 0 and skip_first
            yield from _nested(inner, f"{path}.{name}[{i}]", skip_any=skip)
    if isinstance(schema.get("not"), Mapping):
        yield from _nested(schema["not"], f"{path}.not")
    pattern = schema.get("pattern")
    if pattern:
        try:
            regexes.compiled(pattern)
        except regexes.BadPattern as bad:
            text = f"must be a valid regular expression, but isn't: {bad}"
            yield errors.invalid(f"{path}.pattern", pattern, text)


def _nested(schema: Schema, path: str, *, skip_any: bool = False) -> Iterator[FieldError]:
    yield from _value(schema, path, skip_any=skip_any)
    if isinstance(schema.get("items"), Mapping):
        yield from _nested(schema["items"], f"{path}.items")
    for name, inner in schema.get("properties", {}).items():
        yield from _nested(inner, f"{path}.properties[{name}]")
    extra = schema.get("additionalProperties")
    if extra is not None and extra is not False:
        yield errors.forbidden(f"{path}.additionalProperties", "must be undefined to be structural")
    for name, text in _FORBIDDEN.items():
        if schema.get(name) not in (None, "", False, []):
            yield errors.forbidden(f"{path}.{name}", text)
    if "metadata" in schema.get("properties", {}):
        yield errors.forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")


def _complete(logic: Schema, schema: Schema | None, at: str, path: str) -> Iterator[FieldError]:
    """What the logical parts name must be declared in the schema itself."""
    if isinstance(logic.get("not"), Mapping):
        yield from _declared(logic["not"], schema, at, f"{path}.not")
    for name in ("allOf", "anyOf", "oneOf"):
        for i, inner in enumerate(logic.get(name, ())):
            yield from _declared(inner, schema, at, f"{path}.{name}[{i}]")


def _declared(logic: Schema, schema: Schema | None, at: str, path: str) -> Iterator[FieldError]:
    if schema is None:
        yield errors.required(at, f"because it is defined in {path}")
        return
    yield from _complete(logic, schema, at, path)
    if isinstance(logic.get("items"), Mapping):
        yield from _declared(logic["items"], schema.get("items"), f"{at}.items", f"{path}.items")
    for name, inner in logic.get("properties", {}).items():
        there = schema.get("properties", {}).get(name)
        yield from _declared(inner, there, f"{at}.properties[{name}]", f"{path}.properties[{name}]")
