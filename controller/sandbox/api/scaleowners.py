"""Who owns the replicas, seen from the scale and from the object behind it.

A Scale has no managedFields of its own: those of its object that own the replicas are its, and what a write of the
scale makes of them goes back. The rules are those of k8s.io/apimachinery's managedfields.ScaleHandler.
"""

from __future__ import annotations

from typing import Any

from controller.sandbox.api.patch.values import duplicate
from controller.sandbox.client import Object

_REPLICAS: Object = {"f:spec": {"f:replicas": {}}}
_SCALE_VERSION = "autoscaling/v1"

Owner = tuple[str, str, str]  # manager, operation, subresource


def to_scale(entries: list[Object], path: tuple[str, ...]) -> list[Object]:
    """The entries that own the field at ``path``, as entries of the Scale."""
    return [
        {**entry, "apiVersion": _SCALE_VERSION, "fieldsV1": duplicate(_REPLICAS)}
        for entry in entries
        if _owns(entry.get("fieldsV1") or {}, path)
    ]


def to_object(entries: list[Object], scale: list[Object], path: tuple[str, ...], api_version: str) -> list[Object]:
    """The object's entries after the Scale's became ``scale``."""
    owners = {_owner(entry): entry for entry in scale if (entry.get("fieldsV1") or {}).get("f:spec")}
    kept = []
    for entry in entries:
        if _owns(entry.get("fieldsV1") or {}, path) and owners.pop(_owner(entry), None) is None:
            fields = _without(entry["fieldsV1"], path)
            if not fields:
                continue
            entry = {**entry, "fieldsV1": fields}
        kept.append(entry)
    return sorted(kept + [_new(owner, path, api_version) for owner in owners], key=_order)


def _new(owner: Owner, path: tuple[str, ...], api_version: str) -> Object:
    """An entry without a time, as a real server writes it."""
    manager, operation, _ = owner
    fields: Object = {}
    for name in reversed(path):
        fields = {f"f:{name}": fields}
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        "subresource": "scale",
    }


def _order(entry: Object) -> tuple[str, ...]:
    """That of a real server: Apply before Update, then by time and name."""
    return entry["operation"], entry.get("time") or "", *_owner(entry)


def _owner(entry: Object) -> Owner:
    return entry.get("manager", ""), entry.get("operation", ""), entry.get("subresource", "")


def _owns(fields: Any, path: tuple[str, ...]) -> bool:
    for name in path:
        if not isinstance(fields, dict) or f"f:{name}" not in fields:
            return False
        fields = fields[f"f:{name}"]
    return True


def _without(fields: Object, path: tuple[str, ...]) -> Object:
    """A copy without the field; parents that hold nothing else go with it."""
    result = dict(fields)
    name = f"f:{path[0]}"
    inner = _without(result[name], path[1:]) if len(path) > 1 else {}
    if set(inner) - {"."}:
        result[name] = inner
    else:
        del result[name]
    return result
