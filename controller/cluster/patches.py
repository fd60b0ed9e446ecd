"""The content types of patches, and patches that apply to one version of an object only.

A stale version is answered 409 in both forms. A JSON patch's own ``test`` is no precondition: the API server answers
422 for it, as for a patch that is broken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controller.cluster.objects import Object

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"  # JSON is YAML; the +json form is newer than the servers we serve

Operation = Mapping[str, Any]


def merge_at(patch: Mapping[str, Any], version: str | None) -> Object:
    """An RFC 7386 merge patch that is refused unless the object is at ``version``; as given with None."""
    if version is None:
        return dict(patch)
    metadata = dict(patch.get("metadata") or {}) | {"resourceVersion": version}
    return dict(patch) | {"metadata": metadata}


def json_at(operations: Sequence[Operation], version: str | None) -> list[Operation]:
    """RFC 6902 operations that are refused unless the object is at ``version``; as given with None."""
    if version is None:
        return list(operations)
    return [{"op": "replace", "path": "/metadata/resourceVersion", "value": version}, *operations]
