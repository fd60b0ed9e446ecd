"""What every object carries: who it is, whose it is, what is known of it."""

from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]
"""An object of Kubernetes as JSON."""

PREFIX = "sluice.dev/"
"""What the keys of our own labels and annotations begin with."""


def _section(obj: Object, *path: str) -> Mapping[str, Any]:
    """The map at this path, an empty one where there is none."""
    value: Any = obj
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _text(obj: Object, key: str) -> str:
    value = _section(obj, "metadata").get(key)
    return value if isinstance(value, str) else ""


def name(obj: Object) -> str:
    return _text(obj, "name")


def namespace(obj: Object) -> str:
    """Empty for an object of the whole cluster."""
    return _text(obj, "namespace")


def uid(obj: Object) -> str:
    return _text(obj, "uid")


def resource_version(obj: Object) -> str:
    return _text(obj, "resourceVersion")


def generation(obj: Object) -> int:
    """How often the spec was written; 0 before the API server counted."""
    value = _section(obj, "metadata").get("generation")
    return value if isinstance(value, int) else 0


def labels(obj: Object) -> dict[str, str]:
    return dict(_section(obj, "metadata", "labels"))


def annotations(obj: Object) -> dict[str, str]:
    return dict(_section(obj, "metadata", "annotations"))


def deleting(obj: Object) -> bool:
    """Whether it is on its way out, waiting for finalizers."""
    return bool(_text(obj, "deletionTimestamp"))


def where(obj: Object) -> str:
    """How a message calls it: ``Deployment shop/podinfo``."""
    place = f"{namespace(obj)}/{name(obj)}" if namespace(obj) else name(obj)
    return f"{obj.get('kind') or 'object'} {place}"


def condition(obj: Object, kind: str) -> Mapping[str, Any] | None:
    """The condition of this type in the object's status, None without one."""
    conditions = _section(obj, "status").get("conditions")
    if not isinstance(conditions, list):
        return None
    return next((entry for entry in conditions if isinstance(entry, Mapping) and entry.get("type") == kind), None)


def owner_reference(owner: Object, *, controller: bool = True) -> dict[str, Any]:
    """An entry of ``ownerReferences`` that names ``owner``; it does not hold up the owner's deletion.

    Raises ValueError for an owner without uid: Kubernetes would collect the object at once.
    """
    if not uid(owner):
        raise ValueError(f"{where(owner)} has no uid yet and cannot own anything")
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name(owner),
        "uid": uid(owner),
        "controller": controller,
        "blockOwnerDeletion": False,
    }


def is_owned_by(obj: Object, owner: Object) -> bool:
    """Whether an owner reference has the uid of ``owner``; its name says nothing, since names are used again."""
    wanted = uid(owner)
    return bool(wanted) and any(reference.get("uid") == wanted for reference in _references(obj))


def controller_reference(obj: Object) -> Mapping[str, Any] | None:
    """The owner that controls the object, None if nobody does."""
    return next((reference for reference in _references(obj) if reference.get("controller") is True), None)


def _references(obj: Object) -> list[Mapping[str, Any]]:
    references = _section(obj, "metadata").get("ownerReferences")
    return [entry for entry in references if isinstance(entry, Mapping)] if isinstance(references, list) else []
