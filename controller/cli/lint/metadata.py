"""What the API server refuses about an object's metadata, whatever its kind."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from controller.crd.forms import LABEL, OBJECT, Form, shown

_KNOWN = (
    "name", "namespace", "labels", "annotations", "finalizers", "generateName", "ownerReferences", "uid", "generation",
    "resourceVersion", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields",
    "selfLink",
)  # fmt: skip


def metadata_faults(metadata: Any) -> Iterator[tuple[str, str]]:
    """(field, sentence) of everything wrong with ``metadata``; nothing of what the parser of Releases says itself."""
    if not isinstance(metadata, Mapping):
        return
    for field in metadata:
        if field not in _KNOWN:
            close = difflib.get_close_matches(str(field), _KNOWN, n=1)
            yield (
                f"metadata.{field}",
                f"there is no such field; {f'did you mean {close[0]}?' if close else 'remove it'}",
            )
    for field, form in (("name", OBJECT), ("namespace", LABEL)):
        if metadata.get(field) and (sentence := _refused(form, metadata[field])):
            yield f"metadata.{field}", sentence
    for field in ("labels", "annotations"):
        entries = metadata.get(field)
        if entries is not None and not isinstance(entries, Mapping):
            yield f"metadata.{field}", f"{shown(entries)} is of the wrong kind; write a map, its entries indented below"
        for key, value in entries.items() if isinstance(entries, Mapping) else ():
            if not isinstance(value, str):
                yield f"metadata.{field}.{key}", f"{shown(value)} is no text; put it in quotes"


def _refused(form: Form, value: object) -> str:
    try:
        form.check(value)
    except ValueError as error:
        return str(error)
    return ""
