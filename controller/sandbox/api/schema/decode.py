"""What a real server makes of a body before it looks at its meaning: Go's decoding of the built-in kinds.

Wrong types are refused with Go's sentences (answer 400), unknown fields leave with their paths, and the rest comes out
as Go would write it again: no nulls, no empty optional values, quantities and times in canonical form.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from controller.sandbox.api.schema import quantity, times, wire
from controller.sandbox.api.schema.builtins import go_name, kinds, raw_definitions
from controller.sandbox.api.schema.pruning import Schema, default, prune

Object = dict[str, Any]
_DROP: Any = object()
_JSON_NAMES = {str: "string", bool: "bool", dict: "object", list: "array", int: "number", float: "number"}
_GO_NAMES = {"boolean": "bool", "double": "float64", "byte": "[]uint8", "int-or-string": "intstr.IntOrString"}
_WHOLE = {"int32": 31, "int64": 63}
_NULL_STAYS = frozenset(("time", "micro-time", "json", "object", "schema-or-bool", "schema-or-array"))
_ZERO: dict[str, Any] = {"string": "", "int32": 0, "int64": 0, "boolean": False, "double": 0}


class DecodeError(ValueError):
    """A body that does not decode; the text goes after `cannot be handled as a Deployment: `.

    `mismatch` is what was found and what was wanted, where a type is wrong.
    """

    def __init__(self, text: str, mismatch: tuple[str, str] | None = None) -> None:
        super().__init__(text)
        self.mismatch = mismatch


class _Place:
    """Where the decoder is: `owner` the Go struct, `field` the path in errors, `path` with indices for unknown ones."""

    __slots__ = ("field", "owner", "path", "unknown")

    def __init__(self, owner: str, field: str, path: str, unknown: list[str]) -> None:
        self.owner, self.field, self.path, self.unknown = owner, field, path, unknown

    def inner(self, name: str, owner: str) -> _Place:
        field = f"{self.field}.{name}" if self.field else name
        return _Place(owner, field, f"{self.path}.{name}" if self.path else name, self.unknown)

    def at(self, index: int) -> _Place:
        return _Place(self.owner, self.field, f"{self.path}[{index}]", self.unknown)

    def mismatch(self, value: Any, wanted: str) -> DecodeError:
        found = _JSON_NAMES.get(type(value), "null")
        if found == "number" and wanted.startswith(("int", "float")):
            found += f" {value!r}"
        return self.wrong(found, wanted)

    def wrong(self, found: str, wanted: str) -> DecodeError:
        where = f"Go struct field {self.owner}.{self.field}" if self.field else "Go value"
        return DecodeError(f"json: cannot unmarshal {found} into {where} of type {wanted}", (found, wanted))


_Reader = Callable[[Any, _Place], Any]


def decode_builtin(group: str, version: str, kind: str, obj: Object) -> list[str]:
    """Bring an object of a built-in kind into the server's form, in place; the unknown fields that were dropped.

    The paths are in the body's order. Raises DecodeError for a value of a wrong type, KeyError for an unknown kind.
    """
    names = {(entry.group, entry.version, entry.kind): entry.definition for entry in kinds()}
    unknown: list[str] = []
    _struct(names[group, version, kind])(obj, _Place("", "", "", unknown))
    return unknown


def decode_custom(schema: Schema, obj: Object, *, keep_nulls: bool = False) -> list[str]:
    """The same for a custom resource: metadata as Go reads it, the rest pruned and defaulted by its schema, in place.

    ``keep_nulls`` as for `pruning.default`. Raises DecodeError for wrong types in metadata; wrong types elsewhere are
    for `structural.validate`.
    """
    unknown: list[str] = []
    if "metadata" in obj:
        if obj["metadata"] is None:
            del obj["metadata"]
        else:
            place = _Place("", "", "metadata", unknown)
            obj["metadata"] = _struct("ObjectMeta")(obj["metadata"], place)
    unknown += prune(schema, obj)
    default(schema, obj, keep_nulls=keep_nulls)
    return unknown


@cache
def _struct(name: str) -> _Reader:
    """A reader of one definition."""
    raw = raw_definitions()[name]
    fields: dict[str, _Reader] = {}
    always: dict[str, Callable[[], Any]] = {}
    required = raw.get("required", ())
    for field, short in raw["fields"].items():
        qualified = f"{name}.{field}"
        written = qualified in wire.SCALARS or (field in required and qualified not in wire.NOT_ALWAYS)
        keep = qualified in wire.POINTERS or qualified in wire.KEPT_LISTS or written or field in ("apiVersion", "kind")
        fields[field] = partial(_lazy, short, keep)
        if qualified in wire.NULLS:
            always[field] = lambda: None
        elif written and short in _ZERO:
            always[field] = partial(_ZERO.__getitem__, short)
        elif qualified in wire.STRUCTS or (field == "metadata" and short == "ObjectMeta"):
            always[field] = partial(_empty, short)
    always.pop("apiVersion", None)
    always.pop("kind", None)
    return partial(_read_struct, name, go_name(name), fields, tuple(always.items()))


def _empty(name: str) -> Object:
    """An empty object with what is always written in it."""
    out: Object = {}
    _struct(name)(out, _Place("", "", "", []))
    return out


def _lazy(short: str, keep: bool, value: Any, place: _Place) -> Any:
    return _reader(short, keep)(value, place)


def _read_struct(
    name: str, owner: str, fields: dict[str, _Reader], always: tuple[Any, ...], value: Any, place: _Place
) -> Object:
    if not isinstance(value, dict):
        raise place.mismatch(value, f"v1.{owner}")
    dropped = []
    for key, item in value.items():
        read = fields.get(key)
        if read is None:
            place.unknown.append(f"{place.path}.{key}" if place.path else key)
            dropped.append(key)
        elif item is None:
            dropped.append(key)
        else:
            new = read(item, place.inner(key, owner))
            if new is _DROP:
                dropped.append(key)
            else:
                value[key] = new
    for key in dropped:
        del value[key]
    for key, make in always:
        if key not in value:
            value[key] = make()
    return value


@cache
def _reader(short: str, keep: bool) -> _Reader:
    """A reader of a short type; `keep`: an empty value stays."""
    if short.startswith("["):
        item = _or_zero(short[1:-1])
        return partial(_read_list, item, f"[]{_go_type(short[1:-1])}", keep)
    if short.startswith("{"):
        item = _or_zero(short[1:-1])
        return partial(_read_map, item, f"map[string]{_go_type(short[1:-1])}", keep)
    if short in _WHOLE:
        return partial(_read_whole, short, keep)
    named: dict[str, _Reader] = {
        "string": partial(_read_plain, str, "string", keep),
        "boolean": partial(_read_plain, bool, "bool", keep),
        "double": _read_double,
        "byte": _read_bytes,
        "time": _read_time,
        "micro-time": _read_micro_time,
        "quantity": _read_quantity,
        "int-or-string": _read_int_or_string,
        "json": lambda value, place: value,
        "object": _read_object,
        "schema-or-bool": _read_schema,
        "schema-or-array": _read_schema,
    }
    return named.get(short) or _struct(short)


def _or_zero(short: str) -> _Reader:
    """A reader of an item in a list or map, where Go makes its zero value of a null."""
    read = _reader(short, True)
    if short in _NULL_STAYS or short[0] in "[{":
        return lambda value, place: None if value is None else read(value, place)
    zero = {**_ZERO, "byte": "", "quantity": "0", "int-or-string": 0}.get(short)
    if zero is not None:
        return lambda value, place: zero if value is None else read(value, place)
    return lambda value, place: read({} if value is None else value, place)


def _go_type(short: str) -> str:
    if short in _ZERO or short in _GO_NAMES:
        return _GO_NAMES.get(short, short)
    return "resource.Quantity" if short == "quantity" else f"v1.{go_name(short)}"


def _read_list(read: _Reader, wanted: str, keep: bool, value: Any, place: _Place) -> Any:
    if not isinstance(value, list):
        raise place.mismatch(value, wanted)
    if not value and not keep:
        return _DROP
    for i, item in enumerate(value):
        value[i] = read(item, place.at(i))
    return value


def _read_map(read: _Reader, wanted: str, keep: bool, value: Any, place: _Place) -> Any:
    if not isinstance(value, dict):
        raise place.mismatch(value, wanted)
    if not value and not keep:
        return _DROP
    for key, item in value.items():
        value[key] = read(item, place)
    return value


def _read_plain(wanted: type, name: str, keep: bool, value: Any, place: _Place) -> Any:
    if type(value) is not wanted:
        raise place.mismatch(value, name)
    return value if value or keep else _DROP


def _read_whole(name: str, keep: bool, value: Any, place: _Place) -> Any:
    if type(value) is not int or not -(1 << _WHOLE[name]) <= value < 1 << _WHOLE[name]:
        raise place.mismatch(value, name)
    return value if value or keep else _DROP


def _read_double(value: Any, place: _Place) -> Any:
    if type(value) not in (int, float):
        raise place.mismatch(value, "float64")
    return value


def _read_object(value: Any, place: _Place) -> Any:
    if not isinstance(value, dict):
        raise place.mismatch(value, "map[string]interface {}")
    return value


def _read_schema(value: Any, place: _Place) -> Any:
    """A schema, a boolean or a list of schemas; it decodes apart, so the error names only the place around it."""
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict | bool):
            raise DecodeError("boolean or JSON schema expected")
        if isinstance(item, dict):
            try:
                _struct("JSONSchemaProps")(item, _Place("", "", "", []))
            except DecodeError as error:
                if error.mismatch is None:
                    raise
                raise place.wrong(*error.mismatch) from None
    return value


def _read_int_or_string(value: Any, place: _Place) -> Any:
    if isinstance(value, str):
        return value
    return _read_whole("int32", True, value, place)


def _read_bytes(value: Any, place: _Place) -> Any:
    if not isinstance(value, str):
        raise place.mismatch(value, "[]uint8")
    text = value.replace("\n", "").replace("\r", "")
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        wrong = next((i for i, char in enumerate(value) if char not in alphabet), len(value) // 4 * 4)
        raise DecodeError(f"illegal base64 data at input byte {wrong}") from None
    return text


def _read_quantity(value: Any, place: _Place) -> Any:
    text = value.strip() if isinstance(value, str) else str(value) if type(value) in (int, float) else "?"
    try:
        return str(quantity.parse(text))
    except ValueError as error:
        raise DecodeError(str(error)) from None


def _read_time(value: Any, place: _Place) -> Any:
    moment = _moment(value, place, times.SECONDS)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _read_micro_time(value: Any, place: _Place) -> Any:
    moment = _moment(value, place, times.MICROSECONDS)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _moment(value: Any, place: _Place, layout: str) -> datetime:
    if not isinstance(value, str):
        raise place.mismatch(value, "string")
    try:
        return times.parse(layout, value).astimezone(UTC)
    except ValueError as error:
        raise DecodeError(str(error)) from None
