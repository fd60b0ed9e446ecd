"""How ownership moves when an object changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controller.sandbox.api.patch import fields
from controller.sandbox.api.patch.blank import fill
from controller.sandbox.api.patch.fields import FieldSet, Path
from controller.sandbox.api.patch.managed import Entry, ManagerId, Managers
from controller.sandbox.api.patch.shape import Schema
from controller.sandbox.api.patch.structure import Difference, compare

Object = dict[str, Any]

NEVER_OWNED = FieldSet.of(
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata",),
    *(
        ("f:metadata", fields.field(name))
        for name in (
            *("name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName"),
            *("generation", "managedFields", "resourceVersion"),
        )
    ),
)


class Clash(Exception):
    """Fields of other managers would change; ``fields`` names the owner and the path of each."""

    def __init__(self, clashes: list[tuple[ManagerId, Path]]) -> None:
        super().__init__(f"{len(clashes)} conflicts")
        self.fields = clashes


def take_over(
    old: Object, new: Object, schema: Schema, managers: Managers, writer: ManagerId | None, reset: FieldSet, force: bool
) -> tuple[Managers, Difference]:
    """The managers after ``old`` became ``new`` by ``writer``'s hand, and what changed.

    What lies in the trees ``reset`` counts as unchanged. Everybody but the writer loses what was added, changed or
    removed. Raises Clash, unless forced, when what was added or changed belonged to somebody else.
    """
    api_version, kind = new.get("apiVersion", ""), new.get("kind", "")
    change = compare(fill(old, api_version, kind), fill(new, api_version, kind), schema).without(reset)
    taken = change.added | change.modified
    if not force:
        clashes = [
            (who, path) for who, entry in sorted(managers.items()) if who != writer for path in entry.owned & taken
        ]
        if clashes:
            raise Clash(clashes)
    lost = taken | change.removed
    result = {
        who: entry if who == writer else replace(entry, owned=entry.owned - lost) for who, entry in managers.items()
    }
    return {who: entry for who, entry in result.items() if entry.owned}, change


def record_change(
    old: Object, new: Object, schema: Schema, managers: Managers, who: ManagerId, time: str, reset: FieldSet
) -> Managers:
    """The managers after ``who`` wrote ``new`` by create, update or patch; its time is kept when it took no field."""
    result, change = take_over(old, new, schema, managers, None, reset, force=True)
    taken = (change.added | change.modified) - NEVER_OWNED
    if taken:
        before = result.get(who)
        result[who] = Entry(taken if before is None else taken | before.owned, who.api_version, time)
    return result
