"""Values as the server's messages print them (Go's ``%v``)."""

from __future__ import annotations

from typing import Any

_TYPES = {dict: "map[string]interface {}", list: "[]interface {}", str: "string", int: "int64", float: "float64"}


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
