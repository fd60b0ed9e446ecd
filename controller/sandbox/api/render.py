"""Answers as bytes: an object, a list, a watch event, in the form asked for; each encoded once for everybody."""

from __future__ import annotations

from collections.abc import Iterable

from controller.sandbox.api.content import PLAIN, Form, encode
from controller.sandbox.api.resources import Resource
from controller.sandbox.api.store import Change, Stored
from controller.sandbox.api.tables import partial, table
from controller.sandbox.client import Object


def object_json(row: Stored, resource: Resource) -> bytes:
    """A stored object in a version."""
    key = resource.api_version
    found = row.rendered.get(key)
    if found is None:
        found = row.rendered[key] = encode(resource.from_storage(row.object))
    return found


def answer(row: Stored, resource: Resource, form: Form, now: float) -> bytes | Object:
    """A stored object as an answer: bytes where they are ready, a value to encode where another form is wanted."""
    if form == PLAIN:
        return object_json(row, resource)
    return shaped(resource.from_storage(row.object), resource, form, now)


def item_json(row: Stored, resource: Resource) -> bytes:
    """A stored object as the item of a list, where built-in kinds carry no type of their own."""
    found = object_json(row, resource)
    if resource.custom:
        return found
    return b"{" + found[found.index(b'"metadata"') :]


def list_json(rows: Iterable[Stored], resource: Resource, metadata: Object) -> bytes:
    head = encode({"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": metadata})
    return head[:-1] + b',"items":[' + b",".join([item_json(row, resource) for row in rows]) + b"]}\n"


def shaped(item: Object, resource: Resource, form: Form, now: float) -> Object:
    """One object (in the resource's version) as a table or PartialObjectMetadata, or as it is."""
    if form.shape == "table":
        return table([item], resource, form, now, {"resourceVersion": item["metadata"].get("resourceVersion", "")})
    return partial(item, form) if form.shape == "partial" else item


def shaped_list(rows: Iterable[Stored], resource: Resource, form: Form, now: float, metadata: Object) -> Object:
    """A list as a table, as PartialObjectMetadata, or as it is."""
    items = [resource.from_storage(row.object) for row in rows]
    if form.shape == "table":
        return table(items, resource, form, now, metadata)
    if form.shape == "partial":
        version = f"meta.k8s.io/{form.version}"
        parts = [partial(item, form) for item in items]
        return {"kind": "PartialObjectMetadataList", "apiVersion": version, "metadata": metadata, "items": parts}
    return {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": metadata, "items": items}


def event_json(kind: str, row: Stored, resource: Resource, form: Form, now: float, *, head: bool = False) -> bytes:
    """One event of a watch; ``head``: a table's first event names the columns."""
    if form.shape == "object":
        body = object_json(row, resource)
    else:
        item = shaped(resource.from_storage(row.object), resource, form, now)
        if form.shape == "table" and not head:
            item["columnDefinitions"] = None
        body = encode(item)
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), body)


def change_json(
    kind: str, change: Change, row: Stored, resource: Resource, form: Form, now: float, *, head: bool = False
) -> bytes:
    """The event of a change, made once for all watchers of one form."""
    key = (kind, resource.api_version, form, head)
    found = change.rendered.get(key)
    if found is None:
        found = change.rendered[key] = event_json(kind, row, resource, form, now, head=head)
    return found
