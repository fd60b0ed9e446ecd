"""ReleaseRecord -> core.Record -> ReleaseRecord."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from controller.core import record as core
from controller.core.objects import PREFIX, Object
from controller.crd.parse import GROUP, VERSION
from controller.crd.record.models import ReleaseRecord
from controller.crd.status.codec import dump, to_core

KIND = "ReleaseRecord"
RELEASE_LABEL, OUTCOME_LABEL = f"{PREFIX}release", f"{PREFIX}outcome"
_NAME, _LABEL = 253, 63  # characters that Kubernetes allows


def record_name(release: str, number: int) -> str:
    """``podinfo-7``. A Release's name that leaves no room for the number is cut."""
    end = f"-{number}"
    return release[: _NAME - len(end)].rstrip("-.") + end


def release_label(release: str) -> str:
    """The value of the label ``sluice.dev/release``: the name, as far as a label can hold it."""
    return release[:_LABEL].rstrip("-._")


def labels_of(release: str, outcome: core.Outcome) -> dict[str, str]:
    """The labels by which records are found."""
    return {RELEASE_LABEL: release_label(release), OUTCOME_LABEL: str(outcome)}


def record_to_wire(record: core.Record, release: Object) -> dict[str, Any]:
    """The object that records a release of this Release, which owns it. Times are kept to the millisecond."""
    metadata = release["metadata"]
    owner = {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "Release",
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": KIND,
        "metadata": {
            "name": record_name(metadata["name"], record.number),
            "namespace": metadata["namespace"],
            "labels": labels_of(metadata["name"], record.outcome),
            "ownerReferences": [owner],
        },
        **content(record),
    }


def content(record: core.Record) -> dict[str, Any]:
    """What a ReleaseRecord holds beside its metadata."""
    return dump(ReleaseRecord.model_validate(record))


def record_from_wire(obj: Mapping[str, Any]) -> core.Record | None:
    """The record that an object holds; None when it lacks what makes one."""
    try:
        found = ReleaseRecord.model_validate({key: value for key, value in obj.items() if isinstance(key, str)})
    except ValidationError:
        return None
    record: core.Record = to_core(found)
    return record


def history(release: str, objects: Iterable[Mapping[str, Any]]) -> list[tuple[core.Record, Mapping[str, Any]]]:
    """The records of one Release among those of its namespace, each with its object; the oldest first."""
    read = [(record_from_wire(obj), obj) for obj in objects if owner_of(obj)[0] == release]
    return sorted(((record, obj) for record, obj in read if record is not None), key=lambda one: one[0].number)


def owner_of(obj: Mapping[str, Any]) -> tuple[str, str]:
    """Name and uid of the Release that a record belongs to; empty without one."""
    for owner in (obj.get("metadata") or {}).get("ownerReferences") or ():
        if owner.get("kind") == "Release" and str(owner.get("apiVersion", "")).startswith(f"{GROUP}/"):
            return str(owner.get("name", "")), str(owner.get("uid", ""))
    return "", ""
