"""The smallest writes that make found objects the wanted ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.core.objects.found import Ref
from controller.core.objects.metadata import Object, name, namespace, resource_version


@dataclass(frozen=True, slots=True)
class Create:
    """An object that is not there yet."""

    wanted: Object

    @property
    def ref(self) -> Ref:
        return ref_of(self.wanted)


@dataclass(frozen=True, slots=True)
class Patch:
    """A merge patch (RFC 7386) of exactly the fields that differ, valid only on the version that was found."""

    ref: Ref
    body: Mapping[str, Any]
    version: str


@dataclass(frozen=True, slots=True)
class Delete:
    """An object that has to go, in the background; valid only for the object with this ``uid``."""

    ref: Ref
    uid: str


Change = Create | Patch | Delete


def ref_of(obj: Object) -> Ref:
    return Ref(obj["apiVersion"], obj["kind"], namespace(obj), name(obj))


def change(found: Object | None, wanted: Object) -> Create | Patch | None:
    """The write that makes ``found`` (None: there is none) ``wanted``; None when nothing differs."""
    if found is None:
        return Create(wanted)
    body = difference(found, wanted)
    return Patch(ref_of(found), body, resource_version(found)) if body else None


def difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that turns ``found`` into ``wanted``; empty when they are equal.

    Lists are replaced whole, as merge patches do. A wanted value may not be None: a merge patch cannot set it.
    """
    patch: dict[str, Any] = {key: None for key in found if key not in wanted}
    for key, value in wanted.items():
        before = found.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            inner = difference(before, value)
            if inner:
                patch[key] = inner
        elif key not in found or before != value:
            patch[key] = value
    return patch
