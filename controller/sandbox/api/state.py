"""What every handler works on: the store, the kinds served, the clock."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from controller.sandbox.api.addresses import Addresses
from controller.sandbox.api.resources import Registry, Resource
from controller.sandbox.api.store import Store, Stored
from controller.sandbox.client import Object

_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # those of k8s.io/apimachinery/pkg/util/rand: no word, no 0, 1, 3
_LONGEST_BASE = 58


@dataclass
class State:
    """``clock`` gives Unix seconds; it names the times in objects, never how long to wait."""

    store: Store
    registry: Registry
    clock: Callable[[], float]
    addresses: Addresses = field(default_factory=Addresses)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def timestamp(self) -> str:
        """The time as metadata carries it (RFC 3339, whole seconds)."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def find(self, resource: Resource, namespace: str, name: str) -> Stored | None:
        return self.store.get(resource.table, namespace, name)


def new_uid() -> str:
    return str(uuid.uuid4())


def generated_name(base: str) -> str:
    """``base`` and five letters, cut to 63 characters."""
    return base[:_LONGEST_BASE] + "".join(random.choices(_SUFFIX_LETTERS, k=5))


def normal(item: Object) -> Object:
    """The item as it is stored: kind and apiVersion first, no empty parts of metadata."""
    metadata = {
        name: value
        for name, value in item["metadata"].items()
        if value is not None and not (name in _DROPPED_WHEN_EMPTY and not value)
    }
    rest = {name: value for name, value in item.items() if name not in ("kind", "apiVersion", "metadata")}
    return {"kind": item["kind"], "apiVersion": item["apiVersion"], "metadata": metadata, **rest}


_DROPPED_WHEN_EMPTY = frozenset(
    ("labels", "annotations", "finalizers", "ownerReferences", "managedFields", "generateName", "selfLink")
)
