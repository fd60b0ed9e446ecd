"""Laws of server-side apply and of ownership; test_recorded.py has the cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.sandbox.api import patch
from controller.sandbox.api.patch.fields import FieldSet
from controller.sandbox.api.patch.managed import decode
from controller.sandbox.api.patch.shape import whole
from controller.sandbox.api.patch.structure import compare, field_set
from controller.sandbox.api.patch.values import duplicate, same

FEW = settings(max_examples=40)  # keeps each run short

NOW = datetime(2024, 1, 1, tzinfo=UTC)
VERSION = "example.org/v1"
TEXT = {"type": "string"}
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "size": {"type": "integer"},
                "atoms": {"type": "array", "items": TEXT},
                "tags": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
                "options": {"type": "object", "additionalProperties": TEXT},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "parts": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {"type": "object", "properties": {"name": TEXT, "color": TEXT, "shape": TEXT}},
                },
            },
        }
    },
}
LETTERS = st.sampled_from("abc")
PARTS = st.lists(
    st.fixed_dictionaries({"name": LETTERS}, optional={"color": LETTERS, "shape": LETTERS}),
    unique_by=lambda part: part["name"],
    max_size=3,
)
SPECS = st.fixed_dictionaries(
    {"size": st.integers(1, 3)},  # so that no apply empties the spec, which the server makes null
    optional={
        "atoms": st.lists(LETTERS, max_size=2),
        "tags": st.lists(LETTERS, unique=True, min_size=1, max_size=3),
        "options": st.dictionaries(LETTERS, LETTERS, min_size=1, max_size=3),
        "free": st.dictionaries(
            LETTERS, LETTERS | st.dictionaries(LETTERS, LETTERS, min_size=1, max_size=2), min_size=1, max_size=3
        ),
        "parts": PARTS.filter(bool),
    },
)


def config(spec: Any) -> dict[str, Any]:
    return {"apiVersion": VERSION, "kind": "Thing", "metadata": {"name": "x"}, "spec": spec}


def applied(live: Any, spec: Any, manager: str = "ann", force: bool = True, seconds: int = 0) -> dict[str, Any]:
    now = NOW + timedelta(seconds=seconds)
    return patch.apply(live, config(spec), SCHEMA, manager=manager, api_version=VERSION, force=force, now=now)


def written(live: Any, item: Any, manager: str, seconds: int = 0) -> dict[str, Any]:
    now = NOW + timedelta(seconds=seconds)
    return patch.record_update(live, item, SCHEMA, manager=manager, api_version=VERSION, now=now)


def owners(item: Any) -> dict[tuple[str, str], FieldSet]:
    return {
        (who.manager, who.operation): entry.owned for who, entry in decode(item["metadata"]["managedFields"]).items()
    }


def without_nulls(value: Any) -> Any:
    """What an apply emptied is null, and a null is nobody's."""
    if not isinstance(value, dict):
        return value
    return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}


@FEW
@given(SPECS)
def test_what_is_applied_to_nothing_is_there_and_owned(spec: Any) -> None:
    item = applied(None, spec)
    assert same(item["spec"], spec)
    assert owners(item)["ann", "Apply"] == field_set({"spec": spec}, whole(SCHEMA))


@FEW
@given(SPECS, SPECS, SPECS)
def test_applying_again_changes_nothing_not_even_a_time(first: Any, other: Any, second: Any) -> None:
    live = applied(applied(applied(None, first), other, "bob"), second)
    again = applied(live, second, seconds=60)
    assert same(again, live)
    assert patch.same_but_times(again, live)


@FEW
@given(SPECS, SPECS)
def test_a_forced_apply_holds_all_that_was_applied(first: Any, second: Any) -> None:
    live = applied(applied(None, first, "bob"), second, "ann")
    assert owners(live)["ann", "Apply"] == field_set({"spec": second}, whole(SCHEMA))
    change = compare(config(second), live, whole(SCHEMA))
    assert not change.removed
    assert not [path for path in change.modified if path != ("f:spec", "f:tags")]


@FEW
@given(SPECS, SPECS)
def test_conflicts_are_exactly_the_owned_fields_that_would_change(first: Any, second: Any) -> None:
    live = applied(None, first, "bob")
    forced = applied(live, second, "ann")
    changed = compare(live, forced, whole(SCHEMA))
    lost = owners(live)["bob", "Apply"] & (changed.modified | changed.added)
    if not lost:
        assert same(applied(live, second, "ann", force=False)["spec"], forced["spec"])
        return
    with pytest.raises(patch.ApplyConflict) as raised:
        applied(live, second, "ann", force=False)
    assert {path for _, path in raised.value.conflicts} == {patch.fields.path_text(path) for path in lost}
    assert {manager for manager, _ in raised.value.conflicts} == {'"bob"'}


@FEW
@given(SPECS, SPECS)
def test_unapplying_removes_exactly_what_nobody_else_owns(mine: Any, theirs: Any) -> None:
    live = applied(applied(None, theirs, "bob"), mine, "ann")
    left = applied(live, {"size": mine["size"]}, "ann")
    there, gone = field_set(left, whole(SCHEMA)), compare(live, left, whole(SCHEMA)).removed
    before = owners(live)
    only_mine = before["ann", "Apply"] - before.get(("bob", "Apply"), FieldSet()) - owners(left)["ann", "Apply"]
    assert not only_mine & there, "what only ann owned is gone"
    assert not before.get(("bob", "Apply"), FieldSet()) & gone, "what bob owned stays"


@FEW
@given(st.lists(st.tuples(st.sampled_from(["ann", "bob", "eve"]), st.booleans(), SPECS), min_size=1, max_size=6))
def test_ownership_partitions_what_updaters_wrote(writes: list[tuple[str, bool, Any]]) -> None:
    """A changed field has one updater; what is owned exists; every leaf has an owner."""
    live: Any = None
    for second, (manager, by_apply, spec) in enumerate(writes):
        if by_apply:
            live = applied(live, spec, manager, seconds=second)
        else:
            live = written(live, {**config(spec), "metadata": (live or config(spec))["metadata"]}, manager, second)
    everything = field_set({"spec": without_nulls(live["spec"])}, whole(SCHEMA))
    held = owners(live)
    updates = [owned for (_, operation), owned in held.items() if operation == "Update"]
    for position, owned in enumerate(updates):
        for other in updates[position + 1 :]:
            assert not owned & other, "two updaters own one field"
    every_owner = FieldSet()
    for owned in held.values():
        every_owner = every_owner | owned
    leaves = [path for path in everything if not any(longer[: len(path)] == path != longer for longer in everything)]
    assert [path for path in leaves if path not in every_owner] == []
    assert all(owned for owned in held.values()), "an empty entry stays"


@FEW
@given(SPECS, SPECS)
def test_an_update_leaves_the_writer_with_what_changed(first: Any, second: Any) -> None:
    live = written(None, config(first), "ann")
    after = written(live, {**config(second), "metadata": live["metadata"]}, "bob", 5)
    change = compare(config(first), config(second), whole(SCHEMA))
    assert owners(after).get(("bob", "Update"), FieldSet()) == change.added | change.modified
    assert owners(after).get(("ann", "Update"), FieldSet()) == (
        owners(live)["ann", "Update"] - change.added - change.modified - change.removed
    )


@FEW
@given(SPECS, st.lists(SPECS, max_size=4))
def test_times_move_only_with_fields(first: Any, rest: list[Any]) -> None:
    live = written(None, config(first), "ann")
    for second, spec in enumerate(rest, start=1):
        after = written(live, {**config(spec), "metadata": live["metadata"]}, "ann", second)
        change = compare(live["spec"] and config(live["spec"]), config(spec), whole(SCHEMA))
        moved = [entry["time"] for entry in after["metadata"]["managedFields"]]
        stamp = (NOW + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert (stamp in moved) == bool(change.added or change.modified)
        live = after


@FEW
@given(SPECS, SPECS)
def test_the_arguments_stay_untouched(first: Any, second: Any) -> None:
    live = applied(None, first, "bob")
    wanted = config(second)
    before = duplicate([live, wanted])
    result = patch.apply(live, wanted, SCHEMA, manager="ann", api_version=VERSION, force=True, now=NOW)
    result["spec"].clear()
    result["metadata"].clear()
    recorded = written(live, {**wanted, "metadata": live["metadata"]}, "eve")
    recorded["metadata"].clear()
    recorded.clear()
    assert same([live, wanted], before)


def test_without_a_schema_objects_are_granular_and_lists_atomic() -> None:
    def apply(live: Any, manager: str, spec: Any) -> dict[str, Any]:
        return patch.apply(live, config(spec), None, manager=manager, api_version=VERSION, now=NOW)

    live = apply(apply(None, "ann", {"a": {"b": 1}, "l": [{"name": "x"}]}), "bob", {"a": {"c": 2}})
    assert live["spec"] == {"a": {"b": 1, "c": 2}, "l": [{"name": "x"}]}
    with pytest.raises(patch.ApplyConflict) as raised:
        apply(live, "bob", {"l": [{"name": "x"}, {"name": "y"}]})
    assert raised.value.message == 'Apply failed with 1 conflict: conflict with "ann": .spec.l'


def test_same_but_times_sees_everything_but_times() -> None:
    item = applied(None, {"size": 1})
    later = duplicate(item)
    later["metadata"]["managedFields"][0]["time"] = "2030-01-01T00:00:00Z"
    assert patch.same_but_times(item, later)
    later["metadata"]["managedFields"][0]["manager"] = "bob"
    assert not patch.same_but_times(item, later)
    assert not patch.same_but_times(item, {**item, "spec": {"size": 2}})


def test_ten_updaters_at_most_the_oldest_share_an_entry() -> None:
    live = written(None, config({"size": 1}), "m0")
    names = [f"m{number}" for number in range(1, 14)]
    for second, name in enumerate(names, start=1):
        spec = {"size": 1, "options": dict.fromkeys(names[:second], "x")}
        live = written(live, {**config(spec), "metadata": live["metadata"]}, name, second)
    entries = live["metadata"]["managedFields"]
    assert len(entries) == 10
    assert entries[0]["manager"] == "ancient-changes"
    assert [one["time"] <= two["time"] for one, two in pairwise(entries)] == [True] * 9
