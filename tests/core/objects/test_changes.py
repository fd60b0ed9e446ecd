from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.core.objects import Create, FoundObjects, Patch, Ref, change, difference

LEAVES = st.one_of(
    st.integers(-3, 3), st.text("ab", max_size=2), st.booleans(), st.lists(st.integers(0, 2), max_size=2)
)
OBJECTS = st.dictionaries(
    st.sampled_from("abcd"),
    st.recursive(LEAVES, lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3), max_leaves=6),
    max_size=4,
)


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386, written from its pseudo code."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


@given(OBJECTS, OBJECTS)
def test_the_difference_turns_one_into_the_other(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    before = copy.deepcopy((found, wanted))
    assert merge(found, difference(found, wanted)) == wanted
    assert (found, wanted) == before
    assert difference(wanted, wanted) == {}


def config_map(name: str, version: str = "1", **data: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "resourceVersion": version, "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def test_a_change_is_conditional_on_the_version_that_was_found() -> None:
    found = config_map("a", "7", x="1", y="2")
    assert change(found, config_map("a", "7", x="1")) == Patch(
        Ref("v1", "ConfigMap", "shop", "a"), {"data": {"y": None}}, "7"
    )
    assert change(found, found) is None
    assert change(None, found) == Create(found)


def test_found_objects_are_looked_up_by_name_and_by_label() -> None:
    found = FoundObjects([config_map("b"), config_map("a")])
    assert found.get("ConfigMap", "shop", "a") == config_map("a")
    assert found.get("ConfigMap", "other", "a") is None
    assert [one["metadata"]["name"] for one in found.list("ConfigMap")] == ["a", "b"]
    assert found.list("ConfigMap", "shop", {"app": "b"}) == (config_map("b"),)
    assert found.list("Secret") == ()
