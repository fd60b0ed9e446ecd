"""Rules when a CRD is posted: each compiles against its schema, gives a bool, and stays within the cost limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.sandbox.api.schema import errors
from controller.sandbox.api.schema.cel.checker import Checked, check
from controller.sandbox.api.schema.cel.cost import UNLIMITED, most
from controller.sandbox.api.schema.cel.parser import parse
from controller.sandbox.api.schema.cel.syntax import CelSyntaxError, Node, located
from controller.sandbox.api.schema.cel.types import MAX_REQUEST, Type, declared
from controller.sandbox.api.schema.errors import FieldError

Schema = Mapping[str, Any]

RULE_LIMIT = 10_000_000
SCHEMA_LIMIT = 100_000_000
_HINT = (
    "try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are "
    "declared"
)


@dataclass
class Budget:
    """The cost of all rules of one schema, and the dearest of them by path."""

    total: int = 0
    dearest: list[tuple[int, str]] = field(default_factory=list)

    def observe(self, path: str, cost: int) -> None:
        self.total = min(self.total + cost, UNLIMITED)
        if cost >= SCHEMA_LIMIT // 100:
            self.dearest = sorted([*self.dearest, (cost, path)], key=lambda entry: -entry[0])[:4]

    def check(self, path: str) -> Iterator[FieldError]:
        """The errors for a schema whose rules cost too much together."""
        if self.total > SCHEMA_LIMIT:
            for _, rule in self.dearest:
                text = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
                yield errors.forbidden(rule, text)
            name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
            yield errors.forbidden(path, _excess(name, self.total, SCHEMA_LIMIT))


@dataclass(frozen=True)
class Place:
    """Where a schema stands: `count` is how often its values can occur at most, None where nothing bounds that.

    `fixed_at` is the nearest part above whose old and new entries cannot be told apart, so oldSelf is not to be had.
    """

    budget: Budget
    count: int | None = 1
    root: bool = True
    fixed_at: str = ""

    def below(self, schema: Schema, *, fixed_at: str = "") -> Place:
        """The place of a part of `schema`; `fixed_at` if its entries cannot be correlated."""
        bound = _elements(schema)
        count = None if self.count is None or bound is None else min(self.count * bound, UNLIMITED)
        return Place(self.budget, count, root=False, fixed_at=self.fixed_at or fixed_at)


def _elements(schema: Schema) -> int | None:
    if schema.get("type") == "object" and schema.get("additionalProperties") is not None:
        return max(0, schema["maxProperties"]) if "maxProperties" in schema else None
    if schema.get("type") == "array":
        return max(0, schema["maxItems"]) if "maxItems" in schema else None
    return 1


def check_rules(schema: Schema, place: Place, path: str) -> Iterator[FieldError]:
    """What is wrong with the rules of one schema, whose form is right."""
    at = f"{path}.x-kubernetes-validations"
    kind = declared(schema, root=place.root or bool(schema.get("x-kubernetes-embedded-resource")))
    if kind is None:
        reason = "unable to convert structural schema to CEL declarations"
        text = f"internal error: failed to construct type information for x-kubernetes-validations rules: {reason}"
        yield errors.internal(at, text)
        return
    for i, rule in enumerate(schema["x-kubernetes-validations"]):
        if str(rule.get("rule", "")).strip():
            yield from _check_rule(rule, kind, place, f"{at}[{i}]")


def _check_rule(rule: Mapping[str, Any], kind: Type, place: Place, path: str) -> Iterator[FieldError]:
    old = Type("optional_type", (kind,)) if rule.get("optionalOldSelf") else kind
    variables = {"self": kind, "oldSelf": old}
    try:
        node, checked = _compiled(str(rule["rule"]), variables, "bool", "cel expression must evaluate to a bool")
    except _Refused as refused:
        yield errors.invalid(f"{path}.rule", _internal(rule), refused.text("compilation failed: "))
        return
    times = place.count if place.count is not None else MAX_REQUEST // (kind.serialized + 1)
    yield from _price(
        f"{path}.rule", "estimated rule cost", min(most(node, checked, kind) * times, UNLIMITED), place.budget
    )
    source = str(rule.get("messageExpression") or "")
    if source:
        yield from _check_message(rule, source, variables, kind, place, f"{path}.messageExpression")
    if "oldSelf" in checked.uses:
        if place.fixed_at:
            text = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {place.fixed_at}"
            yield errors.invalid(f"{path}.rule", rule["rule"], text)
    elif rule.get("optionalOldSelf") is not None:
        text = "may not be set if oldSelf is not used in rule"
        yield errors.invalid(f"{path}.optionalOldSelf", rule["optionalOldSelf"], text)


def _check_message(
    rule: Mapping[str, Any], source: str, variables: dict[str, Type], kind: Type, place: Place, path: str
) -> Iterator[FieldError]:
    try:
        node, checked = _compiled(source, variables, "string", "messageExpression must evaluate to a string")
    except _Refused as refused:
        text = refused.text("messageExpression compilation failed: ")
        yield errors.invalid(path, _internal(rule), text)
        return
    yield from _price(path, "estimated messageExpression cost", most(node, checked, kind), place.budget)


class _Refused(Exception):
    """An expression that does not compile."""

    def __init__(self, message: str, *, plain: bool = False) -> None:
        super().__init__(message)
        self.message, self.plain = message, plain

    def text(self, prefix: str) -> str:
        return self.message if self.plain else prefix + self.message


def _compiled(source: str, variables: dict[str, Type], wanted: str, otherwise: str) -> tuple[Node, Checked]:
    """Raises _Refused."""
    try:
        node = parse(source)
        checked = check(node, variables)
    except CelSyntaxError as bad:
        raise _Refused(located(source, bad.message, bad.place)) from None
    if checked.of(node).kind != wanted:
        raise _Refused(otherwise, plain=True)
    return node, checked


def _price(path: str, name: str, cost: int, budget: Budget) -> Iterator[FieldError]:
    if cost > RULE_LIMIT:
        yield errors.forbidden(path, _excess(name, cost, RULE_LIMIT))
    budget.observe(path, cost)


def _excess(name: str, cost: int, limit: int) -> str:
    factor = cost / limit
    shown = "more than 100x" if factor > 100 else f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x"
    return f"{name} exceeds budget by factor of {shown} ({_HINT})"


def _internal(rule: Mapping[str, Any]) -> errors.Struct:
    """The server shows its internal type here, whose fields have Go's names."""
    return errors.Struct(
        Rule=rule.get("rule", ""),
        Message=rule.get("message", ""),
        MessageExpression=rule.get("messageExpression", ""),
        Reason=rule.get("reason"),
        FieldPath=rule.get("fieldPath", ""),
        OptionalOldSelf=rule.get("optionalOldSelf"),
    )
