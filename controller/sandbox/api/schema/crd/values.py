"""Defaults in a CRD's schema must be valid values of it, without unknown fields."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from controller.sandbox.api.schema import errors
from controller.sandbox.api.schema.cel.rules import check_rules
from controller.sandbox.api.schema.errors import FieldError
from controller.sandbox.api.schema.pruning import prune
from controller.sandbox.api.schema.structural import validate

Schema = Mapping[str, Any]


def check_defaults(schema: Schema, path: str) -> Iterator[FieldError]:
    """The faults of every default, outside of additionalProperties, where defaults are forbidden elsewhere."""
    value = schema.get("default")
    if value is not None:
        yield from _check(schema, value, f"{path}.default")
    items = schema.get("items")
    if isinstance(items, Mapping):
        yield from check_defaults(items, f"{path}.items")
    for name, inner in schema.get("properties", {}).items():
        yield from check_defaults(inner, f"{path}.properties[{name}]")


def _check(schema: Schema, value: Any, path: str) -> Iterator[FieldError]:
    pruned = copy.deepcopy(value)
    if isinstance(pruned, dict):
        prune(schema, pruned, root=bool(schema.get("x-kubernetes-embedded-resource")))
    elif isinstance(pruned, list):
        prune({"properties": {"list": schema}}, {"list": pruned}, root=False)
    if pruned != value:
        yield errors.invalid(path, value, "must not have unknown fields")
    faults = validate(schema, value)
    if faults:
        yield from (replace(fault, field=_below(path, fault.field)) for fault in faults)
    else:
        yield from check_rules(schema, value, path=path)


def _below(path: str, field: str) -> str:
    return path if field == "<nil>" else f"{path}.{field}"
