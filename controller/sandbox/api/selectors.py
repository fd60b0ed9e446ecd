"""Label selectors and field selectors, as they stand in a URL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from controller.sandbox.api.failure import Failure
from controller.sandbox.api.schema import errors, names
from controller.sandbox.client import Object

Matcher = Callable[[Object], bool]

_TOKEN = re.compile(r"\s*(?:(?P<sign>==|!=|=|!|,|\(|\)|<|>)|(?P<word>[^\s=!,()<>]+))")
_SIGNS = frozenset(("==", "!=", "=", "!", ",", "(", ")", "<", ">"))

Requirement = tuple[str, str, frozenset[str]]  # key, operator, values


def parse_labels(text: str) -> list[Requirement]:
    """The requirements of a label selector (``app=a,tier!=b,env in (x,y),!old,size>3``).

    Operators: ``in``, ``notin``, ``exists``, ``!``, ``<``, ``>``. Raises Failure(400) with a real server's words.
    """
    tokens = _tokens(text)
    found: list[Requirement] = []
    while tokens:
        if tokens[0] in _SIGNS - {"!"}:
            raise Failure.bad_request(f"found '{tokens[0]}', expected: !, identifier, or 'end of string'")
        found.append(_requirement(tokens))
        if not tokens:
            break
        sign = tokens.pop(0)
        if sign != ",":
            raise Failure.bad_request(f"found '{sign}', expected: ',' or 'end of string'")
        if not tokens:
            raise Failure.bad_request("found '', expected: identifier after ','")
    return found


def _tokens(text: str) -> list[str]:
    return [match["sign"] or match["word"] for match in _TOKEN.finditer(text.strip())]


def _requirement(tokens: list[str]) -> Requirement:
    first = tokens.pop(0)
    if first == "!":
        return _checked_key(tokens.pop(0) if tokens else ""), "!", frozenset()
    key = _checked_key(first)
    if not tokens or tokens[0] == ",":
        return key, "exists", frozenset()
    operator = tokens.pop(0)
    if operator in ("in", "notin"):
        return key, operator, frozenset(_checked_value(key, value) for value in _values(tokens))
    value = tokens.pop(0) if tokens and tokens[0] not in _SIGNS else ""
    if operator in ("=", "=="):
        return key, "in", frozenset([_checked_value(key, value)])
    if operator == "!=":
        return key, "notin", frozenset([_checked_value(key, value)])
    if operator in ("<", ">"):
        if not re.fullmatch(r"[-+]?[0-9]+", value):
            why = "for 'Gt', 'Lt' operators, the value must be an integer"
            raise _unparsable(errors.invalid("values[0]", value, why))
        return key, operator, frozenset([value])
    why = f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt"
    raise Failure.bad_request(f"unable to parse requirement: {why}")


def _values(tokens: list[str]) -> set[str]:
    if not tokens or (sign := tokens.pop(0)) != "(":
        raise Failure.bad_request(f"unable to parse requirement: found '{sign if tokens else ''}', expected: '('")
    values: set[str] = set()
    expect_value = True
    while tokens:
        token = tokens.pop(0)
        if token == ")":
            return values | {""} if expect_value else values
        if token == ",":
            if expect_value:
                values.add("")
            expect_value = True
        else:
            values.add(token)
            expect_value = False
    raise Failure.bad_request("unable to parse requirement: found '', expected: ',' or ')'")


def _checked_key(key: str) -> str:
    for why in names.qualified(key):
        raise _unparsable(errors.invalid("<nil>", key, why))
    return key


def _checked_value(key: str, value: str) -> str:
    for why in names.label_value(value):
        raise _unparsable(errors.invalid(f"values[0][{key}]", value, why))
    return value


def _unparsable(fault: errors.FieldError) -> Failure:
    return Failure.bad_request(f"unable to parse requirement: {fault}")


def label_matcher(text: str) -> Matcher | None:
    """A test of an object's labels; None when everything matches."""
    requirements = parse_labels(text)
    if not requirements:
        return None

    def matches(item: Object) -> bool:
        labels = item["metadata"].get("labels") or {}
        return all(_holds(requirement, labels) for requirement in requirements)

    return matches


def _holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    key, operator, values = requirement
    value = labels.get(key)
    if operator == "in":
        return value is not None and value in values
    if operator == "notin":
        return value is None or value not in values
    if operator == "exists":
        return value is not None
    if operator == "!":
        return value is None
    try:
        number, limit = int(value or ""), int(next(iter(values)))
    except ValueError:
        return False
    return number > limit if operator == ">" else number < limit


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector (matchLabels, matchExpressions) of an object's spec selects these labels."""
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    operators = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
    return all(
        _holds((item["key"], operators[item["operator"]], frozenset(item.get("values") or [])), labels)
        for item in selector.get("matchExpressions") or []
    )


def format_selector(selector: Mapping[str, Any] | None) -> str:
    """A LabelSelector as the text that a URL or a Scale's status carries."""
    selector = selector or {}
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for item in selector.get("matchExpressions") or []:
        values = ",".join(sorted(item.get("values") or []))
        form = {"In": f"{{}} in ({values})", "NotIn": f"{{}} notin ({values})", "Exists": "{}", "DoesNotExist": "!{}"}
        parts.append(form[item["operator"]].format(item["key"]))
    return ",".join(parts)


def field_matcher(text: str, known: Mapping[str, Callable[[Object], str]], *, closed: bool) -> Matcher | None:
    """A test of an object's fields (``metadata.name=a,status.phase!=Running``).

    ``known`` maps each field that this kind can be selected by to a function that reads it; ``closed``: it has no field
    of its own. None when everything matches; Failure(400) for a field that is not known.
    """
    tests: list[tuple[Callable[[Object], str], bool, str]] = []
    for part in filter(None, re.split(r"(?<!\\),", text)):
        match = re.fullmatch(r"([^=!]+)(==|!=|=)(.*)", part, re.DOTALL)
        if match is None:
            raise Failure.bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        name, operator, value = match.groups()
        read = known.get(name)
        if read is None:
            listed = ", ".join(f'"{word}"' for word in known)
            raise Failure.bad_request(
                f'"{name}" is not a known field selector: only {listed}'
                if closed
                else f"field label not supported: {name}"
            )
        tests.append((read, operator != "!=", re.sub(r"\\([\\,=])", r"\1", value)))
    if not tests:
        return None
    return lambda item: all((read(item) == value) == equal for read, equal, value in tests)
