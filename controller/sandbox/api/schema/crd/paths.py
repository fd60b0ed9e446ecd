"""The simple JSON paths of CRDs: of rules' fieldPath, selectable fields, columns and subresources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from controller.sandbox.api.schema import errors
from controller.sandbox.api.schema.errors import FieldError

Schema = Mapping[str, Any]

_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|[.\[\]]|[^.\[\]]+")


def find(schema: Schema, path: str, *, arrays: bool = True) -> Schema | str:
    """The schema that a path such as `.spec.x` or `['a b']` leads to, or a complaint; `arrays`: brackets are taken."""
    tokens = _TOKEN.findall(path)
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token not in (".", "["):
            return f"expected [ or . but got: {token}"
        if token == "[" and not arrays:
            return "array notation is not allowed"
        if at + 1 >= len(tokens):
            return "unexpected end of JSON path"
        name = tokens[at + 1]
        if token == "[":
            if len(name) < 2 or name[0] != "'" or name[-1] != "'":
                return f"expected single quoted string but got {name}"
            if at + 2 >= len(tokens):
                return "unexpected end of JSON path"
            if tokens[at + 2] != "]":
                return f"expected ] but got {tokens[at + 2]}"
            name = name[1:-1].replace("\\'", "'").replace("\\\\", "\\")
        below = _below(schema, name)
        if below is None:
            return "does not refer to a valid field"
        schema = below
        at += 3 if token == "[" else 2
    return schema


def _below(schema: Schema, name: str) -> Schema | None:
    if schema.get("properties") is not None:
        found: Schema | None = schema["properties"].get(name)
        return found
    extra = schema.get("additionalProperties")
    return extra if isinstance(extra, Mapping) else None


def check_simple(path: str, at: str) -> Iterator[FieldError]:
    """A path must start with a dot."""
    if not path.startswith("."):
        yield errors.invalid(at, path, "must be a simple json path starting with .")
