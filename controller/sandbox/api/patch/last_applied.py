"""kubectl's change from client-side to server-side apply.

Client-side apply left its configuration in an annotation. When the manager ``kubectl`` applies, a conflict over a field
that still has the value of that configuration is none; and the annotation is kept up to date for those who go back.
"""

from __future__ import annotations

import json
from typing import Any

from controller.sandbox.api.patch.fields import FieldSet, Path
from controller.sandbox.api.patch.managed import ManagerId
from controller.sandbox.api.patch.shape import Schema
from controller.sandbox.api.patch.structure import compare, field_set
from controller.sandbox.api.patch.values import duplicate

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
_MAX_ANNOTATIONS = 256 * 1024  # bytes of all names and values, the server's limit

Object = dict[str, Any]
Clashes = list[tuple[ManagerId, Path]]


def unexplained(clashes: Clashes, live: Object, schema: Schema) -> Clashes:
    """The conflicts that client-side apply does not explain."""
    explained = _unchanged_since(live, schema)
    return [(who, path) for who, path in clashes if path not in explained]


def _unchanged_since(live: Object, schema: Schema) -> FieldSet:
    """The fields of the annotation's configuration that ``live`` still has as they were."""
    text = _annotations(live).get(ANNOTATION)
    try:
        config = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        config = None
    if not isinstance(config, dict) or config.get("apiVersion") != live.get("apiVersion"):
        return FieldSet()
    change = compare(config, live, schema)
    return field_set(config, schema) - change.modified - change.added - change.removed


def renew(item: Object, applied: Object) -> None:
    """Sets the annotation to ``applied`` where ``item`` has one; drops it where it would be too long."""
    annotations = _annotations(item)
    if not annotations.get(ANNOTATION):
        return
    config = duplicate(applied)
    _annotations(config).pop(ANNOTATION, None)
    annotations[ANNOTATION] = json.dumps(config, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n"
    if sum(len(name.encode()) + len(str(text).encode()) for name, text in annotations.items()) > _MAX_ANNOTATIONS:
        del annotations[ANNOTATION]


def _annotations(item: Object) -> dict[str, Any]:
    annotations = (item.get("metadata") or {}).get("annotations")
    return annotations if isinstance(annotations, dict) else {}
