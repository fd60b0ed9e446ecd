"""JSON Merge Patch: the table of RFC 7386, appendix A, and its laws."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.sandbox.api.patch import PatchError, merge_patch, merge_patch_object
from controller.sandbox.api.patch.values import duplicate, same

FEW = settings(max_examples=40)  # keeps each run short

NAMES = st.sampled_from("abcd")
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=2)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
OBJECTS = st.dictionaries(NAMES, JSON, max_size=4)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_rfc_7386_appendix_a(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


def holds_null(value: Any) -> bool:
    return isinstance(value, dict) and any(inner is None or holds_null(inner) for inner in value.values())


@FEW
@given(JSON, JSON)
def test_applying_twice_changes_nothing_more(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert same(merge_patch(once, patch), once)


@FEW
@given(JSON, JSON)
def test_the_arguments_stay_untouched_and_share_nothing(target: Any, patch: Any) -> None:
    before = duplicate([target, patch])
    result = merge_patch(target, patch)
    for container in (result, *(result.values() if isinstance(result, dict) else ())):
        if isinstance(container, dict | list):
            container.clear()
    assert same([target, patch], before)


@FEW
@given(JSON)
def test_a_patch_without_nulls_is_what_comes_of_nothing(patch: Any) -> None:
    result = merge_patch({}, patch)
    assert not holds_null(result)
    if not holds_null(patch):
        assert same(result, patch)


@FEW
@given(OBJECTS, OBJECTS)
def test_each_member_is_merged_by_itself(target: dict[str, Any], patch: dict[str, Any]) -> None:
    result = merge_patch(target, patch)
    for name in {**target, **patch}:
        if name not in patch:
            assert same(result[name], target[name])
        elif patch[name] is None:
            assert name not in result
        else:
            assert same(result[name], merge_patch(target.get(name), patch[name]))


def test_a_server_drops_nulls_of_objects_in_lists() -> None:
    patch = {"a": [None, {"b": None, "c": [{"d": None}]}], "e": {"f": None}}
    assert merge_patch_object({"e": {"f": 1}}, patch) == {"a": [None, {"c": [{}]}], "e": {}}


@pytest.mark.parametrize("patch", [[], "x", 3, True, None])
def test_a_stored_object_takes_only_objects(patch: Any) -> None:
    with pytest.raises(PatchError, match="into Go value of type map") as raised:
        merge_patch_object({"a": 1}, patch)
    assert raised.value.code == 400
