"""Laws of strategic merge; the cases stand in test_recorded.py, as a real server answered them."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.sandbox.api.patch import merge_patch, strategic_merge
from controller.sandbox.api.patch.values import duplicate, same

FEW = settings(max_examples=40)  # keeps each run short

MERGED = {"x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "name"}
SCHEMA = {
    "type": "object",
    "properties": {
        "items": {"type": "array", **MERGED, "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        "words": {"type": "array", "items": {"type": "string"}, "x-kubernetes-patch-strategy": "merge"},
        "plain": {"type": "array", "items": {"type": "string"}},
    },
}
LETTERS = st.sampled_from("abcd")
ITEMS = st.lists(
    st.fixed_dictionaries({"name": LETTERS}, optional={"v": st.integers(0, 2), "w": st.integers(0, 2)}),
    unique_by=lambda item: item["name"],
    max_size=4,
)
WORDS = st.lists(LETTERS, unique=True, max_size=4)
OBJECTS = st.fixed_dictionaries(
    {}, optional={"items": ITEMS, "words": WORDS, "plain": WORDS, "map": st.dictionaries(LETTERS, LETTERS, max_size=3)}
)


def merged(target: Any, patch: Any) -> Any:
    return strategic_merge(target, patch, SCHEMA)


@FEW
@given(OBJECTS, OBJECTS)
def test_applying_twice_changes_nothing_more(target: Any, patch: Any) -> None:
    once = merged(target, patch)
    assert same(merged(once, patch), once)


@FEW
@given(OBJECTS, OBJECTS)
def test_the_arguments_stay_untouched(target: Any, patch: Any) -> None:
    before = duplicate([target, patch])
    for list_or_map in merged(target, patch).values():
        list_or_map.clear()
    assert same([target, patch], before)


@FEW
@given(OBJECTS, OBJECTS)
def test_items_are_merged_by_name_and_keep_their_orders(target: Any, patch: Any) -> None:
    result = merged(target, patch)
    old, new = ({item["name"]: item for item in part.get("items", [])} for part in (target, patch))
    found = {item["name"]: item for item in result.get("items", [])}
    assert found == {name: {**old.get(name, {}), **new.get(name, {})} for name in {**old, **new}}
    names = [item["name"] for item in result.get("items", [])]
    assert [name for name in names if name in new] == list(new)
    assert [name for name in names if name not in new] == [name for name in old if name not in new]


@FEW
@given(OBJECTS, OBJECTS)
def test_scalars_are_merged_as_sets_and_other_lists_replaced(target: Any, patch: Any) -> None:
    result = merged(target, patch)
    assert sorted(result.get("words", [])) == sorted({*target.get("words", []), *patch.get("words", [])})
    assert result.get("plain") == patch.get("plain", target.get("plain"))


@FEW
@given(OBJECTS, st.dictionaries(LETTERS, st.none() | LETTERS, max_size=3))
def test_without_merged_lists_it_is_a_merge_patch(target: Any, members: Any) -> None:
    patch = {"map": members}
    assert same(merged(target, patch), merge_patch(target, patch))


@FEW
@given(WORDS.filter(bool), st.permutations("abcd"))
def test_the_order_asked_for_is_the_order(words: list[str], order: list[str]) -> None:
    wanted = [letter for letter in order if letter in words]
    patch = {"$setElementOrder/words": wanted, "words": wanted}
    assert merged({"words": words}, patch)["words"] == wanted


@FEW
@given(WORDS, WORDS)
def test_scalars_can_be_taken_out(words: list[str], gone: list[str]) -> None:
    result = merged({"words": words}, {"$deleteFromPrimitiveList/words": gone})
    assert result["words"] == [word for word in words if word not in gone]
