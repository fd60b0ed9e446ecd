"""GET of one object and of a collection."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

from controller.sandbox.api.content import PLAIN
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.render import answer, list_json, shaped_list
from controller.sandbox.api.request import Call, ListOptions
from controller.sandbox.api.resources import resource_fields
from controller.sandbox.api.schema import errors
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
    asked = call.query.get("resourceVersion")
    if asked and exact_version(asked) > state.store.revision:
        raise Failure.future_version(int(asked), state.store.revision)
    row = state.find(call.resource, call.namespace, call.name)
    if row is None:
        raise call.not_found()
    call.form.check_single(call.resource.kind)
    return answer(row, call.resource, call.form, state.clock())


def list_objects(state: State, call: Call) -> bytes | Object:
    """The collection, or one page of it."""
    options = ListOptions.of(call.query)
    options.check(watching=False)
    call.form.check_list(call.resource.list_kind)
    matches = matcher(call, options)
    revision, start = _begin(state, options)
    rows = _rows(state, call, options, revision)
    if start is not None:
        rows = ((key, row) for key, row in rows if key > start)
    found: list[Stored] = []
    metadata: Object = {"resourceVersion": str(revision or state.store.revision)}
    last: Key = ("", "")
    left = 0
    limit = 0 if options.version == "0" else options.limit  # as from a real server's watch cache
    for key, row in rows:
        if matches is not None and not matches(row.object):
            continue
        if limit and len(found) == limit:
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
    closed = not (call.resource.custom or call.resource.fields)
    fields = field_matcher(options.fields, resource_fields(call.resource), closed=closed)
    if labels is None or fields is None:
        return labels or fields
    return lambda item: labels(item) and fields(item)


def exact_version(text: str) -> int:
    """A resourceVersion as a number. Raises Failure(400)."""
    if not text.isdigit():
        why = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        raise Failure.bad_request(f"invalid resource version: {errors.invalid('resourceVersion', text, why)}")
    return int(text)


def _begin(state: State, options: ListOptions) -> tuple[int, Key | None]:
    """The revision to list at (0 is the latest) and the key to start after."""
    if options.cont:
        if options.version not in ("", "0"):
            raise Failure.bad_request("specifying resource version is not allowed when using continue")
        return _read_token(options.cont)
    if not options.version:
        return 0, None
    asked = exact_version(options.version)
    if asked > state.store.revision:
        raise Failure.future_version(asked, state.store.revision)
    # As a real server does: a limit without a match means that version exactly; anything else at least that version.
    exact = options.match == "Exact" or (not options.match and options.limit > 0 and asked > 0)
    return (asked if exact else 0), None


def _rows(state: State, call: Call, options: ListOptions, revision: int) -> Iterable[tuple[Key, Stored]]:
    table, namespace = call.resource.table, call.namespace
    if not revision:
        return state.store.rows(table, namespace)
    try:
        return state.store.rows_at(table, revision, namespace)
    except Compacted:
        if not options.cont:
            raise Failure.expired("The resourceVersion for the provided list is too old.") from None
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
        why = "it must be the metadata.continue of the page before"
        raise Failure.bad_request(f"invalid continue token: continue key is not valid: {why}") from None
