"""Rules over several fields, each said once for the parser and once in CEL for the API server.

A rule stands on one object of the schema. Both forms are kept side by side here, and the parity suite runs the same
objects through both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_RESERVED = frozenset(
    {"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop"}
    | {"namespace", "null", "package", "return", "true", "var", "void", "while"}
)


def cel_name(field: str) -> str:
    """A property's name as CEL rules must write it (Kubernetes, "Validation rules": escaping of property names)."""
    if field in _RESERVED:
        return f"__{field}__"
    for sign, escaped in (("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__")):
        field = field.replace(sign, escaped)
    return field


def cel_has(field: str) -> str:
    return f"has(self.{cel_name(field)})"


@dataclass(frozen=True, slots=True)
class Rule:
    """``cel`` is true for an object that is right. ``judge`` takes the same object and answers None, or the sentence
    that says what is wrong; it must bear objects of any shape, since it runs beside the other checks, not after them.

    ``message`` is what the API server says, ``path`` the field (``.headers``) that it says it of, empty for the object.
    """

    cel: str
    message: str
    judge: Callable[[Mapping[str, Any]], str | None]
    path: str = ""

    def validation(self) -> dict[str, str]:
        """The entry of ``x-kubernetes-validations``."""
        entry = {"rule": self.cel, "message": self.message}
        if self.path:
            entry["fieldPath"] = self.path
        return entry


def listed(names: Sequence[str], word: str) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def simple(cel: str, message: str, holds: Callable[[Mapping[str, Any]], bool], path: str = "") -> Rule:
    """A rule whose sentence is the same on both sides."""
    return Rule(cel, message, lambda raw: None if holds(raw) else message, path)


def exactly_one(*fields: str) -> Rule:
    """Exactly one of the fields is there."""
    message = f"give exactly one of {listed(fields, 'or')}"

    def judge(raw: Mapping[str, Any]) -> str | None:
        given = [field for field in fields if field in raw]
        if len(given) == 1:
            return None
        return f"{message}; {'there is none' if not given else listed(given, 'and') + ' are there'}"

    return Rule(f"[{', '.join(map(cel_has, fields))}].filter(given, given).size() == 1", message, judge)


def at_least_one(*fields: str) -> Rule:
    """At least one of the fields is there."""
    return simple(
        " || ".join(map(cel_has, fields)),
        f"give at least one of {listed(fields, 'or')}",
        lambda raw: any(field in raw for field in fields),
    )


def needs(field: str, *others: str) -> Rule:
    """The field means something only beside one of the others."""
    return simple(
        f"!{cel_has(field)} || {' || '.join(map(cel_has, others))}",
        f"{field} means nothing without {listed(others, 'or')}; add it or remove {field}",
        lambda raw: field not in raw or any(other in raw for other in others),
        f".{field}",
    )


def ordered(low: str, high: str) -> Rule:
    """Two plain numbers, if both are there, stand in this order."""
    message = f"{low} is above {high}, which nothing can meet; exchange them"

    def holds(raw: Mapping[str, Any]) -> bool:
        values = [raw.get(low), raw.get(high)]
        numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        return len(numbers) < 2 or numbers[0] <= numbers[1]

    return simple(
        f"!{cel_has(low)} || !{cel_has(high)} || self.{cel_name(low)} <= self.{cel_name(high)}", message, holds
    )
