"""GET of one object and of a collection."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

from controller.sandbox.api.content import PLAIN, encode
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.render import list_json, object_json, shaped, shaped_list
from controller.sandbox.api.request import Call, ListOptions
from controller.sandbox.api.resources import resource_fields
from controller.sandbox.api.selectors import Matcher, field_matcher, label_matcher
from controller.sandbox.api.state import State
from controller.sandbox.api.store import Compacted, Stored
from controller.sandbox.client import Key, Object

_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


def get(state: State, call: Call) -> bytes | Object:
    """The object: bytes where they are ready, a value to encode where it is wanted in another form."""
    row = state.find(call.resource, call.namespace, call.name)
    if row is None:
        raise call.not_found()
    if call.form == PLAIN:
        return object_json(row, call.resource)
    return shaped(call.resource.from_storage(row.object), call.resource, call.form, state.clock())


def list_objects(state: State, call: Call) -> bytes | Object:
    """The collection, or one page of it."""
    options = ListOptions.of(call.query)
    matches = matcher(call, options)
    revision, start = _begin(state, options)
    rows = _rows(state, call, options, revision)
    if start is not None:
        rows = ((key, row) for key, row in rows if key > start)
    found: list[Stored] = []
    metadata: Object = {"resourceVersion": str(revision or state.store.revision)}
    last: Key = ("", "")
    left = 0
    for key, row in rows:
        if matches is not None and not matches(row.object):
            continue
        if options.limit and len(found) == options.limit:
            left += 1
            continue
        found.append(row)
        last = key
    if left:
        metadata["continue"] = _token(int(metadata["resourceVersion"]), last)
        if matches is None:
            metadata["remainingItemCount"] = left
    if call.form == PLAIN:
        return list_json(found, call.resource, metadata)
    return shaped_list(found, call.resource, call.form, state.clock(), metadata)


def matcher(call: Call, options: ListOptions) -> Matcher | None:
    """The test of both selectors on objects in their storage version; None when everything matches."""
    labels = label_matcher(options.labels)
    fields = field_matcher(options.fields, resource_fields(call.resource))
    if labels is None or fields is None:
        return labels or fields
    return lambda item: labels(item) and fields(item)


def exact_version(text: str, *, field: str = "resourceVersion") -> int:
    """A resourceVersion as a number. Raises Failure(400)."""
    if not text.isdigit():
        raise Failure.bad_request(f'{field}: Invalid value: "{text}": it is the resourceVersion of an earlier answer')
    return int(text)


def _begin(state: State, options: ListOptions) -> tuple[int, Key | None]:
    """The revision to list at (0 is the latest) and the key to start after."""
    if options.cont:
        if options.version not in ("", "0"):
            raise Failure.bad_request("specifying resource version is not allowed when using continue")
        return _read_token(options.cont)
    if not options.version:
        if options.match:
            raise _forbidden_match("resourceVersionMatch is forbidden unless resourceVersion is provided")
        return 0, None
    if options.match not in ("", "Exact", "NotOlderThan"):
        raise _forbidden_match(f'Unsupported value: "{options.match}": supported values: "Exact", "NotOlderThan", ""')
    asked = exact_version(options.version)
    if asked > state.store.revision:
        raise Failure.future_version(asked, state.store.revision)
    if options.match == "Exact":
        if not asked:
            raise _forbidden_match('resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
        return asked, None
    return 0, None


def _forbidden_match(why: str) -> Failure:
    return Failure(422, "Invalid", f'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: {why}')


def _rows(state: State, call: Call, options: ListOptions, revision: int) -> Iterable[tuple[Key, Stored]]:
    table, namespace = call.resource.table, call.namespace
    if not revision:
        return state.store.rows(table, namespace)
    try:
        return state.store.rows_at(table, revision, namespace)
    except Compacted as error:
        if not options.cont:
            raise Failure.expired(f"The resourceVersion for the provided list is too old: {error}") from None
        _, start = _read_token(options.cont)
        raise Failure.expired(_TOO_OLD, {"continue": _token(0, start or ("", ""))}) from None


def _token(revision: int, last: Key) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision or -1, "start": list(last)}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, Key]:
    """The revision (0: the latest, for a token given out with a 410) and the last key of the page before."""
    try:
        value = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        namespace, name = value["start"]
        return max(int(value["rv"]), 0), (str(namespace), str(name))
    except (ValueError, KeyError, TypeError):
        raise Failure.bad_request("continue key is not valid: it is the metadata.continue of the page before") from None


def encoded(answer: bytes | Object) -> bytes:
    return answer if isinstance(answer, bytes) else encode(answer)
