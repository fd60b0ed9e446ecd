"""OpenAPI v3 of what is served now, made when it is asked for and kept until the served kinds change."""

from __future__ import annotations

from controller.sandbox.api.content import encode
from controller.sandbox.api.resources import Registry
from controller.sandbox.api.schema import openapi
from controller.sandbox.client import Object


class OpenApi:
    """The index and the documents, as bytes."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._made_at = -1
        self._index = b""
        self._encoded: dict[str, bytes] = {}
        self._documents: dict[str, Object] = {}

    def answer(self, path: str) -> bytes | None:
        """``""`` is the index, ``apis/apps/v1`` a document; None where there is none."""
        if self._made_at != self._registry.changed:
            self._make()
        if not path:
            return self._index
        if path not in self._documents:
            return None
        found = self._encoded.get(path)
        if found is None:
            found = self._encoded[path] = encode(self._documents[path])
        return found

    def _make(self) -> None:
        self._documents = {
            openapi.path_of(group, version): openapi.document(self._registry.of_version(group, version) or [])
            for group, versions in self._registry.groups().items()
            for version in versions
        }
        self._encoded.clear()
        self._index = encode(openapi.index(self._documents))
        self._made_at = self._registry.changed
