"""What an expression may cost at most, in cel-go's units, before any object is seen.

A port of the rules of github.com/google/cel-go/checker/cost.go and k8s.io/apiserver/pkg/cel/library/cost.go for upper
bounds. Comprehensions with two variables are priced like those with one.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from controller.sandbox.api.schema.cel.checker import Checked
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
from controller.sandbox.api.schema.cel.types import SCALARS, Type

UNLIMITED = 2**64 - 1
_TRAVERSAL = 0.1  # per character of a string that is read
_REGEX = 0.25  # per character of an expression that is applied
_LIST, _MAP = 10, 30
_FORMAT_PATTERN = 128
_ROUNDS = {"all": (2, 1, 1), "exists": (3, 1, 1), "exists_one": (0, 2, 2), "map": (0, 12, 1), "filter": (0, 13, 1)}
_CONSTANT = frozenset(
    (
        *("sign", "asInteger", "isInteger", "asApproximateFloat", "isGreaterThan", "isLessThan", "compareTo", "add"),
        *("sub", "major", "minor", "patch", "getScheme", "getHostname", "getHost", "getPort", "getEscapedPath"),
        *("getQuery", "masked", "prefixLength", "family", "isUnspecified", "isLoopback", "isLinkLocalMulticast"),
        *("isLinkLocalUnicast", "isGlobalUnicast", "format.named"),
    )
)
_PARSING = frozenset(("cidr", "isIP", "isCIDR", "ip", "quantity", "isQuantity", "semver", "isSemver", "url"))
_COMPARING = frozenset(("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"))


class Size(NamedTuple):
    """The fewest and the most elements or characters of a value."""

    low: int
    high: int

    def plus(self, other: Size) -> Size:
        return Size(_sum(self.low, other.low), _sum(self.high, other.high))

    def times(self, other: Size) -> Size:
        return Size(_product(self.low, other.low), _product(self.high, other.high))

    def union(self, other: Size) -> Size:
        return Size(min(self.low, other.low), max(self.high, other.high))


UNKNOWN = Size(0, UNLIMITED)
ONE = Size(1, 1)


def _sum(*costs: int) -> int:
    return min(sum(costs), UNLIMITED)


def _product(one: int, two: int) -> int:
    return min(one * two, UNLIMITED)


def _share(amount: int, factor: float) -> int:
    """An amount times a factor, rounded up."""
    return UNLIMITED if amount * factor >= UNLIMITED else math.ceil(amount * factor)


def most(node: Node, checked: Checked, root: Type) -> int:
    """The upper bound of an expression's cost; `root` is the type of self. UNLIMITED where nothing bounds it."""
    return _Estimate(checked, root).cost(node)


class _Estimate:
    def __init__(self, checked: Checked, root: Type) -> None:
        self.checked = checked
        self.root = root
        self.sizes: dict[int, Size] = {}
        self.loose: set[str] = set()  # variables over what is not in the schema

    def size(self, node: Node) -> Size:
        known = self.size_or_none(node)
        return UNKNOWN if known is None else known

    def size_or_none(self, node: Node) -> Size | None:
        if id(node) in self.sizes:
            return self.sizes[id(node)]
        if isinstance(node, Literal):
            length = len(node.value) if node.kind in ("string", "bytes") else 1
            return Size(length, length)
        if isinstance(node, ListNode):
            return Size(len(node.items), len(node.items))
        if isinstance(node, MapNode):
            return Size(len(node.entries), len(node.entries))
        kind = self.checked.of(node)
        if isinstance(node, Ident) and (node.name in self.loose or kind.kind == "type"):
            return Size(0, self.root.size or 0)  # as the server, which takes such a name for self
        if isinstance(node, Call) and node.function == "_[_]" and not self.from_schema(node.args[0]):
            return Size(0, self.root.size or 0)
        if self.from_schema(node) and kind.size is not None:
            return Size(0, kind.size)
        return ONE if kind.kind in SCALARS else None

    def from_schema(self, node: Node) -> bool:
        """Whether a value is read from the object, so that the schema bounds it."""
        if isinstance(node, Select):
            operand = self.checked.types.get(id(node.operand))
            named = operand is None or operand.kind != "map"  # the schema names no keys of a map
            return named and not node.test and self.from_schema(node.operand)
        if isinstance(node, Call):
            return node.function in ("_[_]",) and self.from_schema(node.args[0])
        return isinstance(node, Ident)

    def cost(self, node: Node) -> int:
        match node:
            case Literal():
                return 0
            case Ident():
                return 1
            case Select():
                return self._select(node)
            case ListNode():
                return _sum(_LIST, *(self.cost(item) for item in node.items))
            case MapNode():
                return _sum(_MAP, *(self.cost(part) for entry in node.entries for part in entry))
            case Comprehension():
                return self._comprehension(node)
            case Call():
                return self._call(node)
        return 0

    def _select(self, node: Select) -> int:
        operand = self.cost(node.operand)
        if node.test:
            return operand
        if node.optional:
            return _sum(operand, 1)
        kind = self.checked.types.get(id(node.operand))
        return _sum(operand, 1 if kind is not None and kind.kind in ("map", "object") else 0)

    def _comprehension(self, node: Comprehension) -> int:
        over = self.cost(node.range)
        if node.macro in ("optMap", "optFlatMap"):
            return _sum(over, over, 13 if node.macro == "optMap" else 12, self.cost(node.body))
        if not self.from_schema(node.range):
            self.loose |= set(node.names)
        condition, step, result = _ROUNDS[node.macro]
        once = _sum(condition, step, self.cost(node.body))
        if node.where is not None:
            once = _sum(once, self.cost(node.where))
        self.loose -= set(node.names)
        rounds = self.size(node.range)
        start = _LIST if node.macro in ("map", "filter") else 0
        self.sizes[id(node)] = rounds if start else ONE
        return _sum(over, start, result, _product(rounds.high, once))

    def _call(self, node: Call) -> int:
        args = [self.cost(arg) for arg in node.args]
        target = 0
        forms = self.checked.forms.get(id(node), [])
        method = bool(forms) and forms[0].method
        if node.target is not None and method:
            target = self.cost(node.target)
        if node.function == "dyn":
            known = self.size_or_none(node.args[0])
            if known is not None:
                self.sizes[id(node)] = known
            return _sum(1, *args)
        if node.function in ("_&&_", "_||_"):
            return _sum(*args)
        if node.function == "_?_:_":
            self._keep(node, self.size(node.args[1]).union(self.size(node.args[2])))
            return _sum(args[0], max(args[1], args[2]))
        name = forms[0].name if forms else node.function
        own, size = self._function(node, name)
        self._keep(node, size if size is not None else self.size_or_none(node))
        return _sum(target, own, *args)

    def _keep(self, node: Node, size: Size | None) -> None:
        if size is not None:
            self.sizes[id(node)] = size

    def _function(self, node: Call, name: str) -> tuple[int, Size | None]:
        """A call's own cost, and its result's size where it is known."""
        if name in _CONSTANT:
            return 1, None
        first = [self.size(arg) for arg in node.args]
        if name in _PARSING and first and not (name == "ip" and node.target is not None):
            return _share(first[0].high, _TRAVERSAL), first[0] if name == "url" else None
        if name == "ip.isCanonical":
            return _share(first[0].high, 2 * _TRAVERSAL), None
        if name in _COMPARING:
            return self._comparison(node, name), None
        if name == "_+_":
            return self._addition(node, first)
        if name == "@in" and self.checked.of(node.args[1]).kind != "map":
            return first[1].high, None
        if name.startswith("sets."):
            factor = 2 if name == "sets.equivalent" else 1
            return _sum(1, _product(_product(first[0].high, first[1].high), factor)), None
        if name in ("bytes", "string") and self.checked.of(node.args[0]).kind in ("string", "bytes"):
            return self._conversion(name, node, first[0])
        if node.target is not None and self.checked.forms[id(node)][0].method:
            return self._method(node, name, self.size(node.target), first)
        if name == "matches":
            return _pattern(first[0], first[1]), None
        return 1, None

    def _conversion(self, name: str, node: Call, size: Size) -> tuple[int, Size | None]:
        if self.checked.of(node.args[0]).kind == name:
            return 1, None
        high = _product(size.high, 4) if name == "bytes" else size.high
        return _share(size.high, _TRAVERSAL), Size(size.low if name == "bytes" else size.low // 4, high)

    def _comparison(self, node: Call, name: str) -> int:
        kinds = [self.checked.of(arg).kind for arg in node.args]
        texts = any(form.params[0].kind in ("string", "bytes") for form in self.checked.forms.get(id(node), ()))
        if name not in ("_==_", "_!=_") and not texts:
            return 1
        if kinds[0] in ("ip", "cidr", "quantity", "semver"):
            return 1
        sizes = [self.size(arg) for arg in node.args]
        return _share(min(sizes[0].high, sizes[1].high), _TRAVERSAL)

    def _addition(self, node: Call, sizes: list[Size]) -> tuple[int, Size | None]:
        kind = self.checked.of(node).kind
        if kind == "list":
            return 1, sizes[0].plus(sizes[1])
        if kind in ("string", "bytes"):
            total = sizes[0].plus(sizes[1])
            return _share(total.high, _TRAVERSAL), total
        return 1, None

    def _method(self, node: Call, name: str, target: Size, args: list[Size]) -> tuple[int, Size | None]:
        if name in ("startsWith", "endsWith"):
            return _share(args[0].high, _TRAVERSAL), None
        if name in ("matches", "find", "findAll"):
            return _pattern(target, args[0]), None if name == "matches" else Size(0, target.high)
        if name == "contains":
            return _product(_share(target.high, _TRAVERSAL), _share(args[0].high, _TRAVERSAL)), None
        if name in ("replace", "split", "join"):
            return self._rebuilt(node, name, target, args)
        if name in ("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"):
            return self._search(node, target), None
        if name in ("lowerAscii", "upperAscii", "substring", "trim"):
            return _share(target.high, _TRAVERSAL), target
        if name == "format":
            return _share(target.high, _TRAVERSAL), None
        if name == "validate":
            return _share(_share(args[0].high, _TRAVERSAL), _FORMAT_PATTERN * _REGEX), None
        if name in ("containsIP", "containsCIDR"):
            extra = _share(args[0].high, _TRAVERSAL) if self.checked.of(node.args[0]).kind == "string" else 0
            return _sum(4 if name == "containsIP" else 7, extra), None
        return 1, None

    def _rebuilt(self, node: Call, name: str, target: Size, args: list[Size]) -> tuple[int, Size | None]:
        if name == "replace":
            return _share(target.high, 2 * _TRAVERSAL), _replaced(target, args[0], args[1])
        if name == "split":
            return _share(target.high, 2 * _TRAVERSAL), self._parts(node, target)
        size = self._joined(node, target, args)
        return _share(size.high, _TRAVERSAL), size

    def _element(self, node: Node) -> Size:
        """The size of a list's elements."""
        element = self.checked.of(node).element
        return Size(0, element.size) if self.from_schema(node) and element.size is not None else UNKNOWN

    def _search(self, node: Call, target: Size) -> int:
        if node.target is None or self.checked.of(node.target).kind != "list":
            return _share(target.high, _TRAVERSAL)
        once = 1
        if self.checked.of(node.target).element.kind in ("string", "bytes"):
            once = _sum(1, _share(self._element(node.target).high, _TRAVERSAL))
        return _product(target.high, once)

    def _parts(self, node: Call, target: Size) -> Size:
        limit = node.args[1] if len(node.args) > 1 else None
        if isinstance(limit, Literal) and limit.kind == "int":
            return Size(0, limit.value if limit.value >= 0 else UNLIMITED)
        return Size(0, target.high)

    def _joined(self, node: Call, target: Size, args: list[Size]) -> Size:
        size = target.times(self._element(node.target)) if node.target is not None else UNKNOWN
        if args:
            gaps = Size(max(0, target.low - 1), max(0, target.high - 1))
            size = size.plus(args[0].times(gaps))
        return size


def _pattern(text: Size, expression: Size) -> int:
    return _product(_share(_sum(text.high, 1), _TRAVERSAL), _share(expression.high, _REGEX))


def _replaced(text: Size, old: Size, new: Size) -> Size:
    """The size after replacing: at most as often as the shortest `old` fits, each time by the longest `new`."""
    if old.low == 0:
        high = _sum(_product(_sum(text.high, 1), new.high), text.high)
    elif new.high <= old.low:
        high = text.high
    else:
        high = _product(math.ceil(text.high / old.low), new.high)
    if old.high == 0:
        low = _sum(_product(_sum(text.low, 1), new.low), text.low)
    elif old.high <= new.low:
        low = text.low
    else:
        low = _product(math.ceil(text.low / old.high), new.low)
    return Size(low, high)
