"""CEL's types, and the types that a schema declares, with the sizes that cost estimates need.

The sizes follow k8s.io/apiserver/pkg/cel/common/schemas.go: a bound that the schema gives, or else what fits into the
largest request (3 MiB).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.sandbox.api.schema.cel.values import escape

Schema = Mapping[str, Any]

MAX_REQUEST = 3 * 1024 * 1024
_STRING = {"type": "string"}
_ROOT: dict[str, Any] = {
    "kind": _STRING,
    "apiVersion": _STRING,
    "metadata": {"type": "object", "properties": {"name": _STRING, "generateName": _STRING}},
}


@dataclass(eq=False)
class Type:
    """`kind` names it; `params` are element, key and value, or a parameter's name for kind `param`.

    `size` is the most elements or bytes that a value from a schema can have, None where that is not known; `serialized`
    is the fewest bytes that a value takes in JSON. `fields` are an object's, under their escaped names.
    """

    kind: str
    params: tuple[Type, ...] = ()
    size: int | None = None
    serialized: int = 1
    fields: dict[str, Type] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.kind in ("list", "map", "type", "optional_type") and self.params:
            return f"{self.kind}({', '.join(str(param) for param in self.params)})"
        return _SHOWN.get(self.kind, self.kind)

    @property
    def element(self) -> Type:
        """A list's element or a map's value."""
        return self.params[-1] if self.params else DYN


_SHOWN = {
    "duration": "google.protobuf.Duration",
    "timestamp": "google.protobuf.Timestamp",
    "null_type": "null",
    "quantity": "kubernetes.Quantity",
    "url": "kubernetes.URL",
    "ip": "net.IP",
    "cidr": "net.CIDR",
    "semver": "kubernetes.Semver",
    "format": "kubernetes.NamedFormat",
}

DYN = Type("dyn")
BOOL = Type("bool")
INT = Type("int")
UINT = Type("uint")
DOUBLE = Type("double")
STRING = Type("string")
BYTES = Type("bytes")
NULL = Type("null_type")
SCALARS = frozenset(("bool", "int", "uint", "double", "duration", "timestamp"))


def list_of(element: Type) -> Type:
    return Type("list", (element,))


def map_of(key: Type, value: Type) -> Type:
    return Type("map", (key, value))


def declared(schema: Schema, *, root: bool = False) -> Type | None:
    """The type of values of a schema, or None where rules cannot see them.

    `root`: a whole object, so apiVersion, kind, metadata.name and metadata.generateName are there.
    """
    if schema.get("x-kubernetes-int-or-string"):
        return Type("dyn", size=schema["maxLength"] * 4 if "maxLength" in schema else MAX_REQUEST - 2, serialized=1)
    kind = schema.get("type")
    if kind == "array":
        return _list(schema)
    if kind == "object":
        return _object(schema, root=root)
    if kind == "string":
        return _string(schema)
    simple = {"boolean": ("bool", 4), "number": ("double", 1), "integer": ("int", 1)}.get(str(kind))
    return Type(simple[0], size=0, serialized=simple[1]) if simple else None


def _list(schema: Schema) -> Type | None:
    items = schema.get("items")
    element = None if items is None else declared(items, root=bool(items.get("x-kubernetes-embedded-resource")))
    if element is None:
        return None
    size = max(0, schema["maxItems"]) if "maxItems" in schema else (MAX_REQUEST - 2) // (element.serialized + 1)
    return Type("list", (element,), size=size, serialized=2)


def _object(schema: Schema, *, root: bool) -> Type | None:
    extra = schema.get("additionalProperties")
    if isinstance(extra, Mapping) and not root:
        value = declared(extra, root=bool(extra.get("x-kubernetes-embedded-resource")))
        if value is None:
            return None
        bound = schema.get("maxProperties")
        size = max(0, bound) if bound is not None else (MAX_REQUEST - 2) // (value.serialized + 6)
        key = Type("string", size=0, serialized=2)
        return Type("map", (key, value), size=size, serialized=2)
    properties = {**schema.get("properties", {}), **(_ROOT if root else {})}
    required = set(schema.get("required", ()))
    out = Type("object", size=0, serialized=2)
    for name, inner in properties.items():
        found = declared(inner, root=bool(inner.get("x-kubernetes-embedded-resource")))
        if found is None:
            continue
        escaped = escape(name)
        if escaped:
            out.fields[escaped] = found
        if name in required and inner.get("default") is None:
            out.serialized += len(name) + found.serialized + 4
    return out


def _string(schema: Schema) -> Type:
    name = schema.get("format")
    if name == "byte":
        return Type("bytes", size=max(0, schema.get("maxLength", MAX_REQUEST - 2)), serialized=2)
    if name == "duration":
        return Type("duration", size=32, serialized=3)
    if name == "date":
        return Type("timestamp", size=12, serialized=12)
    if name == "date-time":
        return Type("timestamp", size=32, serialized=21)
    if "maxLength" in schema:
        size = max(0, schema["maxLength"]) * 4
    elif schema.get("enum"):
        size = max((len(item.encode()) for item in schema["enum"] if isinstance(item, str)), default=0)
    else:
        size = MAX_REQUEST - 2
    return Type("string", size=size, serialized=2)
