"""metadata.managedFields: who owns which fields, between the wire form and FieldSets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from controller.sandbox.api.patch.fields import FieldSet

APPLY, UPDATE = "Apply", "Update"
MAX_UPDATE_MANAGERS = 10
_BUCKET = "ancient-changes"


class ManagerId(NamedTuple):
    """What tells one entry from another. ``api_version`` is "" for Apply: an applier has one entry in all versions."""

    manager: str
    operation: str
    api_version: str
    subresource: str


@dataclass(frozen=True)
class Entry:
    """What one manager owns. ``time`` is RFC 3339 in whole seconds, None before the manager changed anything."""

    owned: FieldSet
    api_version: str
    time: str | None


Managers = dict[ManagerId, Entry]


def identify(manager: str, operation: str, api_version: str, subresource: str) -> ManagerId:
    return ManagerId(manager or "unknown", operation, "" if operation == APPLY else api_version, subresource)


def rfc3339(now: datetime) -> str:
    """An aware time as managedFields writes it, in whole seconds of UTC."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def decode(entries: Any) -> Managers:
    """Reads managedFields. Raises ValueError, saying which entry and why."""
    result: Managers = {}
    for position, entry in enumerate(entries or []):
        if entry.get("operation") not in (APPLY, UPDATE):
            raise ValueError("operation must be `Apply` or `Update`")
        if not entry.get("apiVersion"):
            raise ValueError("apiVersion must not be empty")
        if entry.get("fieldsType") != "FieldsV1":
            raise ValueError(f"invalid fieldsType {entry.get('fieldsType')!r} in managed fields entry {position}")
        who = ManagerId(
            entry.get("manager", ""),
            entry["operation"],
            "" if entry["operation"] == APPLY else entry["apiVersion"],
            entry.get("subresource", ""),
        )
        owned = FieldSet.from_json(entry.get("fieldsV1") or {})
        result[who] = Entry(owned, entry["apiVersion"], entry.get("time"))
    return result


def decode_stored(item: dict[str, Any] | None) -> Managers:
    """The managers of a stored object; none when there is no object or its entries cannot be read."""
    if item is None:
        return {}
    try:
        return decode(item["metadata"].get("managedFields"))
    except (ValueError, AttributeError, TypeError):
        return {}


def encode(managers: Managers) -> list[dict[str, Any]]:
    """The wire form, in the server's order: Apply first, then by time, manager, version, subresource."""

    def order(pair: tuple[ManagerId, Entry]) -> tuple[str, ...]:
        who, entry = pair
        return who.operation, entry.time or "", who.manager, entry.api_version, who.subresource

    result = []
    for who, entry in sorted(managers.items(), key=order):
        wire: dict[str, Any] = {"manager": who.manager} if who.manager else {}
        wire |= {"operation": who.operation, "apiVersion": entry.api_version}
        if entry.time is not None:
            wire["time"] = entry.time
        wire |= {"fieldsType": "FieldsV1", "fieldsV1": entry.owned.to_json()}
        if who.subresource:
            wire["subresource"] = who.subresource
        result.append(wire)
    return result


def owned_by_all(managers: Iterable[Entry]) -> FieldSet:
    """The union of what they own."""
    result = FieldSet()
    for entry in managers:
        result = result | entry.owned
    return result


def cap(managers: Managers) -> Managers:
    """At most ten Update entries: the oldest are folded, per version, into one named ``ancient-changes``."""
    updates = [who for who in managers if who.operation == UPDATE]
    surplus = len(updates) - MAX_UPDATE_MANAGERS
    if surplus <= 0:
        return managers
    result = dict(managers)
    first: dict[str, ManagerId] = {}
    for who in sorted(updates, key=lambda who: (managers[who].time or "", who)):
        if surplus <= 0:
            break
        version = managers[who].api_version
        if version not in first:
            first[version] = who
            continue
        bucket = ManagerId(_BUCKET, UPDATE, version, "")
        if bucket not in result:
            result[bucket] = result.pop(first[version])
        folded = result.pop(who) if who != bucket else result[bucket]
        result[bucket] = replace(folded, owned=folded.owned | result[bucket].owned)
        surplus -= 1
    return result
