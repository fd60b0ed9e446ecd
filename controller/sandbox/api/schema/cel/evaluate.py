"""Evaluating a parsed expression. && and || take an error on one side when the other side decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from controller.sandbox.api.schema.cel import functions, network
from controller.sandbox.api.schema.cel.checker import TYPE_NAMES
from controller.sandbox.api.schema.cel.operators import BINARY, NO_OVERLOAD, index, negate
from controller.sandbox.api.schema.cel.syntax import (
    Call,
    Comprehension,
    Ident,
    ListNode,
    Literal,
    MapNode,
    Node,
    Select,
)
from controller.sandbox.api.schema.cel.values import NONE, CelError, Optional, TypeValue, Uint

FUNCTIONS = functions.FUNCTIONS | network.FUNCTIONS

Scope = dict[str, Any]

_DOTTED_TYPES = frozenset(name for name in TYPE_NAMES if "." in name)
_DOTTED_TYPES |= {"google.protobuf.Duration", "google.protobuf.Timestamp"}
_LAST_WORDS = frozenset(name.rpartition(".")[2] for name in _DOTTED_TYPES)


def evaluate(node: Node, scope: Scope) -> Any:
    """The value of an expression with these variables. Raises CelError."""
    return _BY_NODE[type(node)](node, scope)


def _literal(node: Literal, scope: Scope) -> Any:
    return Uint(node.value) if node.kind == "uint" else node.value


def _ident(node: Ident, scope: Scope) -> Any:
    if node.name in scope:
        return scope[node.name]
    if node.name in TYPE_NAMES:
        return TypeValue(node.name)
    raise CelError(f"undeclared reference to '{node.name}'")


def _list(node: ListNode, scope: Scope) -> list[Any]:
    return [evaluate(item, scope) for item in node.items]


def _map(node: MapNode, scope: Scope) -> dict[Any, Any]:
    return {evaluate(key, scope): evaluate(value, scope) for key, value in node.entries}


def _select(node: Select, scope: Scope) -> Any:
    if node.name in _LAST_WORDS and (dotted := _dotted(node)) in _DOTTED_TYPES:
        return TypeValue(dotted)
    operand = evaluate(node.operand, scope)
    if isinstance(operand, Optional):
        if node.test:
            return operand.present and _has(operand.value, node.name)
        return _optional_field(operand.value, node.name) if operand.present else NONE
    if node.test:
        return _has(operand, node.name)
    if node.optional:
        return _optional_field(operand, node.name)
    if not isinstance(operand, dict):
        raise CelError(NO_OVERLOAD)
    if node.name not in operand:
        raise CelError(f"no such key: {node.name}")
    return operand[node.name]


def _has(operand: Any, name: str) -> bool:
    if not isinstance(operand, dict):
        raise CelError(NO_OVERLOAD)
    return name in operand


def _optional_field(operand: Any, name: Any) -> Optional:
    try:
        return Optional(index(operand, name), True)
    except CelError:
        return NONE


def _dotted(node: Node) -> str:
    if isinstance(node, Ident):
        return node.name
    if isinstance(node, Select) and not node.test and not node.optional:
        before = _dotted(node.operand)
        return f"{before}.{node.name}" if before else ""
    return ""


def _call(node: Call, scope: Scope) -> Any:
    name = node.function
    if name in ("_&&_", "_||_"):
        return _logic(node, scope, decides=name == "_||_")
    if name == "_?_:_":
        condition = evaluate(node.args[0], scope)
        if not isinstance(condition, bool):
            raise CelError(NO_OVERLOAD)
        return evaluate(node.args[1 if condition else 2], scope)
    args = [evaluate(arg, scope) for arg in node.args]
    if name in BINARY:
        return BINARY[name](*args)
    if name in ("_[_]", "_[?_]"):
        return _index(args[0], args[1], optional=name == "_[?_]")
    if name == "!_":
        if not isinstance(args[0], bool):
            raise CelError(NO_OVERLOAD)
        return not args[0]
    if name == "-_":
        return negate(args[0])
    if node.target is not None:
        root = _dotted(node.target)
        if root and root.partition(".")[0] not in scope and f"{root}.{name}" in FUNCTIONS:
            name = f"{root}.{name}"
        else:
            args.insert(0, evaluate(node.target, scope))
    return _apply(name, args)


def _apply(name: str, args: list[Any]) -> Any:
    function = FUNCTIONS.get(name)
    if function is None:
        raise CelError(f"undeclared reference to '{name}'")
    try:
        return function(*args)
    except (TypeError, AttributeError):  # a value of type dyn turned out to be of another type
        raise CelError(f"{NO_OVERLOAD}: {name}") from None


def _index(container: Any, key: Any, *, optional: bool) -> Any:
    if isinstance(container, Optional):
        return _optional_field(container.value, key) if container.present else NONE
    return _optional_field(container, key) if optional else index(container, key)


def _logic(node: Call, scope: Scope, *, decides: bool) -> bool:
    """`decides`: the value that settles the whole, true for || and false for &&."""
    failure: CelError | None = None
    for arg in node.args:
        try:
            value = evaluate(arg, scope)
        except CelError as error:
            failure = failure or error
            continue
        if not isinstance(value, bool):
            failure = failure or CelError(NO_OVERLOAD)
        elif value == decides:
            return decides
    if failure is not None:
        raise failure
    return not decides


def _scopes(node: Comprehension, over: Any, scope: Scope) -> Iterator[Scope]:
    """The variables of each round."""
    if isinstance(over, dict):
        pairs: Any = over.items()
    elif isinstance(over, list):
        pairs = enumerate(over)
    else:
        raise CelError(NO_OVERLOAD)
    for key, value in pairs:
        if len(node.names) == 2:
            yield scope | {node.names[0]: key, node.names[1]: value}
        else:
            yield scope | {node.names[0]: key if isinstance(over, dict) else value}


def _comprehension(node: Comprehension, scope: Scope) -> Any:
    over = evaluate(node.range, scope)
    if node.macro in ("optMap", "optFlatMap"):
        if not over.present:
            return NONE
        value = evaluate(node.body, scope | {node.names[0]: over.value})
        return value if node.macro == "optFlatMap" else Optional(value, True)
    rounds = _scopes(node, over, scope)
    if node.macro in ("all", "exists"):
        return _search(node, rounds, decides=node.macro == "exists")
    if node.macro == "exists_one":
        return sum(_truth(node.body, inner) for inner in rounds) == 1
    if node.macro == "filter":
        return [inner[node.names[0]] for inner in rounds if _truth(node.body, inner)]
    return [evaluate(node.body, inner) for inner in rounds if node.where is None or _truth(node.where, inner)]


def _truth(node: Node, scope: Scope) -> bool:
    value = evaluate(node, scope)
    if not isinstance(value, bool):
        raise CelError(NO_OVERLOAD)
    return value


def _search(node: Comprehension, rounds: Iterator[Scope], *, decides: bool) -> bool:
    failure: CelError | None = None
    for inner in rounds:
        try:
            if _truth(node.body, inner) == decides:
                return decides
        except CelError as error:
            failure = error
    if failure is not None:
        raise failure
    return not decides


_BY_NODE: dict[type[Node], Callable[[Any, Scope], Any]] = {
    Literal: _literal,
    Ident: _ident,
    Select: _select,
    Call: _call,
    ListNode: _list,
    MapNode: _map,
    Comprehension: _comprehension,
}
