"""JSON Patch: RFC 6902's examples where the server agrees with them, its codes, and laws."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.sandbox.api.patch import PatchError, json_patch
from controller.sandbox.api.patch.values import duplicate, same

FEW = settings(max_examples=40)  # keeps each run short

NAMES = st.sampled_from(["a", "b", "a/b", "m~n", "~1", ""])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("target", "operation", "result"),
    [
        ({"foo": "bar"}, {"op": "add", "path": "/baz", "value": "qux"}, {"foo": "bar", "baz": "qux"}),
        ({"foo": ["bar", "baz"]}, {"op": "add", "path": "/foo/1", "value": "qux"}, {"foo": ["bar", "qux", "baz"]}),
        ({"foo": ["bar"]}, {"op": "add", "path": "/foo/-", "value": ["x"]}, {"foo": ["bar", ["x"]]}),
        ({"baz": "qux", "foo": "bar"}, {"op": "remove", "path": "/baz"}, {"foo": "bar"}),
        ({"foo": ["bar", "qux", "baz"]}, {"op": "remove", "path": "/foo/1"}, {"foo": ["bar", "baz"]}),
        ({"baz": "qux"}, {"op": "replace", "path": "/baz", "value": "boo"}, {"baz": "boo"}),
        ({"a": {"b": 1}, "c": {}}, {"op": "move", "from": "/a/b", "path": "/c/d"}, {"a": {}, "c": {"d": 1}}),
        ({"a": [1, 2, 3]}, {"op": "move", "from": "/a/0", "path": "/a/2"}, {"a": [2, 3, 1]}),
        ({"a": [1]}, {"op": "copy", "from": "/a", "path": "/b"}, {"a": [1], "b": [1]}),
        ({"/": 9, "~1": 10}, {"op": "test", "path": "/~01", "value": 10}, {"/": 9, "~1": 10}),
    ],
)
def test_rfc_6902_examples(target: Any, operation: Any, result: Any) -> None:
    assert json_patch(target, [operation]) == result


@pytest.mark.parametrize(
    ("operation", "detail"),
    [
        ({"op": "test", "path": "/n", "value": 2}, "testing value /n failed"),
        ({"op": "test", "path": "/n", "value": True}, "testing value /n failed"),
        ({"op": "remove", "path": "/x"}, "/x: there is nothing to remove"),
        ({"op": "add", "path": "/x/y", "value": 1}, "/x/y: there is no 'x'"),
        ({"op": "add", "path": "/l/3", "value": 1}, "/l/3: index 3 is outside the list"),
        ({"op": "replace", "path": "/l/one", "value": 1}, "/l/one: 'one' is not a list index"),
        ({"op": "add", "path": "/n/x", "value": 1}, "/n/x: its parent is neither an object nor a list"),
        ({"op": "move", "from": "/o", "path": "/o/p"}, "move: /o/p lies inside /o"),
        ({"op": "copy", "path": "/n"}, "copy: the operation has no 'from'"),
        ({"op": "leap", "path": "/n"}, "unexpected kind of operation: leap"),
        ({"path": "/n"}, "unexpected kind of operation: unknown"),
    ],
)
def test_what_does_not_apply_is_422_and_keeps_its_cause(operation: Any, detail: str) -> None:
    with pytest.raises(PatchError) as raised:
        json_patch({"n": 1, "l": [1, 2], "o": {}}, [operation])
    assert (raised.value.code, raised.value.reason) == (422, "Invalid")
    assert raised.value.detail == detail


def test_too_many_operations_are_413() -> None:
    with pytest.raises(PatchError, match="maximum operations in a JSON patch is 10000, got 10001") as raised:
        json_patch({}, [{"op": "test", "path": "/a", "value": None}] * 10_001)
    assert (raised.value.code, raised.value.reason) == (413, "RequestEntityTooLarge")


def pointers(value: Any, here: str = "") -> list[tuple[str, Any]]:
    """Every place below the top of a value, with what stands there."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for name, inner in members:
        path = f"{here}/{str(name).replace('~', '~0').replace('/', '~1')}"
        found += [(path, inner), *pointers(inner, path)]
    return found


@FEW
@given(st.dictionaries(NAMES, JSON, min_size=1, max_size=3), st.data(), JSON)
def test_operations_undo_each_other(target: dict[str, Any], data: st.DataObject, value: Any) -> None:
    before = duplicate(target)
    path, found = data.draw(st.sampled_from(pointers(target)))
    there = {"op": "test", "path": path, "value": found}
    assert same(json_patch(target, [there]), target)
    removed_and_back = [{"op": "remove", "path": path}, {"op": "add", "path": path, "value": found}]
    assert same(json_patch(target, removed_and_back), target)
    replaced_and_back = [
        {"op": "replace", "path": path, "value": value},
        {"op": "test", "path": path, "value": value},
        {"op": "replace", "path": path, "value": found},
    ]
    assert same(json_patch(target, replaced_and_back), target)
    copied = json_patch(
        target, [{"op": "copy", "from": path, "path": "/new"}, {"op": "move", "from": "/new", "path": "/n"}]
    )
    assert same(copied, {**target, "n": found})
    assert same(target, before)
