"""Validation beyond the table of bad widgets: ratcheting, the choice among failed branches, properties."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.sandbox.api.schema.structural import check_lists, default, prune, validate

Schema = dict[str, Any]


def texts(schema: Schema, *values: Any) -> list[str]:
    return [str(error) for error in validate(schema, *values)]


NAME: Schema = {"type": "string", "maxLength": 3}
LIST: Schema = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["id"],
    "items": {"type": "object", "properties": {"id": {"type": "string"}, "name": NAME}},
}


def test_what_equals_the_stored_value_is_not_judged_again() -> None:
    schema = {"type": "object", "properties": {"a": NAME, "b": NAME}}
    assert texts(schema, {"a": "long text", "b": "x"}, {"a": "long text", "b": "y"}) == []
    assert texts(schema, {"a": "other text", "b": "x"}, {"a": "long text"}) == [
        "a: Too long: may not be more than 3 bytes"
    ]


def test_entries_of_a_map_list_ratchet_by_key() -> None:
    old = [{"id": "a", "name": "long text"}, {"id": "b"}]
    assert texts(LIST, [{"id": "b"}, {"id": "a", "name": "long text"}], old) == []
    assert texts(LIST, [{"id": "b", "name": "long text"}], old) == ["[0].name: Too long: may not be more than 3 bytes"]


def test_true_is_not_one() -> None:
    assert texts({"type": "integer", "enum": [1]}, True)
    assert texts({"type": "boolean", "enum": [True]}, True) == []
    assert texts({"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": True}, {"a": 1})


def test_a_null_needs_leave() -> None:
    assert texts({"type": "string", "nullable": True}, None) == []
    assert texts({"type": "string"}, None) == ['<nil>: Invalid value: "null":  in body must be of type string: "null"']


def test_of_failed_branches_the_nearest_is_told() -> None:
    near = {"properties": {"a": {"minimum": 5}, "b": {"minimum": 1}}}
    far = {"required": ["z"], "properties": {"a": {"minimum": 50}, "b": {"minimum": 100}}}
    schema = {"type": "object", "anyOf": [far, near]}
    assert any("greater than or equal to 5" in text for text in texts(schema, {"a": 1, "b": 1}))


def test_a_whole_number_cuts_bounds() -> None:
    assert texts({"type": "number", "minimum": 0.5}, 0) == []
    assert texts({"type": "number", "multipleOf": 0.1}, 3) != []
    assert texts({"type": "number", "multipleOf": 0.1}, 0.3) == []


def test_unknown_fields_go_and_are_named() -> None:
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {"a": {"type": "object"}, "l": {"type": "array", "items": {"type": "object"}}},
            },
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"k": {}}}},
        },
    }
    obj = {
        "apiVersion": "v1",
        "kind": "K",
        "metadata": {"name": "x", "colour": "red"},
        "spec": {"a": {"b": 1}, "l": [{}, {"c": 2}], "d": 3},
        "free": {"x": {"y": 1}},
        "map": {"one": {"k": 1, "z": 2}},
        "status": {},
    }
    assert prune(schema, obj) == ["metadata.colour", "map.one.z", "spec.a.b", "spec.d", "spec.l[1].c", "status"]
    assert obj["spec"] == {"a": {}, "l": [{}, {}]}
    assert obj["free"] == {"x": {"y": 1}}
    assert obj["map"] == {"one": {"k": 1}}


def test_defaults_go_in_and_nulls_out() -> None:
    inner = {"type": "object", "default": {}, "properties": {"n": {"type": "integer", "default": 5}}}
    schema = {
        "type": "object",
        "properties": {"a": inner, "b": {"type": "string"}, "c": {"type": "string", "nullable": True}},
    }
    obj: dict[str, Any] = {"b": None, "c": None, "a": None}
    default(schema, obj)
    assert obj == {"a": {"n": 5}, "c": None}
    obj["a"]["n"] = 6
    other: dict[str, Any] = {}
    default(schema, other)
    assert other == {"a": {"n": 5}}


def test_duplicates_in_sets_and_maps() -> None:
    set_of = {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "integer"}}
    assert [str(e) for e in check_lists(set_of, [1, 2, 1, 1, True])] == ["[2]: Duplicate value: 1"]
    assert [str(e) for e in check_lists(LIST, [{"id": "a"}, {"id": "a"}])] == ['[1]: Duplicate value: {"id":"a"}']


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.sampled_from(["", "a", "long text"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
_SCHEMAS = st.recursive(
    st.sampled_from(
        [
            {"type": "string"},
            {"type": "integer", "minimum": 0},
            {"type": "string", "default": "a"},
            {"x-kubernetes-int-or-string": True},
            {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            {"type": "string", "nullable": True},
        ]
    ),
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(lambda value: {"type": "object", "additionalProperties": value}, inner),
        st.builds(
            lambda fields: {"type": "object", "properties": fields},
            st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        ),
    ),
    max_leaves=6,
)


@given(_SCHEMAS, _VALUES)
def test_pruning_and_defaulting_settle(schema: Schema, value: Any) -> None:
    obj = {"spec": value}
    whole = {"type": "object", "properties": {"spec": schema}}
    prune(whole, obj)
    default(whole, obj)
    again = copy.deepcopy(obj)
    assert prune(whole, again) == []
    default(whole, again)
    assert again == obj


@given(_SCHEMAS, _VALUES)
def test_the_stored_value_always_passes(schema: Schema, value: Any) -> None:
    assert validate(schema, value, copy.deepcopy(value)) == []


@given(_SCHEMAS, _VALUES)
def test_validation_changes_nothing(schema: Schema, value: Any) -> None:
    before = copy.deepcopy(value)
    validate(schema, value)
    assert value == before
