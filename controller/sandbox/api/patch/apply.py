"""Server-side apply, and the keeping of managedFields for every other write.

The rules are those of KEP-555 as a kube-apiserver carries them out:

- A write by create, update or patch owns what it added or changed; everybody else loses those fields, and fields that
  are gone have no owner. Its entry is told apart by (manager, Update, apiVersion, subresource).
- An apply owns all it names, also where it changes nothing. A value of somebody else's field that it would change is
  a conflict unless it forces. What this manager applied before and no longer names is removed where nobody else owns
  it.
- An object whose managedFields were emptied by hand is not tracked until it is applied again; then all it has belongs
  to ``before-first-apply``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from controller.sandbox.api.patch import fields, last_applied
from controller.sandbox.api.patch.blank import blank
from controller.sandbox.api.patch.check import check_applied
from controller.sandbox.api.patch.errors import ApplyConflict, PatchError
from controller.sandbox.api.patch.fields import FieldSet
from controller.sandbox.api.patch.managed import (
    APPLY,
    UPDATE,
    Entry,
    ManagerId,
    Managers,
    cap,
    decode,
    decode_stored,
    encode,
    identify,
    owned_by_all,
    rfc3339,
)
from controller.sandbox.api.patch.ownership import NEVER_OWNED, Clash, record_change, take_over
from controller.sandbox.api.patch.shape import Schema, is_builtin, whole, with_named_fields
from controller.sandbox.api.patch.structure import field_set, merge, remove
from controller.sandbox.api.patch.values import same

Object = dict[str, Any]
Resets = tuple[list[Object], ...]
Trees = Collection[Sequence[str]]  # field names from the top: ("status",), ("metadata", "labels")


def record_update(
    old: Object | None,
    new: Object,
    schema: Schema | None,
    *,
    manager: str,
    api_version: str,
    now: datetime,
    subresource: str = "",
    operation: str = UPDATE,
    reset: Trees = (),
) -> Object:
    """``new`` with the managedFields that it gets when ``manager`` writes it over ``old`` (None: creates it).

    ``new`` is the object as decoded and defaulted, before the server sets its own metadata. managedFields that the
    writer sent count (this is how kubectl hands ownership over), ``[{}]`` (or ``[]``, of a built-in kind) stops the
    tracking; sent through a subresource, or unreadable, they are ignored. ``now`` is an aware time. ``reset`` as for
    :func:`apply`. Neither argument is changed; the result shares its values with ``new``.
    """
    # Of a custom resource the server drops an empty list before it looks.
    resets: Resets = ([{}], []) if is_builtin(schema) else ([{}],)
    schema = whole(schema)
    managers = _sent_or_stored(old, new, subresource, resets)
    result = _untracked(new)
    if old is not None and not managers:
        return result
    who = identify(manager, operation, api_version, subresource)
    base = blank(api_version, new.get("kind", "")) if old is None else _untracked(old)
    return _tracked(result, cap(record_change(base, result, schema, managers, who, rfc3339(now), _trees(reset))))


def apply(
    live: Object | None,
    applied: Object,
    schema: Schema | None,
    *,
    manager: str,
    api_version: str,
    now: datetime,
    subresource: str = "",
    force: bool = False,
    reset: Trees = (),
) -> Object:
    """The object after ``manager`` applied ``applied`` to ``live`` (None: there was none), managedFields included.

    Defaults and validation are the caller's, afterwards. ``now`` is an aware time. ``reset`` names the trees that this
    endpoint ignores (``[("status",)]`` for the main one of a kind with a status): they are never owned.
    An apply that changes nothing leaves the time of its entry alone; see :func:`same_but_times`.

    Raises ApplyConflict, and PatchError: 400 for another apiVersion or for managedFields in ``applied``, 500 (as the
    server does) for a value that does not fit the schema.
    """
    schema = whole(schema)
    _check_request(applied, api_version, live)
    managers = decode_stored(live)
    base = blank(api_version, applied.get("kind", "")) if live is None else _untracked(live)
    if live is not None and not managers:
        who = identify("before-first-apply", UPDATE, api_version, "")
        nothing = blank(api_version, applied.get("kind", ""))
        managers = record_change(nothing, base, schema, {}, who, rfc3339(now), FieldSet())
    check_applied(applied, schema)
    request = _Apply(base, applied, schema, identify(manager, APPLY, api_version, subresource), _trees(reset))
    try:
        result, managers = request.run(managers, force=force)
    except Clash as clash:
        left = last_applied.unexplained(clash.fields, base, schema) if manager == "kubectl" else clash.fields
        if left:
            raise ApplyConflict([(_printed(who), fields.path_text(path)) for who, path in left]) from None
        result, managers = request.run(managers, force=True)
    if not same(result, base) and request.who in managers:
        managers[request.who] = replace(managers[request.who], time=rfc3339(now))
    if manager == "kubectl":
        last_applied.renew(result, applied)
    return _tracked(result, managers)


def same_but_times(old: Object, new: Object) -> bool:
    """Whether two objects differ at most in the times of their managedFields: such a write changes nothing."""

    def timeless(item: Object) -> Any:
        metadata = dict(item.get("metadata") or {})
        entries = [{**entry, "time": None} for entry in metadata.pop("managedFields", None) or []]
        return [{**item, "metadata": metadata}, entries]

    return same(timeless(old), timeless(new))


class _Apply:
    """One apply: what is applied to what, by whom."""

    def __init__(self, base: Object, applied: Object, schema: Schema, who: ManagerId, reset: FieldSet) -> None:
        self.who = who
        self._base = base
        self._applied = applied
        self._schema = schema
        self._reset = reset

    def run(self, managers: Managers, *, force: bool) -> tuple[Object, Managers]:
        """The object and its managers afterwards; neither has a new time yet. Raises Clash unless forced."""
        before = managers.get(self.who)
        owned = field_set(self._applied, self._schema).without_trees(self._reset)
        version = self._applied["apiVersion"]
        managers = {**managers, self.who: Entry(owned, version, before.time if before else None)}
        result = merge(self._base, self._applied, self._schema)
        if before is not None:
            result = self._prune(result, before.owned, owned_by_all(managers.values()))
        managers, _ = take_over(self._base, result, self._schema, managers, self.who, self._reset, force)
        mine = managers.get(self.who)
        if mine is not None:
            owned = mine.owned - NEVER_OWNED
            if owned:
                managers[self.who] = replace(mine, owned=owned)
            else:
                del managers[self.who]
        return result, managers

    def _prune(self, merged: Object, before: FieldSet, owned: FieldSet) -> Object:
        """``merged`` without what this manager applied before, unless somebody still owns it (``owned``).

        Taking a struct away takes all it holds; so what others own is put back first, and then what was never this
        manager's.
        """
        schema = self._schema

        def named(paths: FieldSet) -> FieldSet:
            return with_named_fields(paths, schema)

        everything = named(field_set(merged, schema))
        pruned = remove(merged, named(before), schema)
        kept = named(field_set(pruned, schema)) | named(owned)
        pruned = remove(merged, everything - kept, schema)
        gone = everything - named(field_set(pruned, schema))
        result: Object = remove(merged, gone & named(before), schema)
        return result


def _check_request(applied: Object, api_version: str, live: Object | None) -> None:
    kind = applied.get("kind", "")
    if applied.get("apiVersion") != api_version or (live is not None and live.get("kind", kind) != kind):
        raise PatchError(400, "BadRequest", f"invalid object type: {applied.get('apiVersion', '')}, Kind={kind}")
    if (applied.get("metadata") or {}).get("managedFields") is not None:
        raise PatchError(400, "BadRequest", "metadata.managedFields must be nil")


def _sent_or_stored(old: Object | None, new: Object, subresource: str, resets: Resets) -> Managers:
    if subresource:
        return decode_stored(old)
    sent = (new.get("metadata") or {}).get("managedFields")
    if sent in resets:
        return {}
    try:
        managers = decode(sent)
    except (ValueError, AttributeError, TypeError):
        managers = {}
    return managers or decode_stored(old)


def _untracked(item: Object) -> Object:
    """``item`` without its managedFields; it shares the rest with ``item``."""
    metadata = item.get("metadata")
    if not isinstance(metadata, dict):
        return dict(item)
    return {**item, "metadata": {name: value for name, value in metadata.items() if name != "managedFields"}}


def _tracked(item: Object, managers: Managers) -> Object:
    if managers:
        item.setdefault("metadata", {})["managedFields"] = encode(managers)
    return item


def _trees(reset: Trees) -> FieldSet:
    return FieldSet.of(*(tuple(map(fields.field, names)) for names in reset))


def _printed(who: ManagerId) -> str:
    text = f'"{who.manager}"'
    if who.subresource:
        text += f' with subresource "{who.subresource}"'
    return f"{text} using {who.api_version}" if who.operation == UPDATE else text
