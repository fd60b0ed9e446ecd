"""The tokens and the syntax tree of CEL expressions (https://github.com/google/cel-spec/blob/master/doc/langdef.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

RESERVED = frozenset(
    (
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let"),
        *("loop", "package", "namespace", "return", "var", "void", "while"),
    )
)


class CelSyntaxError(ValueError):
    """An expression that does not parse or check; `place` is the offset of the fault in the source."""

    def __init__(self, message: str, place: int) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


def located(source: str, message: str, place: int) -> str:
    """A fault as the server shows it: with line, column and a caret below the line."""
    before = source[:place]
    number = before.count("\n") + 1
    column = place - (before.rfind("\n") + 1)
    line = source.split("\n")[number - 1]
    return f"ERROR: <input>:{number}:{column + 1}: {message}\n | {line}\n | {'.' * column}^"


class Token(NamedTuple):
    """`kind` is ident, int, uint, double, string, bytes, end, or the operator itself."""

    kind: str
    value: Any
    place: int


_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<string>(?:[rR][bB]?|[bB][rR]?)?(?:\"\"\"(?s:.*?)(?<!\\)\"\"\"|'''(?s:.*?)(?<!\\)'''
        |\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'))
  | (?P<double>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)
  | (?P<uint>(?:0[xX][0-9a-fA-F]+|\d+)[uU])
  | (?P<int>0[xX][0-9a-fA-F]+|\d+)
  | (?P<quoted>`[a-zA-Z0-9_./ -]+`)
  | (?P<ident>[a-zA-Z_][a-zA-Z0-9_]*)
  | (?P<operator>\|\||&&|==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])
    """,
    re.VERBOSE | re.ASCII,
)
_RAW = re.compile(r"""^[rRbB]*(\"\"\"|'''|\"|')(.*)\1$""", re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|X[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|.)", re.DOTALL)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SIMPLE |= {char: char for char in "\\?\"'`"}


def tokens(source: str) -> Iterator[Token]:
    """The tokens of an expression, ended by one of kind `end`. Raises CelSyntaxError."""
    place = 0
    while place < len(source):
        match = _TOKEN.match(source, place)
        if match is None:
            raise CelSyntaxError(f"Syntax error: token recognition error at: '{source[place]}'", place)
        kind, text = str(match.lastgroup), match[0]
        if kind == "operator":
            yield Token(text, text, place)
        elif kind == "string":
            prefix = text[: len(text) - len(text.lstrip("rRbB"))].lower()
            yield Token("bytes" if "b" in prefix else "string", _unquoted(text, prefix, place), place)
        elif kind == "int":
            yield Token(kind, int(text, 16 if text[:2].lower() == "0x" else 10), place)
        elif kind == "uint":
            yield Token(kind, int(text[:-1], 16 if text[:2].lower() == "0x" else 10), place)
        elif kind == "double":
            yield Token(kind, float(text), place)
        elif kind == "quoted":
            yield Token("quoted", text[1:-1], place)
        elif kind == "ident":
            yield Token("ident", text, place)
        place = match.end()
    yield Token("end", "<EOF>", place)


def _unquoted(text: str, prefix: str, place: int) -> str | bytes:
    match = _RAW.match(text)
    if match is None:
        raise CelSyntaxError(f"Syntax error: token recognition error at: '{text}'", place)
    inner = match[2]
    if "r" in prefix:
        return inner.encode() if "b" in prefix else inner
    if "b" in prefix:
        return b"".join(_byte_parts(inner, place))
    return _ESCAPE.sub(lambda found: _unescaped(found[1], place), inner)


def _byte_parts(inner: str, place: int) -> Iterator[bytes]:
    at = 0
    for found in _ESCAPE.finditer(inner):
        yield inner[at : found.start()].encode()
        code = found[1]
        octal = len(code) == 3 and code.isdigit()
        yield (
            bytes([int(code, 8)])
            if octal
            else _unescaped(code, place).encode("latin-1" if code[0] in "xX" else "utf-8")
        )
        at = found.end()
    yield inner[at:].encode()


def _unescaped(code: str, place: int) -> str:
    if code in _SIMPLE:
        return _SIMPLE[code]
    if code[0] in "xXuU" and len(code) > 1:
        return chr(int(code[1:], 16))
    if len(code) == 3:
        return chr(int(code, 8))
    raise CelSyntaxError(f"Syntax error: token recognition error at: '\\{code}'", place)


@dataclass(slots=True, eq=False)
class Node:
    """A part of an expression; `place` is where the server points in its errors."""

    place: int


@dataclass(slots=True, eq=False)
class Literal(Node):
    """A constant; `kind` is int, uint, double, string, bytes, bool or null_type."""

    kind: str
    value: Any


@dataclass(slots=True, eq=False)
class Ident(Node):
    name: str


@dataclass(slots=True, eq=False)
class Select(Node):
    """`operand.name`; with `test` it stands in has(), with `optional` it was written `.?`."""

    operand: Node
    name: str
    test: bool = False
    optional: bool = False


@dataclass(slots=True, eq=False)
class Call(Node):
    """A function, a method of `target`, or an operator (`_+_`, `_?_:_`, `_[_]` ...)."""

    function: str
    target: Node | None
    args: list[Node] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class ListNode(Node):
    items: list[Node]


@dataclass(slots=True, eq=False)
class MapNode(Node):
    entries: list[tuple[Node, Node]]


@dataclass(slots=True, eq=False)
class Comprehension(Node):
    """A macro over a list or map: all, exists, exists_one, map or filter; `where` is map's optional condition.

    `names` has one variable (element or key) or two (index or key, and element or value).
    """

    macro: str
    names: tuple[str, ...]
    range: Node
    body: Node
    where: Node | None = None
