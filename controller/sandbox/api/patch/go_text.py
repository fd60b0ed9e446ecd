"""Values as the server's messages print them (Go's ``%v``)."""

from __future__ import annotations

from typing import Any

_TYPES = {dict: "map[string]interface {}", list: "[]interface {}", str: "string", int: "int64", float: "float64"}


_JSON_TYPES = {dict: "object", list: "array", str: "string", bool: "bool", int: "number", float: "number"}


def cannot_unmarshal(value: Any, target: str) -> str:
    """What Go's JSON decoder says of ``value`` where it wants ``target`` (``value of type T``)."""
    return f"json: cannot unmarshal {_JSON_TYPES.get(type(value), 'null')} into Go {target}"


def go_text(value: Any) -> str:
    """A JSON value, or a Python type of one, in Go's notation: ``map[a:1 b:[x y]]``, ``<nil>``."""
    if isinstance(value, type):
        return _TYPES.get(value, value.__name__)
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{name}:{go_text(value[name])}" for name in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(go_text, value)) + "]"
    return str(value)
