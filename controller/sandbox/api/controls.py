"""The sandbox's own paths, for a process outside: faults, compaction, the audit log.

``GET, POST, DELETE /sandbox/faults``, ``DELETE /sandbox/faults/ID``, ``POST /sandbox/compact``, ``GET /sandbox/audit``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields

from controller.sandbox.api.audit import Audit
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.faults import Fault, Faults, Match
from controller.sandbox.api.store import Store
from controller.sandbox.client import Object

_SHOWN_ENTRIES = 1000
_ASKED_BY = ("agent", "user", "verb", "resource", "subresource")


def control(
    method: str, words: list[str], body: bytes, query: Mapping[str, str], faults: Faults, store: Store, audit: Audit
) -> Object:
    """The answer to a request below ``/sandbox``. Raises Failure."""
    match [method, *words]:
        case ["GET", "faults"]:
            return {"faults": [fault.shown() for fault in faults.listed()]}
        case ["POST", "faults"]:
            return _add(faults, body)
        case ["DELETE", "faults"]:
            faults.clear()
            return {"faults": []}
        case ["DELETE", "faults", number] if number.isdigit() and faults.remove(int(number)):
            return {"faults": [fault.shown() for fault in faults.listed()]}
        case ["POST", "compact"]:
            store.compact()
            return {"compacted": store.compacted}
        case ["GET", "audit"]:
            return _audit(audit, query)
        case _:
            raise Failure(404, "NotFound", f"there is no {method} of /sandbox/{'/'.join(words)}")


def _add(faults: Faults, body: bytes) -> Object:
    try:
        wanted = json.loads(body)
    except ValueError as error:
        raise Failure.bad_request(f"this is no fault, and no JSON: {error}") from None
    if not isinstance(wanted, dict):
        raise Failure.bad_request("a fault is an object with the fields of Match and Fault, not a list or a value")
    for name, value in wanted.items():
        if name not in _FIELDS:
            raise Failure.bad_request(f"a fault has no field {name!r}; the fields are {', '.join(_FIELDS)}")
        if not _is(value, _FIELDS[name]):
            raise Failure.bad_request(f"{name}: {json.dumps(value)} cannot be used; it is {_WORDS[_FIELDS[name]]}")
    return faults.add(**wanted).shown()


_FIELDS: Mapping[str, str] = {
    **{entry.name: str(entry.type) for entry in fields(Match)},
    **{entry.name: str(entry.type) for entry in fields(Fault) if entry.name not in ("match", "id", "hits", "over")},
}
"""What a fault is made of, each with its type as it is written in the dataclasses."""
_WORDS: Mapping[str, str] = {
    "str": "a text",
    "str | None": "a text or null",
    "float": "a number of seconds, 0 or more",
    "int": "a whole number, 0 or more",
    "int | None": "a whole number, 0 or more, or null",
    "bool": "true or false",
}


def _is(value: object, wanted: str) -> bool:
    if value is None:
        return wanted.endswith("| None")
    if isinstance(value, bool) or wanted == "bool":
        return isinstance(value, bool) and wanted == "bool"
    if wanted.startswith("str"):
        return isinstance(value, str)
    return isinstance(value, int | float if wanted == "float" else int) and value >= 0


def _audit(audit: Audit, query: Mapping[str, str]) -> Object:
    unknown = sorted(set(query) - set(_ASKED_BY))
    if unknown:
        raise Failure.bad_request(f"the audit log can be asked by {', '.join(_ASKED_BY)}, not by {', '.join(unknown)}")
    agent, user, verb, resource, subresource = (query.get(name) for name in _ASKED_BY)
    count = audit.count(agent=agent, user=user, verb=verb, resource=resource, subresource=subresource)
    entries = [asdict(entry) for entry in audit.entries(**query)]
    return {"count": count, "entries": entries[-_SHOWN_ENTRIES:]}
