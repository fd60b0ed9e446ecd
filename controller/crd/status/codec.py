"""Core status -> wire -> core status."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from controller.core import status as core
from controller.crd.status.model import StatusModel
from controller.crd.status.models import MOVED, Status


def status_to_wire(status: core.Status) -> dict[str, Any]:
    """The whole ``status`` as JSON, to replace the one before: a field that is not in it is to be gone.

    Times are kept to the millisecond; texts longer than their maximum are cut.
    """
    wire = dump(Status.model_validate(status))
    for flat, (group, name) in MOVED.items():
        if flat in wire:
            wire.setdefault(group, {})[name] = wire.pop(flat)
    return wire


def status_from_wire(wire: object) -> core.Status:
    """The status that was written; never fails: what cannot be read takes its initial state."""
    if not isinstance(wire, dict):
        return core.Status()
    flat = dict(wire)
    for name, (group, member) in MOVED.items():
        values = flat.get(group)
        if isinstance(values, dict) and member in values:
            flat[name] = values[member]
    result: core.Status = to_core(Status.model_validate({key: flat[key] for key in flat if isinstance(key, str)}))
    return result


def dump(model: StatusModel) -> dict[str, Any]:
    """A model as JSON, without what is empty and what its absence would say too."""
    plain = model.model_dump(mode="json", by_alias=True)
    # An empty value is left out only where its absence reads as the same.
    kept = {
        str(field.alias)
        for field in type(model).model_fields.values()
        if field.is_required() or (isinstance(field.default, str) and field.default)
    }
    for name, field in type(model).model_fields.items():
        value, alias = getattr(model, name), str(field.alias)
        if isinstance(value, StatusModel):
            plain[alias] = dump(value)
        elif isinstance(value, tuple):
            plain[alias] = [dump(item) if isinstance(item, StatusModel) else item for item in value]
    plain.update(model.derived())
    return {key: value for key, value in plain.items() if key in kept or value not in (None, "", [], {})}


def to_core(model: StatusModel) -> Any:
    """The dataclass that a model mirrors."""

    def plain(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(plain(item) for item in value)
        return to_core(value) if isinstance(value, StatusModel) else value

    mirrors = type(model).mirrors
    return mirrors(**{field.name: plain(getattr(model, field.name)) for field in fields(mirrors)})
