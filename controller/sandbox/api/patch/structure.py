"""Walks over objects and their schema together: which fields there are, which differ, merging, and taking away.

The rules are those of Kubernetes' structured merge (KEP-555, sigs.k8s.io/structured-merge-diff): a scalar, an atomic
object and an atomic list are one leaf; an object or a keyed list that is empty on both sides is a leaf too, so that
null, empty and absent stay apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from controller.sandbox.api.patch import fields
from controller.sandbox.api.patch.fields import FieldSet
from controller.sandbox.api.patch.shape import Schema, element_of, is_declared, is_granular, item, list_keys, member
from controller.sandbox.api.patch.values import duplicate, same

_ABSENT: Any = type("Absent", (), {"__repr__": lambda _self: "absent"})()


def field_set(value: Any, schema: Schema) -> FieldSet:
    """The fields of ``value``: what a manager owns that applies it."""
    result = FieldSet()
    if isinstance(value, dict):
        for name, inner in value.items():
            element = fields.field(name)
            _collect(result, element, inner, member(schema, name))
            if inner is None or inner == {} or not is_declared(schema, name):
                result.members.add(element)
    elif isinstance(value, list):
        for element, entries in _by_element(value, schema).items():
            result.members.add(element)
            if len(entries) == 1:
                _collect(result, element, entries[0], item(schema))
    return result


def _collect(result: FieldSet, element: str, value: Any, schema: Schema) -> None:
    if not is_granular(schema, value):
        if not (value is None and list_keys(schema) is not None):
            result.members.add(element)
        return
    child = field_set(value, schema)
    if child:
        result.children[element] = child


def _by_element(entries: list[Any], schema: Schema) -> dict[str, list[Any]]:
    """A granular list's items by their path element, in order; two items with one key stand together.

    Items without a key cannot be told apart: they are left out.
    """
    result: dict[str, list[Any]] = {}
    for entry in entries:
        try:
            element = element_of(schema, entry)
        except ValueError:
            continue
        result.setdefault(element, []).append(entry)
    return result


@dataclass
class Difference:
    """The fields that a new object has and the old one has not, that changed, and that are gone."""

    added: FieldSet = field(default_factory=FieldSet)
    modified: FieldSet = field(default_factory=FieldSet)
    removed: FieldSet = field(default_factory=FieldSet)

    def without(self, trees: FieldSet) -> Difference:
        """Without these paths and everything below them."""
        return Difference(
            self.added.without_trees(trees), self.modified.without_trees(trees), self.removed.without_trees(trees)
        )


def compare(old: Any, new: Any, schema: Schema) -> Difference:
    """What turns ``old`` into ``new``, two whole objects."""
    result = Difference()
    _compare(old, new, schema, (), result)
    return result


def _compare(old: Any, new: Any, schema: Schema, path: fields.Path, result: Difference) -> None:
    before = old if is_granular(schema, old) else None
    after = new if is_granular(schema, new) else None
    if not before and not after:
        _compare_leaf(old, new, path, result)
        return
    if before is not None and after is not None and type(before) is not type(after):
        _compare_inside(before, None, schema, path, result)
        before, old = None, ""  # now as if it had been a leaf
    _compare_inside(before, after, schema, path, result)
    if old is _ABSENT:
        result.added.add(path)
    elif new is _ABSENT:
        result.removed.add(path)
    elif (before is None and old is not None) or (after is None and new is not None):
        result.modified.add(path)  # a leaf became an object or a list, or the other way round


def _compare_inside(before: Any, after: Any, schema: Schema, path: fields.Path, result: Difference) -> None:
    if isinstance(before, dict) or isinstance(after, dict):
        _compare_objects(before or {}, after or {}, schema, path, result)
    else:
        _compare_lists(before or [], after or [], schema, path, result)


def _compare_leaf(old: Any, new: Any, path: fields.Path, result: Difference) -> None:
    if old is _ABSENT:
        result.added.add(path)
    elif new is _ABSENT:
        result.removed.add(path)
    elif not same(old, new):
        result.modified.add(path)


def _compare_objects(
    old: dict[str, Any], new: dict[str, Any], schema: Schema, path: fields.Path, result: Difference
) -> None:
    for name in old.keys() | new.keys():
        before, after = old.get(name, _ABSENT), new.get(name, _ABSENT)
        if not same(before, after):  # what is equal is left out before any schema is asked
            _compare(before, after, member(schema, name), (*path, fields.field(name)), result)


def _compare_lists(old: list[Any], new: list[Any], schema: Schema, path: fields.Path, result: Difference) -> None:
    before, after = _by_element(old, schema), _by_element(new, schema)
    below = item(schema)
    for element in {**before, **after}:
        olds, news = before.get(element, []), after.get(element, [])
        here = (*path, element)
        if len(olds) <= 1 and len(news) <= 1:
            _compare(olds[0] if olds else _ABSENT, news[0] if news else _ABSENT, below, here, result)
        elif len(olds) > 1 and len(news) > 1:  # items with one key, before and after, count as one leaf
            if not same(olds, news):
                result.modified.add(here)
        elif len(olds) > 1:
            if news:
                _compare(_ABSENT, news[0], below, here, result)
            result.removed.add(here)
        else:
            if olds:
                _compare(olds[0], _ABSENT, below, here, result)
            result.added.add(here)


def merge(live: Any, applied: Any, schema: Schema) -> Any:
    """``live`` with ``applied`` laid over it: leaves of ``applied`` win, what it does not name stays."""
    if not is_granular(schema, applied) or type(live) is not type(applied) or not is_granular(schema, live):
        return duplicate(applied)
    if isinstance(applied, list):
        return _merge_lists(live, applied, schema)
    result = {}
    for name in {**live, **applied}:
        if name not in applied:
            result[name] = duplicate(live[name])
        elif name not in live:
            result[name] = duplicate(applied[name])
        else:
            result[name] = merge(live[name], applied[name], member(schema, name))
    return result


def _merge_lists(live: list[Any], applied: list[Any], schema: Schema) -> list[Any]:
    """Items of both; those in ``applied`` in its order, the others where they stood among them."""
    wanted = {element_of(schema, entry): entry for entry in applied}
    found = _by_element(live, schema)
    below = item(schema)
    shared = [element for element in wanted if element in found]
    result: list[Any] = []
    pending = list(wanted)

    def take(element: str) -> None:
        entries = found.get(element, [])
        entry = wanted[element]
        # Two live items with one key are both replaced by the applied one.
        result.append(merge(entries[0], entry, below) if len(entries) == 1 else duplicate(entry))
        if element in shared:
            shared.remove(element)

    for entry in live:
        element = element_of(schema, entry)
        if element not in wanted:
            result.append(duplicate(entry))
        elif shared and shared[0] == element:
            # Applied items that are new come just before the next shared one, as they do in `applied`.
            while pending:
                following = pending.pop(0)
                take(following)
                if following == element:
                    break
    for element in pending:
        take(element)
    return result


def remove(value: Any, owned: FieldSet, schema: Schema) -> Any:
    """``value`` without the fields and items in ``owned``.

    An object or list that this empties becomes null, as in the server: a built-in kind then drops it, or has an empty
    struct there, and a custom resource is invalid unless its schema allows null.
    """
    if not is_granular(schema, value) or not owned:
        return duplicate(value)
    if isinstance(value, dict):
        return _remove_members(value, owned, schema)
    kept = []
    for entry in value:
        try:
            element = element_of(schema, entry)
        except ValueError:
            kept.append(duplicate(entry))
            continue
        if element not in owned.members:
            kept.append(remove(entry, owned.below(element), item(schema)))
    return kept or None


def _remove_members(value: dict[str, Any], owned: FieldSet, schema: Schema) -> dict[str, Any] | None:
    result = {}
    for name, inner in value.items():
        element = fields.field(name)
        if element in owned.members:
            continue
        result[name] = remove(inner, owned.below(element), member(schema, name))
    return result or None
