"""Who wrote a field last, as an object's managedFields tells.

Source: kubernetes.io/docs/reference/using-api/server-side-apply, "Field management". A manager that takes a field away
leaves no trace of it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controller.core.objects.metadata import Object


def manager_of(obj: Object, field: Sequence[str], ours: str) -> str:
    """The manager that wrote the field at this path, or anything below it, last; "" when nobody is named.

    ``ours`` only where nobody else is: what two managers own, both have written alike. Writes of the status do not
    count.
    """
    owners = sorted(_owners(obj, field), key=lambda pair: pair[0])
    others = [manager for _, manager in owners if manager != ours]
    return others[-1] if others else (ours if owners else "")


def _owners(obj: Object, field: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(time, manager) of each entry that holds the field. Times are RFC 3339 in UTC, which sort as text."""
    entries = (obj.get("metadata") or {}).get("managedFields")
    for entry in entries if isinstance(entries, list) else ():
        if entry.get("subresource") != "status" and _holds(entry.get("fieldsV1"), field):
            yield str(entry.get("time") or ""), str(entry.get("manager") or "")


def _holds(owned: Any, field: Sequence[str]) -> bool:
    for name in field:
        if not isinstance(owned, Mapping) or f"f:{name}" not in owned:
            return False
        owned = owned[f"f:{name}"]
    return True
