"""Strategic merge patch, as kubectl sends it for built-in kinds.

Like a JSON merge patch, but lists whose schema says so (``x-kubernetes-patch-strategy: merge``) are merged: lists of
scalars as sets, lists of objects by ``x-kubernetes-patch-merge-key``. Directives in the patch:

- ``$patch: replace | delete | merge`` in an object, or in an item of a merged list;
- ``$retainKeys: [...]``: members that are not named go;
- ``$deleteFromPrimitiveList/NAME: [...]``: scalars to take out of the list NAME;
- ``$setElementOrder/NAME: [...]``: the order of the list NAME.

Protocol: k8s.io/design-proposals-archive, "strategic-merge-patch" and "preserve-order-in-strategic-merge-patch".
"""

from __future__ import annotations

from typing import Any

from controller.sandbox.api.patch.errors import GENERIC_422, PatchError
from controller.sandbox.api.patch.go_text import cannot_unmarshal, go_text
from controller.sandbox.api.patch.shape import Schema, item, member, whole
from controller.sandbox.api.patch.values import duplicate, same

_PATCH = "$patch"
_RETAIN = "$retainKeys"
_DELETE_SCALARS = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"

Members = dict[str, Any]


def strategic_merge(target: Members, patch: Any, schema: Schema | None) -> Members:
    """``target`` with ``patch`` merged into it; both stay untouched.

    Raises PatchError: 400 for a patch or directive of the wrong form, 422 for lists of lists, 500 (as the server does)
    for an item without its merge key or an unknown directive.
    """
    if not isinstance(patch, dict):
        message = cannot_unmarshal(patch, "value of type map[string]interface {}")
        raise PatchError(400, "BadRequest", message)
    return _merge(duplicate(target), duplicate(patch), whole(schema))


def _failed(message: str) -> PatchError:
    return PatchError(500, "", message)


def _strategies(schema: Schema) -> set[str]:
    return set(schema.get("x-kubernetes-patch-strategy", "").split(","))


def _merge(original: Members, patch: Members, schema: Schema) -> Members:
    """Merges into ``original`` and returns it (or what replaces it); both arguments are used up."""
    if _PATCH in patch:
        directive = patch.pop(_PATCH)
        if directive == "replace":
            return patch
        if directive == "delete":
            return {}
        raise _failed(f"unknown patch type: {go_text(directive)} in map: {go_text({**patch, _PATCH: directive})}")
    _retain(original, patch)
    for name in [name for name in patch if name.startswith(_ORDER)]:
        _merge_ordered(original, patch, name, schema)
    for name, value in patch.items():
        if name == _RETAIN:
            continue
        if name.startswith(_DELETE_SCALARS[:-1]):
            _delete_scalars(original, name, value)
        elif value is None:
            original.pop(name, None)
        else:
            _merge_member(original, name, value, schema)
    return original


def _merge_member(original: Members, name: str, value: Any, schema: Schema) -> None:
    found = original.get(name)
    below = member(schema, name)
    if isinstance(found, dict) and isinstance(value, dict):
        original[name] = value if "replace" in _strategies(below) else _merge(found, value, below)
    elif isinstance(found, list) and isinstance(value, list):
        original[name] = _merge_lists(found, value, below) if "merge" in _strategies(below) else value
    else:
        if found is None or type(found) is not type(value):
            _drop_nulls(value)
        kept = _without_directives(value)
        if kept is None:
            original.pop(name, None)
        else:
            original[name] = kept


def _drop_nulls(value: Any) -> None:
    if isinstance(value, dict):
        for name in [name for name, inner in value.items() if inner is None]:
            del value[name]
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _drop_nulls(inner)


def _without_directives(value: Any) -> Any:
    """``value`` without objects that carry ``$patch``; None when it is one itself."""
    if isinstance(value, dict):
        if _PATCH in value:
            return None
        kept = {name: (inner, _without_directives(inner)) for name, inner in value.items()}
        return {name: clean for name, (inner, clean) in kept.items() if inner is None or clean is not None}
    if isinstance(value, list):
        return [inner for inner in map(_without_directives, value) if inner is not None]
    return value


def _retain(original: Members, patch: Members) -> None:
    if _RETAIN not in patch:
        return
    names = patch[_RETAIN]
    if not isinstance(names, list):
        raise PatchError(400, "BadRequest", "invalid patch format of retainKeys")
    for name, value in patch.items():
        directive = name == _RETAIN or name.startswith((_DELETE_SCALARS, _ORDER))
        if value is not None and not directive and name not in names:
            raise PatchError(400, "BadRequest", "invalid patch format of retainKeys")
    for name in [name for name in original if name not in names]:
        del original[name]


def _delete_scalars(original: Members, directive: str, scalars: Any) -> None:
    name = directive.removeprefix(_DELETE_SCALARS)
    if name == directive:
        raise PatchError(400, "BadRequest", "invalid patch format of primitive list")
    if isinstance(original.get(name), list) and isinstance(scalars, list):
        original[name] = [entry for entry in original[name] if not _among(entry, scalars)]


def _among(entry: Any, entries: list[Any]) -> bool:
    return any(same(entry, other) for other in entries)


def _check_items(*lists: list[Any]) -> bool:
    """Whether the items are objects; all must be of one type, and none a list."""
    kinds = list(dict.fromkeys(type(entry) for entries in lists for entry in entries))
    if kinds[:1] == [list]:
        raise PatchError(422, "Invalid", GENERIC_422, detail="lists of lists are not supported")
    if len(kinds) > 1 and set(kinds) != {int, float}:
        raise _failed(f"list element types are not identical: {go_text(list(lists))}")
    return kinds == [dict]


def _merge_key(schema: Schema) -> str:
    merge_key: str = schema.get("x-kubernetes-patch-merge-key", "")
    if not merge_key:
        raise _failed("cannot merge lists without merge key")
    return merge_key


def _key_of(entry: Members, merge_key: str) -> Any:
    if merge_key not in entry:
        raise _failed(f"map: {go_text(entry)} does not contain declared merge key: {merge_key}")
    return entry[merge_key]


def _find(entries: list[Any], merge_key: str, wanted: Any) -> int | None:
    for position, entry in enumerate(entries):
        if merge_key in entry and same(entry[merge_key], wanted):
            return position
    return None


def _merge_lists(original: list[Any], patch: list[Any], schema: Schema) -> list[Any]:
    """Merged items, those of the patch in its order, the others where they stood."""
    if not original and not patch:
        return original
    if not _check_items(original, patch):
        merged = list(original)
        merged += [entry for position, entry in enumerate(patch) if not _among(entry, merged + patch[:position])]
        return _in_order(merged, patch, original, "")
    merge_key = _merge_key(schema)
    original, plain = _carry_out_directives(original, patch, merge_key)
    merged = list(original)
    for entry in plain:
        position = _find(merged, merge_key, _key_of(entry, merge_key))
        if position is None:
            merged.append(entry)
        else:
            merged[position] = _merge(merged[position], dict(entry), item(schema))
    return _in_order(merged, plain, original, merge_key)


def _carry_out_directives(original: list[Any], patch: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """The live items left after ``$patch: delete`` and ``replace``, and the items of the patch that are plain."""
    plain, replace = [], False
    for entry in patch:
        directive = entry.get(_PATCH)
        if directive is None:
            plain.append(entry)
        elif directive == "delete":
            gone = _key_of(entry, merge_key)
            original = [found for found in original if merge_key not in found or not same(found[merge_key], gone)]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise _failed("merging lists cannot yet be specified in the patch")
        else:
            raise _failed(f"unknown patch type: {go_text(directive)} in map: {go_text(entry)}")
    return [] if replace else original, plain


def _merge_ordered(original: Members, patch: Members, directive: str, schema: Schema) -> None:
    """Merges the list that a ``$setElementOrder/NAME`` speaks of, and puts it in that order."""
    order = patch.pop(directive)
    name = directive.removeprefix(_ORDER)
    below = member(schema, name)
    live, wanted = original.get(name), patch.pop(name, None)
    for found in (order, live, wanted):
        if found is not None and not isinstance(found, list):
            raise _failed(f"expected a []interface {{}}, but received a {go_text(type(found))}")
    merge_key = below.get("x-kubernetes-patch-merge-key", "")
    _check_order(wanted or [], order, merge_key)
    if live is None and wanted is None:
        return
    if live is None:
        merged = _without_directives(wanted)
    elif wanted is None:
        merged = live
    elif "merge" in _strategies(below):
        merged = _merge_lists(list(live), wanted, below)
    else:
        merged = wanted
    original[name] = _in_order(merged, order, live or [], merge_key)


def _check_order(wanted: list[Any], order: list[Any], merge_key: str) -> None:
    """The items of the patch must stand in ``order`` as they stand in the patch."""
    if not wanted or not order:
        return
    rest = [_identity(entry, merge_key) for entry in wanted if not (isinstance(entry, dict) and _PATCH in entry)]
    for entry in order:
        if rest and same(rest[0], _identity(entry, merge_key)):
            rest.pop(0)
    if rest:
        raise _failed(
            f"The order in patch list:\n{go_text(wanted)}\n doesn't match $setElementOrder list:\n{go_text(order)}\n"
        )


def _identity(entry: Any, merge_key: str) -> Any:
    return _key_of(entry, merge_key) if merge_key and isinstance(entry, dict) else entry


def _in_order(merged: list[Any], order: list[Any], live: list[Any], merge_key: str) -> list[Any]:
    """``merged`` with the items named in ``order`` in that order, and the others kept where they were in ``live``.

    An item that only the server knows goes before the first item that followed it in the live list.
    """

    def place(entries: list[Any], entry: Any) -> int:
        wanted = _identity(entry, merge_key)
        for position, other in enumerate(entries):
            if same(_identity(other, merge_key), wanted):
                return position
        return -1

    named = sorted((entry for entry in merged if place(order, entry) >= 0), key=lambda entry: place(order, entry))
    others = sorted((entry for entry in merged if place(order, entry) < 0), key=lambda entry: place(live, entry))
    result = []
    while named and others:
        left, right = place(live, named[0]), place(live, others[0])
        take_named = left < 0 or right < 0 or left < right
        result.append((named if take_named else others).pop(0))
    return result + named + others
