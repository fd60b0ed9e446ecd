"""A recursive-descent parser for CEL, with the macros expanded to nodes of their own."""

from __future__ import annotations

from controller.sandbox.api.schema.cel.syntax import (
    RESERVED,
    Call,
    CelSyntaxError,
    Comprehension,
    Ident,
    ListNode,
    Literal,
    MapNode,
    Node,
    Select,
    Token,
    tokens,
)

_RELATIONS = {"<": "_<_", "<=": "_<=_", ">": "_>_", ">=": "_>=_", "==": "_==_", "!=": "_!=_", "in": "@in"}
_SUMS = {"+": "_+_", "-": "_-_"}
_PRODUCTS = {"*": "_*_", "/": "_/_", "%": "_%_"}
_CONSTANTS = {"true": ("bool", True), "false": ("bool", False), "null": ("null_type", None)}
_LITERALS = ("int", "uint", "double", "string", "bytes")
_MACROS = {"all": (2, 3), "exists": (2, 3), "exists_one": (2,), "existsOne": (3,), "map": (2, 3), "filter": (2,)}
_OPERANDS = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
)
_MAX_DEPTH = 60  # of brackets; a real server takes 250, Python's stack does not
_INT_LIMIT = 2**63


def parse(source: str) -> Node:
    """The syntax tree of an expression. Raises CelSyntaxError."""
    parser = _Parser(list(tokens(source)))
    node = parser.expression()
    parser.expect("end")
    return node


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.at = 0
        self.depth = 0

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def next(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def accept(self, kind: str) -> Token | None:
        return self.next() if self.now.kind == kind else None

    def expect(self, kind: str) -> Token:
        if self.now.kind != kind:
            raise self.unexpected(kind)
        return self.next()

    def unexpected(self, wanted: str) -> CelSyntaxError:
        """The error for the token that comes next instead of `wanted`."""
        token = self.now
        if token.kind == "end" and wanted in (")", "]"):
            return CelSyntaxError(f"Syntax error: missing '{wanted}' at '<EOF>'", token.place)
        shown = {"end": "<EOF>", "operand": _OPERANDS, "}": "{'}', ','}"}.get(wanted, f"'{wanted}'")
        return CelSyntaxError(f"Syntax error: mismatched input '{token.value}' expecting {shown}", token.place)

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise CelSyntaxError(f"expression recursion limit exceeded: {_MAX_DEPTH}", self.now.place)
        condition = self.alternation()
        question = self.accept("?")
        if question is not None:
            yes = self.alternation()
            self.expect(":")
            condition = Call(question.place, "_?_:_", None, [condition, yes, self.expression()])
        self.depth -= 1
        return condition

    def alternation(self) -> Node:
        terms, places = [self.conjunction()], []
        while token := self.accept("||"):
            places.append(token.place)
            terms.append(self.conjunction())
        return _balanced("_||_", terms, places)

    def conjunction(self) -> Node:
        terms, places = [self.relation()], []
        while token := self.accept("&&"):
            places.append(token.place)
            terms.append(self.relation())
        return _balanced("_&&_", terms, places)

    def relation(self) -> Node:
        left = self.sum()
        while True:
            token = self.now
            name = token.value if token.kind == "ident" else token.kind
            if name not in _RELATIONS:
                return left
            self.next()
            left = Call(token.place, _RELATIONS[name], None, [left, self.sum()])

    def sum(self) -> Node:
        left = self.product()
        while self.now.kind in _SUMS:
            token = self.next()
            left = Call(token.place, _SUMS[token.kind], None, [left, self.product()])
        return left

    def product(self) -> Node:
        left = self.unary()
        while self.now.kind in _PRODUCTS:
            token = self.next()
            left = Call(token.place, _PRODUCTS[token.kind], None, [left, self.unary()])
        return left

    def unary(self) -> Node:
        token = self.now
        if self.accept("!"):
            return Call(token.place, "!_", None, [self.unary()])
        if self.accept("-"):
            if self.now.kind in ("int", "double"):
                literal = self.next()
                number = Literal(token.place, literal.kind, -literal.value)
                return self.members(_checked(number))
            return Call(token.place, "-_", None, [self.unary()])
        return self.members(self.primary())

    def members(self, node: Node) -> Node:
        while True:
            token = self.now
            if self.accept("."):
                node = self.member(node, token.place)
            elif self.accept("["):
                optional = self.accept("?") is not None
                node = Call(token.place, "_[?_]" if optional else "_[_]", None, [node, self.expression()])
                self.expect("]")
            else:
                return node

    def member(self, operand: Node, place: int) -> Node:
        if self.accept("?"):
            name = self.field_name()
            return Select(place, operand, name, optional=True)
        name = self.field_name()
        parenthesis = self.accept("(")
        if parenthesis is None:
            return Select(place, operand, name)
        args = self.arguments()
        if len(args) in _MACROS.get(name, ()):
            return self.macro(parenthesis.place, name, operand, args)
        if (name, len(args)) in (("optMap", 2), ("optFlatMap", 2)):
            return Comprehension(parenthesis.place, name, (_variable(args[0]),), operand, args[1])
        return Call(parenthesis.place, name, operand, args)

    def field_name(self) -> str:
        token = self.accept("ident") or self.accept("quoted")
        if token is None or (token.kind == "ident" and token.value in ("in", *_CONSTANTS)):
            after = "" if self.now.kind == "end" else self.now.value
            raise CelSyntaxError(f"Syntax error: no viable alternative at input '.{after}'", self.now.place)
        return str(token.value)

    def macro(self, place: int, name: str, operand: Node, args: list[Node]) -> Node:
        if name == "map":
            where = args[1] if len(args) == 3 else None
            return Comprehension(place, "map", (_variable(args[0]),), operand, args[-1], where)
        names = tuple(_variable(arg) for arg in args[:-1])
        return Comprehension(place, "exists_one" if name == "existsOne" else name, names, operand, args[-1])

    def arguments(self, end: str = ")") -> list[Node]:
        args: list[Node] = []
        while not self.accept(end):
            if args and not self.accept(","):
                raise self.unexpected(end)
            if args and end != ")" and self.accept(end):
                break
            if self.now.kind == "end":
                raise self.unexpected(end)
            args.append(self.expression())
        return args

    def primary(self) -> Node:
        token = self.now
        if token.kind in _LITERALS:
            self.next()
            return _checked(Literal(token.place, token.kind, token.value))
        if self.accept("("):
            inner = self.expression()
            self.expect(")")
            return inner
        if self.accept("["):
            return ListNode(token.place, self.arguments("]"))
        if self.accept("{"):
            return self.map(token.place)
        self.accept(".")
        return self.name()

    def map(self, place: int) -> Node:
        entries: list[tuple[Node, Node]] = []
        while not self.accept("}"):
            if entries and not self.accept(","):
                raise self.unexpected("}")
            if entries and self.accept("}"):
                break
            key = self.expression()
            self.expect(":")
            entries.append((key, self.expression()))
        return MapNode(place, entries)

    def name(self) -> Node:
        if self.now.kind != "ident" or self.now.value == "in":
            raise self.unexpected("operand")
        token = self.next()
        if token.value in _CONSTANTS:
            return Literal(token.place, *_CONSTANTS[token.value])
        if token.value in RESERVED:
            raise CelSyntaxError(f"reserved identifier: {token.value}", token.place)
        parenthesis = self.accept("(")
        if parenthesis is None:
            return Ident(token.place, token.value)
        args = self.arguments()
        if token.value == "has" and len(args) == 1:
            tested = args[0]
            if not isinstance(tested, Select):
                raise CelSyntaxError("invalid argument to has() macro", tested.place)
            return Select(parenthesis.place, tested.operand, tested.name, test=True)
        return Call(parenthesis.place, token.value, None, args)


def _balanced(function: str, terms: list[Node], places: list[int]) -> Node:
    """A chain of one operator as a tree of little depth, which long rules need."""
    if not places:
        return terms[0]
    middle = len(places) // 2
    left = _balanced(function, terms[: middle + 1], places[:middle])
    return Call(places[middle], function, None, [left, _balanced(function, terms[middle + 1 :], places[middle + 1 :])])


def _variable(node: Node) -> str:
    if not isinstance(node, Ident):
        raise CelSyntaxError("argument must be a simple name", node.place)
    return node.name


def _checked(literal: Literal) -> Literal:
    if literal.kind == "int" and not -_INT_LIMIT <= literal.value < _INT_LIMIT:
        raise CelSyntaxError("invalid int literal", literal.place)
    if literal.kind == "uint" and literal.value >= 2 * _INT_LIMIT:
        raise CelSyntaxError("invalid uint literal", literal.place)
    return literal
