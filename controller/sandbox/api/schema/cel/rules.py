"""Rules (x-kubernetes-validations) on objects: which apply where, and what they say when they fail.

As in k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel. A rule that names oldSelf waits for a stored value to
compare with; one that does not passes over what did not change. Not played: the cost limits at run time, and rules
inside allOf.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from controller.sandbox.api.schema import errors
from controller.sandbox.api.schema.cel.evaluate import evaluate
from controller.sandbox.api.schema.cel.operators import NO_OVERLOAD, map_key
from controller.sandbox.api.schema.cel.parser import parse
from controller.sandbox.api.schema.cel.syntax import CelSyntaxError, Node, located, tokens
from controller.sandbox.api.schema.cel.values import NONE, CelError, Optional, to_cel
from controller.sandbox.api.schema.errors import FieldError
from controller.sandbox.api.schema.parts import Part, Parts

Schema = Mapping[str, Any]

_ABSENT: Any = object()
_ROOT = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "generateName": {"type": "string"}},
    },
}
_MISMATCH = "call arguments did not match a supported operator, function or macro signature"
_MESSAGE_LIMIT = 5 * 1024
_PART = re.compile(r"\.?([^.\[\]]+)|\['((?:[^'\\]|\\.)*)'\]")


@dataclass(frozen=True, slots=True)
class _Program:
    """A parsed expression; `uses_old` when it names oldSelf."""

    node: Node
    uses_old: bool


@lru_cache(maxsize=2048)
def _program(source: str) -> _Program:
    """Raises CelSyntaxError."""
    uses_old = any(token.kind == "ident" and token.value == "oldSelf" for token in tokens(source))
    return _Program(parse(source), uses_old)


_WITH_RULES = Parts(lambda schema: bool(schema.get("x-kubernetes-validations")))


def has_rules(schema: Schema) -> bool:
    """Whether a schema has rules anywhere."""
    return _WITH_RULES.of(schema) is not None


def check_rules(schema: Schema, obj: Any, old: Any = None, *, path: str = "") -> list[FieldError]:
    """What the rules of a schema refuse of a whole object; with `old`, the stored one, also the transition rules."""
    part = _WITH_RULES.of(schema)
    if part is None:
        return []
    before = _ABSENT if old is None else old
    return list(_visit(part, obj, before, path, root=True, same=before is not _ABSENT and obj == before))


def _visit(part: Part, value: Any, old: Any, path: str, *, root: bool = False, same: bool) -> Iterator[FieldError]:
    """`same`: the value, or the nearest one around it that has a stored counterpart, did not change."""
    if value is None:
        return
    if part.found:
        yield from _apply(part.schema, value, old, path, root=root, same=same)
    if isinstance(value, list) and part.items is not None:
        before = _stored(part.schema, old)
        keys = tuple(part.schema.get("x-kubernetes-list-map-keys", ()))
        for i, item in enumerate(value):
            other = before.get(map_key(item, keys), _ABSENT) if before else _ABSENT
            yield from _visit(part.items, item, other, f"{path}[{i}]", same=_same(item, other, same))
    elif isinstance(value, dict):
        for name, where, inner in part.members(value, path):
            item, other = value[name], old.get(name, _ABSENT) if isinstance(old, dict) else _ABSENT
            yield from _visit(inner, item, other, where, same=_same(item, other, same))


def _same(value: Any, other: Any, around: bool) -> bool:
    return around if other is _ABSENT else bool(value == other)


def _stored(schema: Schema, old: Any) -> dict[Any, Any]:
    """The stored list's entries by key; only lists of type map have counterparts."""
    if not isinstance(old, list) or schema.get("x-kubernetes-list-type") != "map":
        return {}
    keys = tuple(schema.get("x-kubernetes-list-map-keys", ()))
    return {map_key(item, keys): item for item in old}


def _apply(schema: Schema, value: Any, old: Any, path: str, *, root: bool, same: bool) -> Iterator[FieldError]:
    rules = schema["x-kubernetes-validations"]
    if root or schema.get("x-kubernetes-embedded-resource"):
        schema = {**schema, "properties": {**schema.get("properties", {}), **_ROOT}}
    kind, at = str(schema.get("type", "")), path or "<nil>"
    scope = {"self": to_cel(value, schema)}
    for rule in rules:
        source = str(rule.get("rule", "")).strip()
        if not source:
            continue
        try:
            program = _program(source)
        except CelSyntaxError as bad:
            text = f"rule compile error: compilation failed: {located(source, bad.message, bad.place)}"
            yield errors.invalid(at, kind, text)
            continue
        if program.uses_old:
            optional = bool(rule.get("optionalOldSelf"))
            stored = None if old is _ABSENT or old is None else to_cel(old, schema)
            if stored is None and not optional:
                continue
            inner = scope | {"oldSelf": _optional(stored) if optional else stored}
        else:
            inner = scope
        yield from _judge(rule, program, inner, kind, path, passed_over=same and not program.uses_old)


def _optional(stored: Any) -> Optional:
    return NONE if stored is None else Optional(stored, True)


def _judge(
    rule: Mapping[str, Any], program: _Program, scope: dict[str, Any], kind: str, path: str, *, passed_over: bool
) -> Iterator[FieldError]:
    shown = str(rule.get("message") or rule["rule"]).strip()
    try:
        if evaluate(program.node, scope) is True:
            return
    except CelError as error:
        text = f"{error} evaluating rule: {shown}"
        if str(error).startswith(NO_OVERLOAD):
            text = f"'{error}': {_MISMATCH} for rule: {shown}"
        yield errors.invalid(path or "<nil>", kind, text)
        return
    if not passed_over:
        yield _failure(rule, scope, kind, path)


def _failure(rule: Mapping[str, Any], scope: dict[str, Any], kind: str, path: str) -> FieldError:
    text = _message(rule, scope)
    where = field_path(str(rule.get("fieldPath") or ""))
    at = errors.child(path, where) if where else path or "<nil>"
    reason = rule.get("reason") or errors.INVALID
    if reason == errors.FORBIDDEN:
        return errors.forbidden(at, text)
    if reason == errors.REQUIRED:
        return errors.required(at, text)
    return errors.duplicate(at, kind) if reason == errors.DUPLICATE else errors.invalid(at, kind, text)


def _message(rule: Mapping[str, Any], scope: dict[str, Any]) -> str:
    """The messageExpression's text where it gives one line, else the message, else the rule itself."""
    source = str(rule.get("messageExpression") or "").strip()
    if source:
        try:
            text = evaluate(_program(source).node, scope)
        except (CelError, CelSyntaxError):
            text = ""
        if isinstance(text, str) and text.strip() and "\n" not in text.strip() and len(text) <= _MESSAGE_LIMIT:
            return text.strip()
    message = str(rule.get("message") or "").strip()
    return message or f"failed rule: {str(rule['rule']).strip()}"


def field_path(text: str) -> str:
    """A rule's fieldPath (`.spec.x`, `['a b']`) as errors show it."""
    return ".".join(name or bracketed.replace("\\'", "'") for name, bracketed in _PART.findall(text))
