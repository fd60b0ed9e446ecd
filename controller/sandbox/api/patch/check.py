"""Whether an applied configuration fits its schema, said as the server's structured merge says it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.sandbox.api.patch import fields
from controller.sandbox.api.patch.errors import PatchError
from controller.sandbox.api.patch.go_text import go_text
from controller.sandbox.api.patch.shape import UNKNOWN, Schema, element_of, item, list_keys, member


def check_applied(applied: dict[str, Any], schema: Schema) -> None:
    """Raises PatchError (500, as the server answers) for unknown fields, wrong types and doubled keys."""
    problems = list(_problems(applied, schema))
    if not problems:
        return
    metadata = applied.get("metadata") or {}
    version = applied["apiVersion"] if "/" in applied["apiVersion"] else f"/{applied['apiVersion']}"
    what = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}; {version}, Kind={applied['kind']}"
    text = problems[0] if len(problems) == 1 else "errors:\n" + "\n".join(f"  {problem}" for problem in problems)
    raise PatchError(500, "", f"failed to create typed patch object ({what}): {text}")


def _problems(value: Any, schema: Schema, path: str = "") -> Iterator[str]:
    if value is None or not schema:
        return
    where = f"{path}: " if path else ""
    kind = None if schema.get("x-kubernetes-int-or-string") else schema.get("type")
    if kind == "object":
        if isinstance(value, dict):
            yield from _member_problems(value, schema, path)
        else:
            yield f"{where}expected map, got &{{{go_text(value)}}}"
    elif kind == "array":
        if isinstance(value, list):
            yield from _item_problems(value, schema, path)
        else:
            yield f"{where}expected list, got &{{{go_text(value)}}}"
    elif kind is not None and (problem := _scalar_problem(value, kind, schema.get("format", ""))):
        yield where + problem


def _scalar_problem(value: Any, kind: str, form: str) -> str | None:
    if kind in ("integer", "number"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"expected numeric (int or float), got {'bool' if isinstance(value, bool) else go_text(type(value))}"
    elif kind == "boolean":
        if not isinstance(value, bool):
            return f"expected boolean, got &{{{go_text(value)}}}"
    elif kind == "string" and form in ("", "byte"):
        if not isinstance(value, str):
            shown = f"{go_text(type(value))}{{...}}" if isinstance(value, dict | list) else go_text(value)
            return f"expected string, got &value.valueUnstructured{{Value:{shown}}}"
    elif isinstance(value, dict | list):
        return f"expected any scalar, got &{{{go_text(value)}}}"
    return None


def _member_problems(value: dict[str, Any], schema: Schema, path: str) -> Iterator[str]:
    properties = schema.get("properties") or {}
    additional = schema.get("additionalProperties")
    open_ended = (
        bool(additional)
        or additional == {}
        or (additional is None and (not properties or schema.get("x-kubernetes-preserve-unknown-fields")))
    )
    for name, inner in value.items():
        here = path + fields.show(fields.field(name))
        if name in properties or open_ended:
            yield from _problems(inner, member(schema, name) or UNKNOWN, here)
        elif not (schema.get("x-kubernetes-embedded-resource") and name in ("apiVersion", "kind", "metadata")):
            yield f"{here}: field not declared in schema"


def _item_problems(value: list[Any], schema: Schema, path: str) -> Iterator[str]:
    seen = set()
    granular = list_keys(schema) is not None
    for position, entry in enumerate(value):
        element = fields.index(position)
        if granular:
            try:
                element = element_of(schema, entry)
            except ValueError as error:
                yield f"{path}: element {position}: {error}"
                return
            if element in seen:
                yield f"{path}: duplicate entries for key {fields.show(element)}"
            seen.add(element)
        yield from _problems(entry, item(schema), path + fields.show(element))
