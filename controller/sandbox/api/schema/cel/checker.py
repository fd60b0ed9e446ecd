"""Type checking: what a rule refers to exists and its operators fit, before any object is judged.

The sentences are cel-go's. Only the first fault of an expression is told; a real server may tell several.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.sandbox.api.schema import formats, regexes
from controller.sandbox.api.schema.cel.declarations import Overload, overloads
from controller.sandbox.api.schema.cel.syntax import (
    Call,
    CelSyntaxError,
    Comprehension,
    Ident,
    ListNode,
    Literal,
    MapNode,
    Node,
    Select,
)
from controller.sandbox.api.schema.cel.types import BOOL, DYN, INT, Type, list_of, map_of
from controller.sandbox.api.schema.cel.values import CelError, timestamp

TYPE_NAMES = {
    **{name: name for name in ("int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type")},
    "net.IP": "ip",
    "net.CIDR": "cidr",
    "kubernetes.Quantity": "quantity",
}
_NULLABLE = frozenset(
    ("null_type", "duration", "timestamp", "object", "dyn", "optional_type", "quantity", "url", "type")
)
_NULLABLE |= {"ip", "cidr", "semver", "format"}

Bindings = dict[str, Type]


@dataclass
class Checked:
    """What checking found: the type of each node, the forms that each call may take, and the variables used."""

    types: dict[int, Type] = field(default_factory=dict)
    forms: dict[int, list[Overload]] = field(default_factory=dict)
    uses: set[str] = field(default_factory=set)

    def of(self, node: Node) -> Type:
        return self.types[id(node)]


def check(node: Node, variables: Bindings) -> Checked:
    """The types of an expression's parts. Raises CelSyntaxError."""
    checker = _Checker()
    checker.visit(node, variables)
    if checker.mixed is not None:
        raise checker.mixed
    return checker.found


class _Checker:
    def __init__(self) -> None:
        self.found = Checked()
        self.mixed: CelSyntaxError | None = None

    def visit(self, node: Node, scope: Bindings) -> Type:
        kind = self._type(node, scope)
        self.found.types[id(node)] = kind
        return kind

    def _type(self, node: Node, scope: Bindings) -> Type:
        match node:
            case Literal():
                return Type(node.kind)
            case Ident():
                return self._ident(node, scope)
            case Select():
                return self._select(node, scope)
            case Call():
                return self._call(node, scope)
            case ListNode():
                return list_of(self._joined(node.items, scope))
            case MapNode():
                keys = self._joined([key for key, _ in node.entries], scope)
                return map_of(keys, self._joined([value for _, value in node.entries], scope))
            case Comprehension():
                return self._comprehension(node, scope)
        raise CelSyntaxError("unsupported expression", node.place)

    def _ident(self, node: Ident, scope: Bindings) -> Type:
        if node.name in scope:
            self.found.uses.add(node.name)
            return scope[node.name]
        if node.name in TYPE_NAMES:
            return Type("type", (Type(TYPE_NAMES[node.name]),))
        raise CelSyntaxError(f"undeclared reference to '{node.name}' (in container '')", node.place)

    def _select(self, node: Select, scope: Bindings) -> Type:
        dotted = _dotted(node)
        if dotted in TYPE_NAMES and not node.test:
            return Type("type", (Type(TYPE_NAMES[dotted]),))
        operand = self.visit(node.operand, scope)
        optional = node.optional or operand.kind == "optional_type"
        if operand.kind == "optional_type":
            operand = operand.element
        found = self._field(operand, node)
        if node.test:
            return BOOL
        return Type("optional_type", (found,)) if optional else found

    def _field(self, operand: Type, node: Select) -> Type:
        if operand.kind == "map":
            return operand.element
        if operand.kind in ("dyn", "param"):
            return DYN
        if operand.kind != "object":
            raise CelSyntaxError(f"type '{operand}' does not support field selection", node.place)
        if node.name not in operand.fields:
            raise CelSyntaxError(f"undefined field '{node.name}'", node.place)
        return operand.fields[node.name]

    def _joined(self, nodes: list[Node], scope: Bindings) -> Type:
        """The one type of the elements of a list or map literal; where they mix, that is told unless worse is found."""
        joined: Type | None = None
        first: Type | None = None
        for node in nodes:
            kind = self.visit(node, scope)
            first = first or kind
            if joined is None or assignable(kind, joined, {}):
                joined = kind
            elif not assignable(joined, kind, {}):
                joined = DYN
                self.mixed = self.mixed or CelSyntaxError(f"expected type '{first}' but found '{kind}'", node.place)
        return joined or DYN

    def _call(self, node: Call, scope: Bindings) -> Type:
        name, args, method = node.function, node.args, node.target is not None
        if node.target is not None:
            qualified = f"{_dotted(node.target)}.{name}"
            if qualified in overloads() and _root(node.target) not in scope:
                name, method = qualified, False
        if name not in overloads():
            raise CelSyntaxError(f"undeclared reference to '{name}' (in container '')", node.place)
        target = [self.visit(node.target, scope)] if method and node.target is not None else []
        mixed = self.mixed
        given = target + [self.visit(arg, scope) for arg in args]
        if name == "format":  # what is formatted may mix
            self.mixed = mixed
        forms = []
        result: Type | None = None
        for form in overloads()[name]:
            bound: Bindings = {}
            if form.method != method or len(form.params) != len(given):
                continue
            if all(assignable(param, kind, bound) for param, kind in zip(form.params, given, strict=True)):
                forms.append(form)
                found = substituted(form.result, bound)
                result = found if result is None or str(result) == str(found) else DYN
        if result is None and name in ("_&&_", "_||_"):
            wrong = next(i for i, kind in enumerate(given) if not assignable(BOOL, kind, {}))
            raise CelSyntaxError(f"expected type 'bool' but found '{given[wrong]}'", args[wrong].place)
        if result is None:
            shown = ", ".join(str(kind) for kind in given[len(target) :])
            applied = f"{target[0]}.({shown})" if target else f"({shown})"
            raise CelSyntaxError(f"found no matching overload for '{name}' applied to '{applied}'", node.place)
        _check_literals(node, name)
        self.found.forms[id(node)] = forms
        return result

    def _comprehension(self, node: Comprehension, scope: Bindings) -> Type:
        over = self.visit(node.range, scope)
        if node.macro in ("optMap", "optFlatMap"):
            return self._optional_map(node, over, scope)
        inner = scope | self._variables(node, over)
        if node.where is not None:
            self._condition(node.where, inner)
        body = self.visit(node.body, inner)
        if node.macro == "map":
            return list_of(body)
        if not assignable(BOOL, body, {}):
            raise CelSyntaxError(f"expected type 'bool' but found '{body}'", node.body.place)
        if node.macro == "filter":
            return list_of(inner[node.names[0]])
        return BOOL

    def _condition(self, node: Node, scope: Bindings) -> None:
        kind = self.visit(node, scope)
        if not assignable(BOOL, kind, {}):
            raise CelSyntaxError(f"expected type 'bool' but found '{kind}'", node.place)

    def _variables(self, node: Comprehension, over: Type) -> Bindings:
        if over.kind == "list":
            kinds: tuple[Type, ...] = (INT, over.element) if len(node.names) == 2 else (over.element,)
        elif over.kind == "map":
            kinds = over.params if len(node.names) == 2 else over.params[:1]
        elif over.kind == "dyn":
            kinds = (DYN,) * len(node.names)
        else:
            text = f"expression of type '{over}' cannot be range of a comprehension (must be list, map, or dynamic)"
            raise CelSyntaxError(text, node.range.place)
        return dict(zip(node.names, kinds, strict=True))

    def _optional_map(self, node: Comprehension, over: Type, scope: Bindings) -> Type:
        if over.kind not in ("optional_type", "dyn"):
            text = f"found no matching overload for '{node.macro}' applied to '{over}.(dyn)'"
            raise CelSyntaxError(text, node.place)
        body = self.visit(node.body, scope | {node.names[0]: over.element})
        return body if node.macro == "optFlatMap" else Type("optional_type", (body,))


def _check_literals(node: Call, name: str) -> None:
    """Patterns, durations and times that are written out must be right. Raises CelSyntaxError."""
    if name not in ("matches", "duration", "timestamp") or not node.args:
        return
    literal = node.args[-1]
    if not isinstance(literal, Literal) or not isinstance(literal.value, str):
        return
    try:
        if name == "matches":
            regexes.compiled(literal.value)
        elif name == "duration" and formats.duration_nanoseconds(literal.value) is None:
            raise ValueError
        elif name == "timestamp":
            timestamp(literal.value)
    except (ValueError, CelError):
        raise CelSyntaxError(f"invalid {name} argument", literal.place) from None


def _dotted(node: Node) -> str:
    """`a.b` for a chain of plain names, else an empty string."""
    if isinstance(node, Ident):
        return node.name
    if isinstance(node, Select) and not node.test and not node.optional:
        before = _dotted(node.operand)
        return f"{before}.{node.name}" if before else ""
    return ""


def _root(node: Node) -> str:
    return _dotted(node).partition(".")[0]


def assignable(param: Type, given: Type, bound: Bindings) -> bool:
    """Whether a value of type `given` may stand where `param` is wanted; parameters are bound on the way."""
    if param.kind.startswith("param:"):
        if param.kind not in bound:
            bound[param.kind] = given
            return True
        if assignable(bound[param.kind], given, bound):
            return True
        if assignable(given, bound[param.kind], bound):
            bound[param.kind] = given
            return True
        return False
    if param.kind == "dyn" or given.kind == "dyn":
        return True
    if given.kind == "null_type":
        return param.kind in _NULLABLE
    if param.kind != given.kind:
        return False
    if param.kind == "object":
        return param is given or set(param.fields) == set(given.fields)
    if not param.params or not given.params or param.kind == "type":
        return True
    return all(assignable(one, two, bound) for one, two in zip(param.params, given.params, strict=True))


def substituted(kind: Type, bound: Bindings) -> Type:
    """The type with its parameters replaced by what they were bound to."""
    if kind.kind.startswith("param:"):
        return bound.get(kind.kind, DYN)
    if not kind.params:
        return kind
    return Type(kind.kind, tuple(substituted(param, bound) for param in kind.params))


__all__ = ["Checked", "assignable", "check", "substituted"]
