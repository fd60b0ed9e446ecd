"""Rules (x-kubernetes-validations) on objects: which apply where, and what they say when they fail.

As in k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel. A rule that names oldSelf waits for a stored value to
compare with; one that does not passes over what did not change. Not played: the cost limits at run time, and rules
inside allOf.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from controller.sandbox.api.schema import errors
from controller.sandbox.api.schema.cel.evaluate import evaluate
from controller.sandbox.api.schema.cel.operators import NO_OVERLOAD, map_key
from controller.sandbox.api.schema.cel.parser import parse
from controller.sandbox.api.schema.cel.syntax import CelSyntaxError, Node, located, tokens
from controller.sandbox.api.schema.cel.values import NONE, CelError, Optional, to_cel
from controller.sandbox.api.schema.errors import FieldError

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


@dataclass
class _Plan:
    """The rules of a schema and of what is below it; only the parts that have some."""

    schema: Schema
    rules: list[Mapping[str, Any]] = field(default_factory=list)
    properties: dict[str, _Plan] = field(default_factory=dict)
    extra: _Plan | None = None
    items: _Plan | None = None


_plans: dict[int, tuple[Schema, _Plan | None]] = {}
_PLANS_LIMIT = 1024


def has_rules(schema: Schema) -> bool:
    """Whether a schema has rules anywhere."""
    return _plan(schema) is not None


def _plan(schema: Schema) -> _Plan | None:
    """The plan of a whole schema, kept as long as the schema is in use; a schema may not change once it was used."""
    known = _plans.get(id(schema))
    if known is None or known[0] is not schema:
        if len(_plans) >= _PLANS_LIMIT:
            _plans.clear()
        known = _plans[id(schema)] = (schema, _planned(schema))
    return known[1]


def _planned(schema: Schema) -> _Plan | None:
    plan = _Plan(schema, list(schema.get("x-kubernetes-validations", ())))
    for name, inner in schema.get("properties", {}).items():
        below = _planned(inner)
        if below is not None:
            plan.properties[name] = below
    extra, items = schema.get("additionalProperties"), schema.get("items")
    plan.extra = _planned(extra) if isinstance(extra, Mapping) else None
    plan.items = _planned(items) if isinstance(items, Mapping) else None
    return plan if plan.rules or plan.properties or plan.extra or plan.items else None


def check_rules(schema: Schema, obj: Any, old: Any = None, *, path: str = "") -> list[FieldError]:
    """What the rules of a schema refuse of a whole object; with `old`, the stored one, also the transition rules."""
    plan = _plan(schema)
    if plan is None:
        return []
    before = _ABSENT if old is None else old
    return list(_visit(plan, obj, before, path, root=True, same=before is not _ABSENT and obj == before))


def _visit(plan: _Plan, value: Any, old: Any, path: str, *, root: bool = False, same: bool) -> Iterator[FieldError]:
    """`same`: the value, or the nearest one around it that has a stored counterpart, did not change."""
    if value is None:
        return
    if plan.rules:
        yield from _apply(plan, value, old, path, root=root, same=same)
    if isinstance(value, list) and plan.items is not None:
        before = _stored(plan.schema, old)
        keys = tuple(plan.schema.get("x-kubernetes-list-map-keys", ()))
        for i, item in enumerate(value):
            other = before.get(map_key(item, keys), _ABSENT) if before else _ABSENT
            yield from _visit(plan.items, item, other, f"{path}[{i}]", same=_same(item, other, same))
    elif isinstance(value, dict):
        for name, item in value.items():
            inner = plan.properties.get(name)
            where = errors.child(path, name)
            if inner is None:
                inner, where = plan.extra, f"{path}[{name}]"
            if inner is not None:
                other = old.get(name, _ABSENT) if isinstance(old, dict) else _ABSENT
                yield from _visit(inner, item, other, where, same=_same(item, other, same))


def _same(value: Any, other: Any, around: bool) -> bool:
    return around if other is _ABSENT else bool(value == other)


def _stored(schema: Schema, old: Any) -> dict[Any, Any]:
    """The stored list's entries by key; only lists of type map have counterparts."""
    if not isinstance(old, list) or schema.get("x-kubernetes-list-type") != "map":
        return {}
    keys = tuple(schema.get("x-kubernetes-list-map-keys", ()))
    return {map_key(item, keys): item for item in old}


def _apply(plan: _Plan, value: Any, old: Any, path: str, *, root: bool, same: bool) -> Iterator[FieldError]:
    schema: Schema = plan.schema
    if root or schema.get("x-kubernetes-embedded-resource"):
        schema = {**schema, "properties": {**schema.get("properties", {}), **_ROOT}}
    kind, at = str(schema.get("type", "")), path or "<nil>"
    scope = {"self": to_cel(value, schema)}
    stored = None if old is _ABSENT or old is None else to_cel(old, schema)
    for rule in plan.rules:
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
