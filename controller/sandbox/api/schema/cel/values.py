"""CEL's values in Python, and how JSON becomes them by its schema.

int, double, bool, string, bytes, list and map are int, float, bool, str, bytes, list and dict; null is None; the others
are the classes below. An object is a dict of its fields under their names as CEL writes them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import Any

from controller.sandbox.api.schema import formats
from controller.sandbox.api.schema.cel.syntax import RESERVED
from controller.sandbox.api.schema.quantity import Quantity

Schema = Mapping[str, Any]

_KEYWORDS = RESERVED | {"true", "false", "null", "in"}
_ESCAPED = re.compile(r"__|[-./]|[^a-zA-Z0-9_]")
_ESCAPES = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}


class CelError(Exception):
    """An expression that cannot be evaluated; the text is what cel-go says."""


class Uint(int):
    """An unsigned integer."""


class SetList(list[Any]):
    """A list of type set: equal whatever the order, and `+` adds only what is new."""


class MapList(list[Any]):
    """A list of type map: entries are told apart by `keys`."""

    keys: tuple[str, ...] = ()


@dataclass(frozen=True, order=True)
class Duration:
    nanoseconds: int


@dataclass(frozen=True, order=True)
class Timestamp:
    """A moment, in nanoseconds since 1970."""

    nanoseconds: int

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.nanoseconds / 10**9, UTC)


@dataclass(frozen=True)
class TypeValue:
    """A type as a value: the result of type(x), and names such as `string`."""

    name: str


@dataclass(frozen=True)
class Optional:
    """A value that may be missing; `present` says whether it is there."""

    value: Any = None
    present: bool = False


NONE = Optional()


@dataclass(frozen=True)
class Url:
    """A parsed absolute URL or absolute path."""

    text: str
    scheme: str
    host: str
    path: str
    query: str


@dataclass(frozen=True)
class Semver:
    """A version as in https://semver.org; `text` is how it was written."""

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()
    text: str = field(default="", compare=False)


@dataclass(frozen=True)
class Format:
    """A named format such as `dns1123Label`."""

    name: str


_TYPE_NAMES: dict[type, str] = {
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    SetList: "list",
    MapList: "list",
    dict: "map",
    type(None): "null_type",
    Duration: "google.protobuf.Duration",
    Timestamp: "google.protobuf.Timestamp",
    TypeValue: "type",
    Optional: "optional_type",
    Quantity: "kubernetes.Quantity",
    Url: "kubernetes.URL",
    Semver: "kubernetes.Semver",
    Format: "kubernetes.NamedFormat",
    IPv4Address: "net.IP",
    IPv6Address: "net.IP",
    IPv4Interface: "net.CIDR",
    IPv6Interface: "net.CIDR",
}


def type_name(value: Any) -> str:
    """The name of a value's type, as type(x) shows it."""
    return _TYPE_NAMES[type(value)]


@lru_cache(maxsize=4096)
def escape(name: str) -> str:
    """A property's name as an identifier, or an empty string for one that CEL cannot name."""
    if not name or name[0].isdigit():
        return ""
    if name in _KEYWORDS:
        return f"__{name}__"
    if any(part not in _ESCAPES for part in _ESCAPED.findall(name)):
        return ""
    return _ESCAPED.sub(lambda match: _ESCAPES[match[0]], name)


def to_cel(value: Any, schema: Schema) -> Any:
    """JSON as a CEL value: numbers, times and bytes by their schema; fields without a schema are left out."""
    if value is None or schema.get("x-kubernetes-int-or-string"):
        return value
    kind = schema.get("type")
    if kind == "object" and isinstance(value, dict):
        return _object(value, schema)
    if kind == "array" and isinstance(value, list):
        return _list(value, schema)
    if kind == "number" and isinstance(value, int | float):
        return float(value)
    if kind == "string" and isinstance(value, str) and "format" in schema:
        return _formatted(value, str(schema["format"]))
    return value


def _object(value: dict[str, Any], schema: Schema) -> dict[str, Any]:
    extra = schema.get("additionalProperties")
    if isinstance(extra, Mapping):
        return {name: to_cel(item, extra) for name, item in value.items()}
    properties: Mapping[str, Schema] = schema.get("properties", {})
    out = {}
    for name, item in value.items():
        inner = properties.get(name)
        escaped = escape(name)
        if inner is not None and escaped and item is not None:  # a null field is as one that is not there
            out[escaped] = to_cel(item, inner)
    return out


def _list(value: list[Any], schema: Schema) -> list[Any]:
    items: Schema = schema.get("items", {})
    converted = [to_cel(item, items) for item in value]
    kind = schema.get("x-kubernetes-list-type")
    if kind == "set":
        return SetList(converted)
    if kind == "map":
        keyed = MapList(converted)
        keyed.keys = tuple(escape(key) for key in schema.get("x-kubernetes-list-map-keys", ()))
        return keyed
    return converted


def _formatted(value: str, name: str) -> Any:
    """A string of a format that has its own type; the string itself where it does not fit."""
    if name == "byte":
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return value
    if name == "duration":
        length = formats.duration_nanoseconds(value)
        return value if length is None else Duration(length)
    if name in ("date", "date-time"):
        try:
            return timestamp(value if name == "date-time" else f"{value}T00:00:00Z")
        except CelError:
            return value
    return value


def timestamp(text: str) -> Timestamp:
    """A time in RFC 3339. Raises CelError."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)", text, re.ASCII)
    if match is None:
        raise CelError(f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}" as "2006"')
    try:
        moment = datetime.fromisoformat(match[1].upper() + match[3].upper().replace("Z", "+00:00"))
    except ValueError:
        raise CelError(f'parsing time "{text}": day out of range') from None
    return Timestamp(int(moment.timestamp()) * 10**9 + int((match[2] or "0").ljust(9, "0")))
