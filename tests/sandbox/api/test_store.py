from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sandbox.api.store import Change, Compacted, Store

Object = dict[str, Any]


def item(name: str, namespace: str = "n", **more: Any) -> Object:
    return {"metadata": {"name": name, "namespace": namespace}, **more}


def test_each_write_has_a_version_of_its_own() -> None:
    store = Store()
    first, second = store.put("t", item("a")), store.put("t", item("a", x=1))
    assert second.revision == first.revision + 1
    assert second.object["metadata"]["resourceVersion"] == str(second.revision)
    assert store.get("t", "n", "a") is second


def test_rows_come_by_key_and_by_namespace() -> None:
    store = Store()
    for name, namespace in (("b", "n"), ("a", "n"), ("a", "m"), ("a", "n-1")):
        store.put("t", item(name, namespace))
    assert [key for key, _ in store.rows("t")] == [("m", "a"), ("n", "a"), ("n", "b"), ("n-1", "a")]
    assert [key for key, _ in store.rows("t", "n")] == [("n", "a"), ("n", "b")]
    assert (store.count("t"), store.count("t", "m"), store.count("other")) == (4, 1, 0)


def test_a_listener_that_writes_does_not_turn_the_order_around() -> None:
    store = Store()
    seen: list[tuple[str, int]] = []

    def writer(change: Change) -> None:
        if change.new.object.get("x") != 2:
            store.put("t", item("a", x=change.new.object.get("x", 0) + 1))

    store.listen("t", writer)
    store.listen("t", lambda change: seen.append((change.key[1], change.new.object.get("x", 0))))
    store.put("t", item("a"))
    assert seen == [("a", 0), ("a", 1), ("a", 2)]


def test_a_listener_can_leave() -> None:
    store = Store()
    seen: list[Change] = []
    leave = store.listen("t", seen.append)
    store.put("t", item("a"))
    leave()
    leave()
    store.put("t", item("a"))
    assert len(seen) == 1
    assert store.watchers("t") == 0


def test_what_is_compacted_cannot_be_asked_for() -> None:
    store = Store(history=3)
    first = store.put("t", item("a"))
    for number in range(3):
        store.put("t", item("a", x=number))
    assert store.compacted == first.revision
    assert len(store.changes("t", first.revision)) == 3
    with pytest.raises(Compacted) as caught:
        store.changes("t", first.revision - 1)
    assert caught.value.oldest == first.revision
    store.compact()
    assert store.changes("t", store.revision) == []
    with pytest.raises(Compacted):
        store.rows_at("t", store.revision - 1)


Writes = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("mn"), st.booleans()), max_size=30)


@given(Writes)
def test_every_moment_can_be_seen_again(writes: list[tuple[str, str, bool]]) -> None:
    """Property: rows_at gives each past moment, and the changes since it lead from there to now."""
    store = Store()
    moments: dict[int, dict[tuple[str, str], int]] = {store.revision: {}}
    for name, namespace, deleted in writes:
        current = store.get("t", namespace, name)
        if deleted and current is not None:
            store.delete("t", item(name, namespace))
        elif not deleted:
            store.put("t", item(name, namespace))
        moments[store.revision] = {key: row.revision for key, row in store.rows("t")}
    for revision, expected in moments.items():
        assert {key: row.revision for key, row in store.rows_at("t", revision)} == expected
        state = dict(expected)
        for change in store.changes("t", revision):
            if change.deleted:
                del state[change.key]
            else:
                state[change.key] = change.revision
        assert state == moments[store.revision]
        one = {key: value for key, value in expected.items() if key[0] == "m"}
        assert {key: row.revision for key, row in store.rows_at("t", revision, "m")} == one
