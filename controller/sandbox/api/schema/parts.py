"""The parts of a schema that one check has to look at: most of an object is of no concern to most checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.sandbox.api.schema.errors import child

Schema = Mapping[str, Any]

_LIMIT = 1024


@dataclass(slots=True, eq=False)
class Part:
    """A schema, and of what is below it only what is looked for or leads there; ``found``: it is itself looked for."""

    schema: Schema
    found: bool
    properties: dict[str, Part] = field(default_factory=dict)
    extra: Part | None = None
    items: Part | None = None

    def members(self, value: Mapping[str, Any], path: str) -> Iterator[tuple[str, str, Part]]:
        """The names, paths and parts of the members of an object that have a part."""
        for name in value:
            part = self.properties.get(name)
            if part is not None:
                yield name, child(path, name), part
            elif self.extra is not None:
                yield name, f"{path}[{name}]", self.extra


class Parts:
    """Finds the parts of schemas that one check looks for, once for each schema, which may not change afterwards."""

    def __init__(self, wanted: Callable[[Schema], bool]) -> None:
        self._wanted = wanted
        self._known: dict[int, tuple[Schema, Part | None]] = {}

    def of(self, schema: Schema) -> Part | None:
        """The part of a whole schema; None when nothing in it is looked for."""
        known = self._known.get(id(schema))
        if known is None or known[0] is not schema:
            if len(self._known) >= _LIMIT:
                self._known.clear()
            known = self._known[id(schema)] = (schema, self._find(schema))
        return known[1]

    def _find(self, schema: Schema) -> Part | None:
        part = Part(schema, self._wanted(schema))
        for name, inner in schema.get("properties", {}).items():
            below = self._find(inner)
            if below is not None:
                part.properties[name] = below
        extra, items = schema.get("additionalProperties"), schema.get("items")
        part.extra = self._find(extra) if isinstance(extra, Mapping) else None
        part.items = self._find(items) if isinstance(items, Mapping) else None
        return part if part.found or part.properties or part.extra or part.items else None
