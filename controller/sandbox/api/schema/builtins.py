"""The schemas of the built-in kinds, read lazily from `builtins.json` and joined with the tables.

Definitions are shared, not copied: one dict stands for PodSpec wherever it occurs, and JSONSchemaProps contains itself.
So a schema is read only, and is written out (`openapi`) by reference. Besides the OpenAPI keywords a definition carries
`x-go-type`, the name that the server's decoding errors use.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any

from controller.sandbox.api.schema.tables import ATOMIC_OBJECTS, EXTENSIONS, KINDS, Kind

Schema = dict[str, Any]

_SCALARS: dict[str, Schema] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "double": {"type": "number", "format": "double"},
    "byte": {"type": "string", "format": "byte"},
    "time": {"type": "string", "format": "date-time", "x-go-type": "Time"},
    "micro-time": {"type": "string", "format": "date-time", "x-go-type": "MicroTime"},
    "object": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "json": {"x-kubernetes-preserve-unknown-fields": True},
    "schema-or-bool": {"x-kubernetes-preserve-unknown-fields": True},
    "schema-or-array": {"x-kubernetes-preserve-unknown-fields": True},
    "int-or-string": {"x-kubernetes-int-or-string": True, "x-go-type": "IntOrString"},
    "quantity": {"x-kubernetes-int-or-string": True, "x-go-type": "Quantity"},
}
_GROUP_PREFIX = re.compile(r"^(Core|Events|Discovery)(?=Event|EndpointPort)")
_BY_KIND = {(kind.group, kind.version, kind.kind): kind for kind in KINDS}


def kinds() -> tuple[Kind, ...]:
    """Every built-in kind that has a schema."""
    return KINDS


def schema(group: str, version: str, kind: str) -> Schema:
    """The schema of one kind; the core group is the empty string. Raises KeyError for a kind that is not built in."""
    return definition(_BY_KIND[group, version, kind].definition)


def kind_definition(group: str, version: str, kind: str) -> str:
    """The name of one kind's definition, "" for a kind that is not built in."""
    found = _BY_KIND.get((group, version, kind))
    return "" if found is None else found.definition


@cache
def raw_definitions() -> dict[str, dict[str, Any]]:
    """The file as it is: `fields` by name with their short types, and `required`."""
    text = resources.files(__package__).joinpath("builtins.json").read_text()
    loaded: dict[str, dict[str, Any]] = json.loads(text)["definitions"]
    return loaded


_built: dict[str, Schema] = {}


def definition(name: str) -> Schema:
    """One definition, such as `PodTemplateSpec`, with what it refers to. Raises KeyError for an unknown name."""
    if name in _built:
        return _built[name]
    raw = raw_definitions()[name]
    built: Schema = {"type": "object", "x-go-type": go_name(name)}
    _built[name] = built  # before its fields: a definition may contain itself
    if name in ATOMIC_OBJECTS:
        built["x-kubernetes-map-type"] = "atomic"
    properties = {}
    for field, short in raw["fields"].items():
        inner = shape(short, definition)
        extensions = EXTENSIONS.get(f"{name}.{field}")
        properties[field] = inner | extensions if extensions else inner
    built["properties"] = properties
    if "required" in raw:
        built["required"] = raw["required"]
    return built


def go_name(name: str) -> str:
    """The Go type of a definition: `CoreEvent` is Event."""
    return _GROUP_PREFIX.sub("", name)


def shape(short: str, refer: Any) -> Schema:
    """A short type as a schema; `refer` gives the schema of a definition by its name."""
    if short.startswith("["):
        return {"type": "array", "items": shape(short[1:-1], refer)}
    if short.startswith("{"):
        return {"type": "object", "additionalProperties": shape(short[1:-1], refer)}
    scalar = _SCALARS.get(short)
    if scalar is not None:
        return scalar
    found: Schema = refer(short)
    return found
