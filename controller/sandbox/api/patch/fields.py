"""Sets of fields, as managedFields keeps them in its format FieldsV1.

A path is a tuple of elements. An element is written as in FieldsV1: ``f:NAME`` a member of an object, ``k:{JSON}`` the
item of a list with these keys, ``v:JSON`` the item of a set, ``i:N`` an index. In the wire format ``"."`` inside an
element's object says that the element itself belongs to the set, not only something below it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

Path = tuple[str, ...]

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False)


def field(name: str) -> str:
    """The element of an object's member."""
    return f"f:{name}"


def key(values: Mapping[str, Any]) -> str:
    """The element of a list's item that is told apart by these fields."""
    return "k:" + _dump(dict(sorted(values.items())))


def value(item: Any) -> str:
    """The element of a set's item."""
    return "v:" + _dump(item)


def index(position: int) -> str:
    """The element of a position in a list."""
    return f"i:{position}"


def _dump(data: Any) -> str:
    return _ENCODER.encode(_plain(data))


def _plain(data: Any) -> Any:
    """Whole numbers are written without a point, so that 80 and 80.0 are one element."""
    if isinstance(data, float) and data.is_integer():
        return int(data)
    if isinstance(data, dict):
        return {name: _plain(item) for name, item in data.items()}
    return data


@functools.lru_cache(maxsize=8192)
def parse(element: str) -> str | None:
    """An element in its one written form; None for a kind that this version does not know (to be ignored).

    Raises ValueError for one that cannot be read.
    """
    kind, colon, rest = element.partition(":")
    if not colon or len(kind) != 1:
        raise ValueError(f"not an element of a path: {element!r}")
    if kind == "f":
        return element
    if kind == "v":
        return value(json.loads(rest))
    if kind == "k":
        keys = json.loads(rest)
        if not isinstance(keys, dict):
            raise ValueError(f"not an element of a path: {element!r}")
        return key(keys)
    if kind == "i":
        return index(int(rest))
    return None


def show(element: str) -> str:
    """An element as messages print it: ``.name``, ``[name="x",port=80]``, ``[="x"]``, ``[3]``."""
    kind, rest = element[0], element[2:]
    if kind == "f":
        return f".{rest}"
    if kind == "k":
        pairs = json.loads(rest).items()
        return "[" + ",".join(f"{name}={_dump(item)}" for name, item in pairs) + "]"
    return f"[={rest}]" if kind == "v" else f"[{rest}]"


def path_text(path: Path) -> str:
    """A path as messages print it: ``.spec.template.spec.containers[name="app"].image``."""
    return "".join(map(show, path))


@functools.lru_cache(maxsize=8192)
def _order(element: str) -> tuple[int, Any]:
    kind, rest = element[0], element[2:]
    if kind == "i":
        return 3, int(rest)
    return "fkv".index(kind), rest


class FieldSet:
    """A set of paths. An element may be a member itself, have members below it, or both.

    Treat it as a value: only code that has just made one adds to it.
    """

    __slots__ = ("children", "members")

    def __init__(self, members: Iterable[str] = (), children: Mapping[str, FieldSet] | None = None) -> None:
        self.members = set(members)
        self.children = {element: child for element, child in (children or {}).items() if child}

    @classmethod
    def of(cls, *paths: Path) -> Self:
        """The set of these paths."""
        result = cls()
        for path in paths:
            result.add(path)
        return result

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Reads FieldsV1. Elements of unknown kinds are ignored. Raises ValueError when it is something else."""
        if not isinstance(data, dict):
            raise ValueError("fieldsV1 is not an object")
        result = cls()
        for written, inner in data.items():
            element = None if written == "." else parse(written)
            if element is None:
                continue
            if inner == {}:  # most elements: nothing lies below
                result.members.add(element)
                continue
            child = cls.from_json(inner)
            if child:
                result.children[element] = child
            if not child or "." in inner:
                result.members.add(element)
        return result

    def to_json(self) -> dict[str, Any]:
        """FieldsV1, its elements in a fixed order."""
        result: dict[str, Any] = {}
        for element in sorted(self.members | self.children.keys(), key=_order):
            child = self.children.get(element)
            inner: dict[str, Any] = {}
            if child is not None:
                if element in self.members:
                    inner["."] = {}
                inner.update(child.to_json())
            result[element] = inner
        return result

    def add(self, path: Path) -> None:
        """Adds one path; the empty one (the whole object) is never in a set."""
        if not path:
            return
        node: FieldSet = self
        for element in path[:-1]:
            node = node.children.setdefault(element, FieldSet())
        node.members.add(path[-1])

    def __bool__(self) -> bool:
        return bool(self.members) or any(self.children.values())

    def __contains__(self, path: Path) -> bool:
        node: FieldSet | None = self
        for element in path[:-1]:
            node = node.children.get(element) if node is not None else None
        return node is not None and bool(path) and path[-1] in node.members

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FieldSet):
            return NotImplemented
        return self.members == other.members and self.children == other.children

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"FieldSet({', '.join(map(path_text, self))})"

    def __iter__(self) -> Iterator[Path]:
        """Every path, members of a level before what is below it."""
        for element in sorted(self.members, key=_order):
            yield (element,)
        for element in sorted(self.children, key=_order):
            for rest in self.children[element]:
                yield (element, *rest)

    def __len__(self) -> int:
        return len(self.members) + sum(map(len, self.children.values()))

    def below(self, element: str) -> FieldSet:
        """What the set holds below one element, as paths that start there."""
        return self.children.get(element) or FieldSet()

    def __or__(self, other: FieldSet) -> FieldSet:
        children = dict(self.children)
        for element, child in other.children.items():
            mine = children.get(element)
            children[element] = child if mine is None else mine | child
        return FieldSet(self.members | other.members, children)

    def __and__(self, other: FieldSet) -> FieldSet:
        both = self.children.keys() & other.children.keys()
        return FieldSet(
            self.members & other.members,
            {element: self.children[element] & other.children[element] for element in both},
        )

    def __sub__(self, other: FieldSet) -> FieldSet:
        """Without the paths of ``other``; what lies below a path of ``other`` stays."""
        return self._without(other, lambda mine, theirs: mine - theirs)

    def without_trees(self, other: FieldSet) -> FieldSet:
        """Without the paths of ``other`` and everything below them."""
        rest = FieldSet(
            (), {element: child for element, child in self.children.items() if element not in other.members}
        )
        rest.members = self.members
        return rest._without(other, lambda mine, theirs: mine.without_trees(theirs))

    def _without(self, other: FieldSet, difference: Callable[[FieldSet, FieldSet], FieldSet]) -> FieldSet:
        children = {}
        for element, child in self.children.items():
            theirs = other.children.get(element)
            children[element] = child if theirs is None else difference(child, theirs)
        return FieldSet(self.members - other.members, children)
