"""Bodies in Kubernetes' protobuf, which kubectl sends for `create deployment`, `auth can-i` and their like.

Source: the envelope `Unknown` and the messages in k8s.io/apimachinery and k8s.io/api (generated.proto). Which number is
which field says `numbers.json`, of which type it is says `builtins.json`. Answers are never in protobuf: every client
that sends it takes JSON too.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

from controller.sandbox.api.schema.builtins import kind_definition, raw_definitions

MEDIA = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\0"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_VARINT = 10

Value = int | bytes


class UnknownKind(Exception):
    """The body's kind is not spoken in protobuf: it is a custom resource's, or none of the built-in kinds served."""


def read_protobuf(data: bytes) -> dict[str, Any]:
    """The object in the envelope, as JSON would say it; what Go would leave out may be there as an empty value.

    Raises UnknownKind, ValueError for bytes that are no such message.
    """
    if not data.startswith(_MAGIC):
        raise ValueError("the body does not begin with the bytes 6b 38 73 00 of a Kubernetes protobuf message")
    envelope = dict(_fields(data[len(_MAGIC) :]))
    meta = {number: _text(value) for number, value in _fields(_bytes(envelope.get(1, b"")))}
    api_version, kind = meta.get(1, ""), meta.get(2, "")
    group, _, version = api_version.rpartition("/")
    definition = "DeleteOptions" if kind == "DeleteOptions" else kind_definition(group, version, kind)
    if definition not in _numbers():
        raise UnknownKind(f"{kind} ({api_version})")
    item = {"apiVersion": api_version, "kind": kind}
    return item | _message(definition, _bytes(envelope.get(2, b"")))


@cache
def _numbers() -> dict[str, dict[str, Any]]:
    """By definition: by number, the field's name, or the table of a message that JSON writes inline."""
    text = resources.files(__package__).joinpath("numbers.json").read_text()
    loaded: dict[str, dict[str, Any]] = json.loads(text)
    return loaded


def _message(definition: str, data: bytes) -> dict[str, Any]:
    item: dict[str, Any] = {}
    _fill(item, _numbers()[definition], raw_definitions()[definition]["fields"], data)
    return item


def _fill(item: dict[str, Any], table: dict[str, Any], types: dict[str, str], data: bytes) -> None:
    """A field that no table knows is of a newer release: it is dropped, as a real API server does."""
    for number, value in _fields(data):
        name = table.get(str(number))
        if name is None:
            continue
        if isinstance(name, dict):
            _fill(item, name, types, _bytes(value))
            continue
        short = types[name]
        if short.startswith("["):
            item.setdefault(name, []).append(_single(short[1:-1], value))
        elif short.startswith("{"):
            entry = dict(_fields(_bytes(value)))
            item.setdefault(name, {})[_text(entry.get(1, b""))] = _in_map(short[1:-1], entry.get(2, b""))
        else:
            item[name] = _single(short, value)


def _in_map(short: str, value: Value) -> Any:
    """A list as a map's value is a message of its own (ExtraValue), whose first field is the list."""
    if short.startswith("["):
        return [_single(short[1:-1], one) for number, one in _fields(_bytes(value)) if number == 1]
    return _single(short, value)


def _single(short: str, value: Value) -> Any:
    match short:
        case "string":
            return _text(value)
        case "boolean":
            return bool(_whole(value))
        case "int32" | "int64":
            return _signed(_whole(value))
        case "byte":
            return base64.b64encode(_bytes(value)).decode()
        case "time" | "micro-time":
            return _moment(_bytes(value), short)
        case "quantity":
            return _text(dict(_fields(_bytes(value))).get(1, b""))
        case "int-or-string":
            parts = dict(_fields(_bytes(value)))
            return _text(parts.get(3, b"")) if parts.get(1) else _signed(_whole(parts.get(2, 0)))
        case "object" | "json":
            raw = _bytes(dict(_fields(_bytes(value))).get(1, b""))
            return json.loads(raw) if raw else None
        case _:
            return _message(short, _bytes(value))


def _moment(data: bytes, short: str) -> str | None:
    """RFC 3339, to the second or the microsecond; an empty message is no time at all."""
    if not data:
        return None
    parts = dict(_fields(data))
    try:
        moment = _EPOCH + timedelta(seconds=_signed(_whole(parts.get(1, 0))))
    except OverflowError:
        raise ValueError("proto: no time has so many seconds") from None
    text = f"{moment:%Y-%m-%dT%H:%M:%S}"
    return f"{text}.{_whole(parts.get(2, 0)) // 1000:06}Z" if short == "micro-time" else f"{text}Z"


def _fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Each field's number and value. Source: the protobuf wire format (varint, 64 bit, length-delimited, 32 bit)."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        number, wire_type = key >> 3, key & 7
        if wire_type == 0:
            value, place = _varint(data, place)
            yield number, value
            continue
        if wire_type == 2:
            length, place = _varint(data, place)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"proto: illegal wireType {wire_type}")
        if place + length > len(data):
            raise ValueError("unexpected EOF")
        yield number, data[place : place + length]
        place += length


def _varint(data: bytes, place: int) -> tuple[int, int]:
    result = 0
    for count in range(_MAX_VARINT):
        if place + count >= len(data):
            raise ValueError("unexpected EOF")
        byte = data[place + count]
        result |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return result, place + count + 1
    raise ValueError("proto: integer overflow")


def _signed(value: int) -> int:
    """Two's complement of 64 bits."""
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def _whole(value: Value) -> int:
    if isinstance(value, int):
        return value
    raise ValueError("proto: wrong wireType, a whole number was expected")


def _bytes(value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    raise ValueError("proto: wrong wireType, bytes were expected")


def _text(value: Value) -> str:
    return _bytes(value).decode()
