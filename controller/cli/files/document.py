"""One object of a file, and where each of its fields stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

_INDEX = re.compile(r"\[([0-9]+)\]")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file; line and column count from 1, as editors do."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Text that is no YAML or JSON, with the reason and what to do."""

    position: Position
    sentence: str


@dataclass(frozen=True, slots=True)
class Document:
    """``value`` is the object as JSON; ``doubles`` are keys that stand twice in one map: (position, field path)."""

    file: str
    value: Any
    node: yaml.Node
    doubles: tuple[tuple[Position, str], ...] = ()

    @property
    def position(self) -> Position:
        """Where the object begins."""
        return position(self.file, self.node.start_mark)

    def at(self, field: str) -> Position:
        """The place of a field such as ``spec.strategy.canary.steps[1].weight``.

        Of one that is not there: of the map that lacks it.
        """
        node, mark, rest = self.node, self.node.start_mark, f".{field}" if field else ""
        while rest and (step := _step(node, rest)):
            node, mark, rest = step
        return position(self.file, mark)


def position(file: str, mark: yaml.Mark) -> Position:
    return Position(file, mark.line + 1, mark.column + 1)


def _step(node: yaml.Node, rest: str) -> tuple[yaml.Node, yaml.Mark, str] | None:
    """The node that ``rest`` (``.spec.replicas``) leads to next, its place, and what is left; None when none does.

    Names may hold dots and brackets themselves: of several keys that fit, the longest is meant.
    """
    if isinstance(node, yaml.SequenceNode):
        found = _INDEX.match(rest)
        if not found or int(found[1]) >= len(node.value):
            return None
        item = node.value[int(found[1])]
        return item, item.start_mark, rest[found.end() :]
    if not isinstance(node, yaml.MappingNode):
        return None
    best: tuple[yaml.Node, yaml.Mark, str] | None = None
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        for form in (f".{key.value}", f"[{key.value}]"):
            left = rest[len(form) :]
            if rest.startswith(form) and left[:1] in ("", ".", "[") and (best is None or len(left) <= len(best[2])):
                best = value, key.start_mark, left
    return best
