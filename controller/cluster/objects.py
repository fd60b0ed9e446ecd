"""Kubernetes objects as they arrive: plain dicts, and the few fields this package itself has to read."""

from __future__ import annotations

import copy
from typing import Any

Object = dict[str, Any]
Objects = list[Object]
Key = tuple[str, str]
"""(namespace, name); the namespace of a cluster-scoped object is ""."""


def key_of(item: Object) -> Key:
    metadata = item["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def version_of(item: Object) -> str:
    """The resourceVersion, or "" (the answer to a deletion may have none)."""
    version: str = (item.get("metadata") or {}).get("resourceVersion", "")
    return version


def labels_of(item: Object) -> dict[str, str]:
    return item["metadata"].get("labels") or {}


def owners_of(item: Object) -> list[str]:
    """The uids of its owners."""
    return [owner["uid"] for owner in item["metadata"].get("ownerReferences") or ()]


def copied(item: Object) -> Object:
    """A deep copy that may be changed; objects from a cache may not."""
    return copy.deepcopy(item)
