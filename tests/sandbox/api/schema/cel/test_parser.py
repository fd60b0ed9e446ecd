"""Where a mistake is, and that nesting has an end."""

from __future__ import annotations

import pytest

from controller.sandbox.api.schema.cel.evaluate import evaluate
from controller.sandbox.api.schema.cel.parser import parse
from controller.sandbox.api.schema.cel.syntax import Call, CelSyntaxError, Comprehension, Literal, Select, located


@pytest.mark.parametrize(
    ("source", "message", "column"),
    [
        ("self.a ==", "mismatched input '<EOF>' expecting {'[', '{', '('", 10),
        ("(self.a", "missing ')' at '<EOF>'", 8),
        ("self.a) == 1", "mismatched input ')' expecting <EOF>", 7),
        ("[1,", "missing ']' at '<EOF>'", 4),
        ("self..a", "no viable alternative at input '..'", 6),
        ("self.a = 1", "token recognition error at: '='", 8),
        ("has(self)", "invalid argument to has() macro", 5),
        ("self.l.all(1, true)", "argument must be a simple name", 12),
        ("namespace == 1", "reserved identifier: namespace", 1),
        ("9223372036854775808 > 1", "invalid int literal", 1),
    ],
)
def test_mistakes(source: str, message: str, column: int) -> None:
    with pytest.raises(CelSyntaxError) as caught:
        parse(source)
    assert message in caught.value.message
    assert caught.value.place == column - 1


def test_the_place_is_shown_in_its_line() -> None:
    text = located("self.a &&\nself.b", "undefined field 'b'", 14)
    assert text == "ERROR: <input>:2:5: undefined field 'b'\n | self.b\n | ....^"


def test_precedence() -> None:
    node = parse("1 + 2 * 3 == 7 && !false || a.b")
    assert isinstance(node, Call)
    assert node.function == "_||_"
    left, right = node.args
    assert isinstance(left, Call)
    assert left.function == "_&&_"
    assert isinstance(right, Select)


def test_a_macro_is_a_node_of_its_own() -> None:
    node = parse("self.l.map(x, x > 1, x * 2)")
    assert isinstance(node, Comprehension)
    assert (node.macro, node.names) == ("map", ("x",))
    assert node.where is not None


def test_the_smallest_number_is_one_literal() -> None:
    node = parse("-9223372036854775808")
    assert isinstance(node, Literal)
    assert node.value == -(2**63)


def test_nesting_has_an_end() -> None:
    with pytest.raises(CelSyntaxError, match="recursion limit"):
        parse("(" * 300 + "1" + ")" * 300)


def test_a_long_chain_is_no_deep_one() -> None:
    assert evaluate(parse(" && ".join(["true"] * 5000)), {}) is True
