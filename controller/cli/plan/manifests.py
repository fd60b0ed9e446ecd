"""The objects of one stage as they would be written, and their difference to those that there are."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from controller.core.objects import Object
from controller.simulate.objects import Key

_SERVERS = ("uid", "resourceVersion", "generation", "managedFields", "creationTimestamp", "selfLink")
_FENCE = "sluice.dev/fence"
"""Its value is the Release's version at that moment, which nobody knows before."""


Changed = tuple[Key, Object | None, Object | None]
"""Key, before, after; None where there was or will be no such object."""


def changed(before: Mapping[Key, Object], after: Mapping[Key, Object]) -> list[Changed]:
    """Every object that differs in more than what the API server fills in."""
    found: list[Changed] = []
    for key in sorted(before.keys() | after.keys()):
        old, new = (cleaned(side[key]) if key in side else None for side in (before, after))
        if old != new:
            found.append((key, old, new))
    return found


def cleaned(one: Object) -> dict[str, Any]:
    """The object without status, without what the API server fills in, and without anybody's secrets."""
    metadata = {key: value for key, value in one["metadata"].items() if key not in _SERVERS}
    notes = {key: value for key, value in (metadata.pop("annotations", None) or {}).items() if key != _FENCE}
    if notes:
        metadata["annotations"] = notes
    plain = {**{key: value for key, value in one.items() if key != "status"}, "metadata": metadata}
    if one["kind"] == "Secret":
        plain |= {field: "(not shown)" for field in ("data", "stringData") if field in one}
    return plain


def as_yaml(one: Object | None) -> str:
    """The object as YAML, "" for none; its first fields in the usual order."""
    if one is None:
        return ""
    first = [key for key in ("apiVersion", "kind", "metadata") if key in one]
    plain = {key: one[key] for key in (*first, *sorted(one.keys() - set(first)))}
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=120)


def difference(one: Changed) -> Iterator[str]:
    """A unified diff, line by line; an object that is made or goes is one against nothing."""
    key, old, new = one
    called = f"{key[0]} {key[1]}/{key[2]}"
    before, after = (called if side is not None else "(nothing)" for side in (old, new))
    yield from difflib.unified_diff(as_yaml(old).splitlines(), as_yaml(new).splitlines(), before, after, lineterm="")


class _Dumper(yaml.SafeDumper):
    """Plain YAML: no anchors for what two objects share."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
