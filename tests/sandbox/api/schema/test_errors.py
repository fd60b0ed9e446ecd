"""Field errors read as kube-apiserver's do."""

from __future__ import annotations

import pytest

from controller.sandbox.api.schema import errors


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (errors.invalid("a.b", "x", "bad"), 'a.b: Invalid value: "x": bad'),
        (errors.invalid("a", 5, "bad"), "a: Invalid value: 5: bad"),
        (errors.invalid("a", 1.5, "bad"), "a: Invalid value: 1.5: bad"),
        (errors.invalid("a", True, "bad"), "a: Invalid value: true: bad"),
        (errors.invalid("a", None, "bad"), "a: Invalid value: null: bad"),
        (errors.invalid("a", {"z": 1, "b": [1.0]}, "bad"), 'a: Invalid value: {"b":[1],"z":1}: bad'),
        (errors.invalid("a", {"x": "<&>"}, ""), 'a: Invalid value: {"x":"\\u003c\\u0026\\u003e"}'),
        (errors.required("a"), "a: Required value"),
        (errors.required("a", "why"), "a: Required value: why"),
        (errors.not_supported("a", "x", ["b", "c"]), 'a: Unsupported value: "x": supported values: "b", "c"'),
        (errors.duplicate("a[1]", "x"), 'a[1]: Duplicate value: "x"'),
        (errors.forbidden("a", "no"), "a: Forbidden: no"),
        (errors.not_found("a", "x"), 'a: Not found: "x"'),
        (errors.too_long("a", 1), "a: Too long: may not be more than 1 byte"),
        (errors.too_many("a", 3, 2), "a: Too many: 3: must have at most 2 items"),
        (errors.internal("a", "oops"), "a: Internal error: oops"),
    ],
)
def test_texts(error: errors.FieldError, text: str) -> None:
    assert str(error) == text
    assert error.cause() == {"reason": error.type, "field": error.field, "message": text.partition(": ")[2]}


def test_several_are_told_in_brackets_and_each_once() -> None:
    one, two = errors.required("a"), errors.required("b")
    assert errors.aggregate([one]) == "a: Required value"
    assert errors.aggregate([one, two, one]) == "[a: Required value, b: Required value]"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ä", '"plain ä"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("a\nb\tc", '"a\\nb\\tc"'),
        ("\x00\x7f", '"\\x00\\x7f"'),
        ("\u200b", '"\\u200b"'),
        ("\U000e0001", '"\\U000e0001"'),
    ],
)
def test_quoting(text: str, shown: str) -> None:
    assert errors.quoted(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(1.0, "1"), (0.5, "0.5"), (1e20, "100000000000000000000"), (1e21, "1e+21"), (1e-7, "1e-07")]
)
def test_numbers(value: float, shown: str) -> None:
    assert errors.number(value) == shown


def test_a_struct_keeps_its_order() -> None:
    assert errors.go_json(errors.Struct(Zed=1, Able=None)) == '{"Zed":1,"Able":null}'
