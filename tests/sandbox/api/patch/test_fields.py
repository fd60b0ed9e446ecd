"""Field sets: their algebra, their wire form, and how paths read in messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.sandbox.api.patch import fields
from controller.sandbox.api.patch.fields import FieldSet

FEW = settings(max_examples=40)  # keeps each run short

ELEMENTS = st.one_of(
    st.sampled_from("abc").map(fields.field),
    st.dictionaries(st.sampled_from(["name", "port"]), st.integers(0, 2) | st.text(max_size=2), min_size=1).map(
        fields.key
    ),
    (st.integers(0, 2) | st.booleans() | st.text(max_size=2)).map(fields.value),
    st.integers(0, 2).map(fields.index),
)
PATHS = st.lists(ELEMENTS, min_size=1, max_size=3).map(tuple)
SETS = st.sets(PATHS, max_size=8)


def made(paths: set[fields.Path]) -> FieldSet:
    return FieldSet.of(*paths)


@FEW
@given(SETS)
def test_the_wire_form_goes_round(paths: set[fields.Path]) -> None:
    wire = json.loads(json.dumps(made(paths).to_json()))
    assert set(FieldSet.from_json(wire)) == paths
    assert FieldSet.from_json(wire).to_json() == wire


@FEW
@given(SETS, SETS)
def test_the_algebra_is_that_of_sets_of_paths(left: set[fields.Path], right: set[fields.Path]) -> None:
    assert set(made(left) | made(right)) == left | right
    assert set(made(left) & made(right)) == left & right
    assert set(made(left) - made(right)) == left - right
    assert len(made(left)) == len(left)
    assert bool(made(left)) == bool(left)
    assert (made(left) == made(right)) == (left == right)
    assert all((path in made(left)) == (path in left) for path in left | right)


@FEW
@given(SETS, SETS)
def test_what_is_no_member_any_more_leaves_nothing_behind(left: set[fields.Path], right: set[fields.Path]) -> None:
    assert (made(left) - made(right)).to_json() == made(left - right).to_json()
    assert (made(left) & made(right)).to_json() == made(left & right).to_json()


@FEW
@given(SETS, SETS)
def test_trees_go_with_all_below_them(paths: set[fields.Path], trees: set[fields.Path]) -> None:
    kept = {path for path in paths if not any(path[: len(tree)] == tree for tree in trees)}
    assert set(made(paths).without_trees(made(trees))) == kept


@FEW
@given(PATHS)
def test_what_is_below_an_element(path: fields.Path) -> None:
    assert set(FieldSet.of(path).below(path[0])) == ({path[1:]} if path[1:] else set())


@pytest.mark.parametrize(
    ("wire", "paths"),
    [
        ({"f:spec": {}}, {"/.spec"}),
        ({"f:spec": {"f:a": {}}}, {"/.spec.a"}),
        ({"f:spec": {".": {}, "f:a": {}}}, {"/.spec", "/.spec.a"}),
        ({"f:l": {'k:{"port":80,"name":"x"}': {".": {}}}}, {'/.l[name="x",port=80]'}),
        ({"f:l": {'k:{"port":80.0}': {}}}, {"/.l[port=80]"}),
        ({"f:l": {'v:"x"': {}, "v:1": {}, "v:true": {}, "i:3": {}}}, {'/.l[="x"]', "/.l[=1]", "/.l[=true]", "/.l[3]"}),
        ({"f:a": {"q:new": {"f:b": {}}}}, {"/.a"}),
        ({"q:new": {"f:b": {}}}, set()),
        ({}, set()),
    ],
)
def test_reading_and_printing(wire: Any, paths: set[str]) -> None:
    assert {"/" + fields.path_text(path) for path in FieldSet.from_json(wire)} == paths


@pytest.mark.parametrize(
    "wire", [{"spec": {}}, {"f": {}}, {"k:[1]": {}}, {"k:{": {}}, {"v:": {}}, {"i:x": {}}, [], {"f:a": 1}]
)
def test_what_cannot_be_read_is_an_error(wire: Any) -> None:
    with pytest.raises(ValueError):
        FieldSet.from_json(wire)


def test_a_set_of_nothing_has_no_paths_and_the_whole_object_is_never_in_one() -> None:
    empty = FieldSet.of(())
    assert not empty
    assert () not in empty
    assert FieldSet.of(("f:a",)).to_json() == {"f:a": {}}
