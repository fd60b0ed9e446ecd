"""Rules on objects beyond the table: transitions, what did not change, and values of every sort."""

from __future__ import annotations

from typing import Any

import pytest

from controller.sandbox.api.schema.cel.rules import check_rules, field_path, has_rules

Object = dict[str, Any]


def ruled(schema: Object, *rules: Object | str) -> Object:
    return schema | {"x-kubernetes-validations": [{"rule": r} if isinstance(r, str) else r for r in rules]}


def told(schema: Object, obj: Any, old: Any = None) -> list[str]:
    return [str(error) for error in check_rules(schema, obj, old)]


ITEMS = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["id"],
            "items": ruled(
                {"type": "object", "properties": {"id": {"type": "string"}, "n": {"type": "integer"}}},
                {"rule": "self.n >= oldSelf.n", "message": "n may not shrink"},
            ),
        }
    },
}


def test_entries_are_compared_by_key() -> None:
    old = {"items": [{"id": "a", "n": 5}, {"id": "b", "n": 1}]}
    new = {"items": [{"id": "b", "n": 2}, {"id": "a", "n": 4}, {"id": "c", "n": 0}]}
    assert told(ITEMS, new, old) == ['items[1]: Invalid value: "object": n may not shrink']


def test_without_a_stored_value_a_transition_rule_waits() -> None:
    assert told(ITEMS, {"items": [{"id": "a", "n": 5}]}) == []


def test_what_did_not_change_is_passed_over() -> None:
    schema = {"type": "object", "properties": {"a": ruled({"type": "integer"}, "self > 5"), "b": {"type": "integer"}}}
    assert told(schema, {"a": 1, "b": 2}, {"a": 1, "b": 1}) == []
    assert told(schema, {"a": 2, "b": 1}, {"a": 1, "b": 1}) == ['a: Invalid value: "integer": failed rule: self > 5']


def test_a_message_of_several_lines_gives_way() -> None:
    rule = {"rule": "self > 5", "messageExpression": "'a\\nb'", "message": "more than five"}
    assert told(ruled({"type": "integer"}, rule), 1) == ['<nil>: Invalid value: "integer": more than five']


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("FieldValueRequired", "a: Required value: no"),
        ("FieldValueForbidden", "a: Forbidden: no"),
        ("FieldValueDuplicate", 'a: Duplicate value: "integer"'),
        ("FieldValueInvalid", 'a: Invalid value: "integer": no'),
    ],
)
def test_reasons(reason: str, text: str) -> None:
    inner = ruled({"type": "integer"}, {"rule": "false", "message": "no", "reason": reason})
    assert told({"type": "object", "properties": {"a": inner}}, {"a": 1}) == [text]


def test_a_rule_that_does_not_compile_is_told_with_its_place() -> None:
    text = "rule compile error: compilation failed: ERROR: <input>:1:7: Syntax error"
    assert text in told(ruled({"type": "integer"}, "self >"), 1)[0]


def test_whole_numbers_of_a_number_are_doubles() -> None:
    schema = {"type": "object", "properties": {"share": ruled({"type": "number"}, "self * 10.0 == 20.0")}}
    assert told(schema, {"share": 2}) == []


def test_the_root_sees_only_the_name_of_metadata() -> None:
    schema = ruled({"type": "object"}, "self.metadata.name == 'a' && self.kind == 'K'")
    assert told(schema, {"apiVersion": "v1", "kind": "K", "metadata": {"name": "a", "labels": {}}}) == []


def test_schemas_without_rules_cost_nothing() -> None:
    assert not has_rules({"type": "object", "properties": {"a": {"type": "string"}}})
    assert has_rules(ITEMS)


def test_field_paths() -> None:
    assert field_path(".spec['a.b'].c") == "spec.a.b.c"
