"""Only what is looked for, and what leads there."""

from __future__ import annotations

from typing import Any

from controller.sandbox.api.schema.parts import Part, Parts

WANTED = {"type": "string", "wanted": True}
PLAIN = {"type": "string"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "plain": PLAIN,
        "direct": WANTED,
        "list": {"type": "array", "items": {"type": "object", "properties": {"deep": WANTED, "other": PLAIN}}},
        "map": {"type": "object", "additionalProperties": WANTED},
        "open": {"type": "object", "additionalProperties": True},
    },
}


def find(schema: dict[str, Any]) -> Part | None:
    return Parts(lambda part: "wanted" in part).of(schema)


def test_only_ways_to_what_is_looked_for_are_kept() -> None:
    part = find(SCHEMA)
    assert part is not None
    assert not part.found
    assert list(part.properties) == ["direct", "list", "map"]
    items = part.properties["list"].items
    assert items is not None
    assert list(items.properties) == ["deep"]
    assert items.properties["deep"].found
    assert items.properties["deep"].schema is WANTED


def test_a_schema_without_any_has_no_part() -> None:
    assert find({"type": "object", "properties": {"a": PLAIN, "b": {"type": "array", "items": PLAIN}}}) is None


def test_the_members_of_an_object_with_their_paths() -> None:
    part = find(SCHEMA)
    assert part is not None
    value: dict[str, Any] = {"map": {"a.b": "x"}, "unknown": 1, "plain": "y", "direct": "z"}
    assert [(name, path) for name, path, _ in part.members(value, "spec")] == [
        ("map", "spec.map"),
        ("direct", "spec.direct"),
    ]
    inner = part.properties["map"]
    assert [(name, path) for name, path, _ in inner.members(value["map"], "spec.map")] == [("a.b", "spec.map[a.b]")]


def test_a_schema_is_searched_once_and_never_taken_for_another() -> None:
    asked: list[Any] = []

    def wanted(part: Any) -> bool:
        asked.append(part)
        return "wanted" in part

    parts = Parts(wanted)
    found = [parts.of({"type": "string", "wanted": True}) for _ in range(2000)]  # memory used again has an old id
    assert all(part is not None for part in found)
    assert len(asked) == 2000
    known = parts.of(SCHEMA)
    count = len(asked)
    assert parts.of(SCHEMA) is known
    assert len(asked) == count
