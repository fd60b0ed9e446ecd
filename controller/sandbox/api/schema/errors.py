"""Field errors as kube-apiserver words them (k8s.io/apimachinery/pkg/util/validation/field)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

INVALID = "FieldValueInvalid"
TYPE_INVALID = "FieldValueTypeInvalid"
REQUIRED = "FieldValueRequired"
NOT_SUPPORTED = "FieldValueNotSupported"
DUPLICATE = "FieldValueDuplicate"
FORBIDDEN = "FieldValueForbidden"
NOT_FOUND = "FieldValueNotFound"
TOO_LONG = "FieldValueTooLong"
TOO_MANY = "FieldValueTooMany"
INTERNAL = "InternalError"

_TITLES = {
    INVALID: "Invalid value",
    TYPE_INVALID: "Invalid value",
    REQUIRED: "Required value",
    NOT_SUPPORTED: "Unsupported value",
    DUPLICATE: "Duplicate value",
    FORBIDDEN: "Forbidden",
    NOT_FOUND: "Not found",
    TOO_LONG: "Too long",
    TOO_MANY: "Too many",
    INTERNAL: "Internal error",
}
_WITHOUT_VALUE = {REQUIRED, FORBIDDEN, TOO_LONG, INTERNAL}
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPES["\v"] = "\\v"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field; `str()` is a line of the answer's message.

    `type` is the cause's reason (`FieldValueInvalid` ...), `field` its path, `message` the part after the value.
    """

    type: str
    field: str
    message: str = ""
    bad_value: Any = None

    @property
    def body(self) -> str:
        """The text without the path, as in `details.causes[].message`."""
        text = _TITLES[self.type]
        if self.type not in _WITHOUT_VALUE:
            text += ": " + shown(self.bad_value)
        return f"{text}: {self.message}" if self.message else text

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"

    def cause(self) -> dict[str, str]:
        """The entry for `details.causes` of a Status."""
        return {"reason": self.type, "message": self.body, "field": self.field}


def aggregate(errors: Iterable[FieldError]) -> str:
    """Several errors in one text: `a`, or `[a, b]`; equal ones are told once."""
    texts = list(dict.fromkeys(str(error) for error in errors))
    return texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"


def invalid(path: str, value: Any, message: str) -> FieldError:
    return FieldError(INVALID, path, message, value)


def type_invalid(path: str, value: Any, message: str) -> FieldError:
    return FieldError(TYPE_INVALID, path, message, value)


def required(path: str, message: str = "") -> FieldError:
    return FieldError(REQUIRED, path, message)


def duplicate(path: str, value: Any) -> FieldError:
    return FieldError(DUPLICATE, path, "", value)


def forbidden(path: str, message: str) -> FieldError:
    return FieldError(FORBIDDEN, path, message)


def not_found(path: str, value: Any) -> FieldError:
    return FieldError(NOT_FOUND, path, "", value)


def internal(path: str, message: str) -> FieldError:
    return FieldError(INTERNAL, path, message)


def not_supported(path: str, value: Any, allowed: Sequence[str]) -> FieldError:
    message = "supported values: " + ", ".join(quoted(item) for item in allowed) if allowed else ""
    return FieldError(NOT_SUPPORTED, path, message, value)


def too_long(path: str, limit: int) -> FieldError:
    return FieldError(TOO_LONG, path, f"may not be more than {limit} {'byte' if limit == 1 else 'bytes'}")


def too_many(path: str, count: int, limit: int) -> FieldError:
    return FieldError(TOO_MANY, path, f"must have at most {limit} {'item' if limit == 1 else 'items'}", count)


def child(path: str, name: str) -> str:
    """The path of a field of an object."""
    return f"{path}.{name}" if path else name


def quoted(text: str) -> str:
    """A string in double quotes as Go's `%q` prints it: printable characters as they are, others escaped."""
    out = []
    for char in text:
        if char in _ESCAPES:
            out.append(_ESCAPES[char])
        elif char.isprintable():
            out.append(char)
        elif ord(char) < 0x80:
            out.append(f"\\x{ord(char):02x}")
        else:
            out.append(f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}")
    return '"' + "".join(out) + '"'


def number(value: float) -> str:
    """A float as Go's `%v` prints it: the shortest digits, an exponent only below 1e-4 and from 1e21 on."""
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    if "e" in text and 1e-4 <= abs(value) < 1e21:
        return f"{value:f}"
    return text


def shown(value: Any) -> str:
    """A value as the server shows it in an error: strings quoted, numbers and booleans plain, the rest as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float):
        return number(value)
    return go_json(value)


class Struct(dict[str, Any]):
    """An object whose fields are shown in their own order, as Go shows a struct's; a plain dict is shown sorted."""


def go_json(value: Any) -> str:
    """JSON as Go's encoder writes it: sorted keys, no spaces, `<`, `>` and `&` escaped."""
    if isinstance(value, dict):
        items = value.items() if isinstance(value, Struct) else sorted(value.items())
        return "{" + ",".join(f"{go_json(key)}:{go_json(item)}" for key, item in items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(go_json(item) for item in value) + "]"
    if isinstance(value, float):
        return number(value)
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
