"""The part of JSONPath that printer columns use: names, indices, ``[*]``, slices and filters.

The grammar is that of k8s.io/client-go/util/jsonpath, without recursive descent and unions.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

Step = Callable[[Any], Iterator[Any]]

_STEP = re.compile(
    r"""
    \.?(?:
      \[ \s* \?\( (?P<filter> .*? ) \) \s* \]
    | \[ \s* (?P<quote> ['"] ) (?P<quoted> .*? ) (?P=quote) \s* \]
    | \[ \s* (?P<index> -?\d+ ) \s* \]
    | \[ \s* (?P<start> -?\d* ) : (?P<stop> -?\d* ) \s* \]
    | (?P<all> \[\*\] | \*(?=[.\[]|$) )
    | (?P<name> (?: \\. | [^.\[\\\s] )+ )
    )
    """,
    re.VERBOSE,
)
_FILTER = re.compile(r"\s*@(?P<path>[^=!<>]*?)\s*(?:(?P<sign>==|!=|<=|>=|<|>)\s*(?P<value>.+?))?\s*$")
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class BadPath(ValueError):
    """A JSONPath that cannot be read."""


def compile_path(path: str) -> Callable[[Any], list[Any]]:
    """A function that finds what a path (``.status.conditions[?(@.type=="Ready")].status``) names, maybe nothing.

    Raises BadPath.
    """
    steps = _steps(path)

    def find(value: Any) -> list[Any]:
        found = [value]
        for step in steps:
            found = [inner for outer in found for inner in step(outer)]
        return found

    return find


def _steps(path: str) -> list[Step]:
    text = path.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    text = text.removeprefix("$")
    steps: list[Step] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or match.end() == position:
            raise BadPath(f"cannot read the path {path!r} at {text[position:]!r}")
        steps.append(_step(match))
        position = match.end()
    return steps


def _step(match: re.Match[str]) -> Step:
    if match["filter"] is not None:
        return _filter(match["filter"])
    if match["index"] is not None:
        return _index(int(match["index"]))
    if match["start"] is not None:
        start, stop = (int(word) if word else None for word in match.group("start", "stop"))
        return lambda value: iter(value[start:stop] if isinstance(value, list) else ())
    if match["all"]:
        return _members
    name = match["quoted"] if match["quoted"] is not None else re.sub(r"\\(.)", r"\1", match["name"])
    return lambda value: iter([value[name]] if isinstance(value, dict) and name in value else [])


def _members(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        return iter(value.values())
    return iter(value if isinstance(value, list) else [])


def _index(position: int) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= position < len(value):
            yield value[position]

    return step


def _filter(text: str) -> Step:
    match = _FILTER.match(text)
    if match is None:
        raise BadPath(f"cannot read the filter {text!r}")
    find = compile_path(match["path"] or "")
    sign = match["sign"]
    if sign is None:
        return lambda value: (item for item in _members(value) if find(item))
    compare, wanted = _SIGNS[sign], _literal(match["value"])

    def step(value: Any) -> Iterator[Any]:
        for item in _members(value):
            for found in find(item):
                if _comparable(found, wanted) and compare(found, wanted):
                    yield item
                    break

    return step


def _comparable(found: Any, wanted: Any) -> bool:
    numbers = (int, float)
    if isinstance(found, numbers) and isinstance(wanted, numbers):
        return isinstance(found, bool) == isinstance(wanted, bool)
    return type(found) is type(wanted)


def _literal(text: str) -> Any:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise BadPath(f"cannot read the value {text!r}: put text into quotes") from None
