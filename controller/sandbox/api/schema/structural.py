"""An object against a structural OpenAPI v3 schema: `validate`, and from `pruning` also `prune` and `default`.

A schema is a plain dict with its references inlined; it may refer to itself (the schema of a CRD does) and must not
change once it was used. The rules and sentences are those of k8s.io/kube-openapi/pkg/validation, which kube-apiserver
runs on custom resources. On updates it ratchets: what equals the stored value is not judged again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.sandbox.api.schema import errors, formats, regexes
from controller.sandbox.api.schema.errors import FieldError, child
from controller.sandbox.api.schema.lists import check_lists
from controller.sandbox.api.schema.pruning import default, prune

__all__ = ["FieldError", "check_lists", "default", "prune", "validate"]

Schema = Mapping[str, Any]

_ABSENT: Any = object()
_TYPE_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
_NUMBER_FORMATS = {int: "int64", float: "float64"}
_LOGIC = frozenset(("anyOf", "oneOf", "allOf", "not"))


class _Result:
    """The errors found so far, each sentence once, and how many checks passed.

    Of an anyOf's failed branches the one that passed the most checks is told, so passes are counted as the server does.
    """

    __slots__ = ("errors", "matches", "seen")

    def __init__(self) -> None:
        self.errors: list[FieldError] = []
        self.seen: set[str] = set()
        self.matches = 0

    def add(self, error: FieldError, sentence: str = "") -> None:
        sentence = sentence or error.message
        if sentence not in self.seen:
            self.seen.add(sentence)
            self.errors.append(error)

    def merge(self, other: _Result) -> None:
        for error in other.errors:
            self.add(error, _sentence(error))
        self.matches += other.matches


def _sentence(error: FieldError) -> str:
    return error.message if error.type in (errors.INVALID, errors.TYPE_INVALID) else f"{error.field}{error.type}"


def validate(schema: Schema, obj: Any, old: Any = _ABSENT, path: str = "") -> list[FieldError]:
    """What is wrong with `obj`; with `old`, the stored value, only in what changed. `path` is the value's own path.

    Types, required, enum, pattern, bounds, lengths, multipleOf, uniqueItems, anyOf, oneOf, allOf, not, format, null.
    List types (`check_lists`), embedded objects' metadata (`meta`) and rules (`cel`) have functions of their own.
    """
    result = _Result()
    _visit(schema, obj, old, path, result)
    return result.errors


def _visit(schema: Schema, value: Any, old: Any, path: str, result: _Result) -> None:
    if old is not _ABSENT and value == old and _same(value, old):
        return
    if value is None:
        _check_null(schema, path, result)
        return
    kind = type(value)
    result.matches += 4  # the node itself, the combinations, and the two validators that always apply
    _check_type(schema, kind, path, result)
    if not _LOGIC.isdisjoint(schema):
        _check_logic(schema, value, path, result)
    if kind is dict:
        result.matches += 1
        _check_object(schema, value, old, path, result)
    elif kind is list:
        result.matches += 2
        _check_list(schema, value, old, path, result)
    elif kind is str:
        result.matches += 1
        _check_string(schema, value, path, result)
    elif kind is not bool:
        result.matches += 2
        _check_number(schema, value, path, result)
    if "enum" in schema:
        _check_enum(schema["enum"], value, path, result)


def _same(one: Any, two: Any) -> bool:
    """Whether values that are equal to Python are so to JSON, where true is not 1."""
    if isinstance(one, dict) and isinstance(two, dict):
        return all(_same(item, two[name]) for name, item in one.items())
    if isinstance(one, list) and isinstance(two, list):
        return all(map(_same, one, two))
    return type(one) is type(two)


def _check_null(schema: Schema, path: str, result: _Result) -> None:
    expected = _expected(schema)
    if expected and not schema.get("nullable"):
        _wrong_type(path, ",".join(expected), "null", result)
    else:
        result.matches += 1
    if "enum" in schema:
        _check_enum(schema["enum"], None, path, result)


def _expected(schema: Schema) -> tuple[str, ...]:
    if schema.get("x-kubernetes-int-or-string"):
        return ("integer", "string")
    name = schema.get("type")
    return (name,) if name else ()


def _wrong_type(path: str, expected: str, found: str, result: _Result) -> None:
    sentence = f"{path} in body must be of type {expected}: {errors.quoted(found)}"
    result.add(errors.type_invalid(_shown(path), found, sentence))


def _shown(path: str) -> str:
    return path.removeprefix(".") if path else "<nil>"


def _check_type(schema: Schema, kind: type, path: str, result: _Result) -> None:
    found = _TYPE_NAMES[kind]
    name = schema.get("type")
    if name == found and not schema.get("x-kubernetes-int-or-string"):
        result.matches += 2
        return
    expected = _expected(schema)
    form = formats.known(schema["format"]) if "format" in schema else ""
    if not expected and not form:
        return
    numeric = "number" in expected or "integer" in expected
    fits = found in expected or (found == "integer" and "number" in expected)
    if form and kind is not str and kind is not list and not fits:
        _wrong_type(path, schema["format"], _NUMBER_FORMATS.get(kind, ""), result)
    elif form and not numeric and kind in (str, list):
        result.matches += 2
    elif not fits:
        _wrong_type(path, ",".join(expected), found, result)
    else:
        result.matches += 2


def _check_string(schema: Schema, value: str, path: str, result: _Result) -> None:
    where = f"{path} in body"
    if "format" in schema and not formats.fits(schema["format"], value):
        sentence = f"{where} must be of type {schema['format']}: {errors.quoted(value)}"
        result.add(errors.type_invalid(_shown(path), value, sentence))
    limit = schema.get("maxLength")
    if limit is not None and len(value) > limit:
        result.add(errors.too_long(_shown(path), limit), f"{where} long")
        return
    limit = schema.get("minLength")
    if limit is not None and len(value) < limit:
        result.add(errors.invalid(_shown(path), value, f"{where} should be at least {limit} chars long"))
        return
    pattern = schema.get("pattern")
    if pattern:
        try:
            if regexes.compiled(pattern).search(value):
                return
        except regexes.BadPattern as bad:
            pattern = f"{pattern}, but pattern is invalid: {bad}"
        result.add(errors.invalid(_shown(path), value, f"{where} should match '{pattern}'"))


def _check_number(schema: Schema, value: float, path: str, result: _Result) -> None:
    # The server cuts a bound to a whole number when the value is one; so 0.1 as a factor refuses every whole number.
    whole = type(value) is int
    factor = _bound(schema, "multipleOf", whole)
    if factor is not None and factor <= 0:
        sentence = f"factor MultipleOf declared for {path} must be positive: {errors.number(factor)}"
        result.add(errors.invalid(_shown(path), factor, sentence))
    elif factor is not None and not _is_multiple(value, factor):
        sentence = f"{path} in body should be a multiple of {errors.number(factor)}"
        result.add(errors.invalid(_shown(path), value, sentence))
    limit = _bound(schema, "minimum", whole)
    if limit is not None:
        exclusive = schema.get("exclusiveMinimum")
        if value <= limit if exclusive else value < limit:
            _out_of_bounds("greater than", limit, value, path, result, inclusive=not exclusive)
    limit = _bound(schema, "maximum", whole)
    if limit is not None:
        exclusive = schema.get("exclusiveMaximum")
        if value >= limit if exclusive else value > limit:
            _out_of_bounds("less than", limit, value, path, result, inclusive=not exclusive)


def _bound(schema: Schema, name: str, whole: bool) -> float | None:
    bound: float | None = schema.get(name)
    return bound if bound is None or not whole else int(bound)


def _out_of_bounds(words: str, limit: float, value: float, path: str, result: _Result, *, inclusive: bool) -> None:
    also = " or equal to" if inclusive else ""
    result.add(errors.invalid(_shown(path), value, f"{path} in body should be {words}{also} {errors.number(limit)}"))


def _is_multiple(value: float, factor: float) -> bool:
    if isinstance(value, int):
        return value % int(factor) == 0
    quotient = value * (1 / factor) if factor < 1 else value / factor
    return abs(quotient - round(quotient)) < 1e-9


def _check_enum(allowed: list[Any], value: Any, path: str, result: _Result) -> None:
    if any(value == item and isinstance(value, bool) == isinstance(item, bool) for item in allowed):
        return
    names = [item if isinstance(item, str) else errors.go_json(item) for item in allowed]
    result.add(errors.not_supported(_shown(path), value, names), f"{path} enum")


def _check_list(schema: Schema, value: list[Any], old: Any, path: str, result: _Result) -> None:
    items = schema.get("items")
    if items is not None:
        before = _by_key(schema, old)
        for i, item in enumerate(value):
            _visit(items, item, _correlated(schema, item, before), f"{path}[{i}]", result)
    where = f"{path} in body"
    limit = schema.get("minItems")
    if limit is not None and len(value) < limit:
        sentence = f"{where} should have at least {limit} items"
        result.add(errors.invalid(_shown(path), len(value), sentence))
    limit = schema.get("maxItems")
    if limit is not None and len(value) > limit:
        result.add(errors.too_many(_shown(path), len(value), limit), f"{where} items")
    if schema.get("uniqueItems") and any(item in value[:i] for i, item in enumerate(value)):
        result.add(errors.invalid(_shown(path), "", f"{where} shouldn't contain duplicates"))


def _by_key(schema: Schema, old: Any) -> dict[Any, Any] | None:
    """The stored list's entries by their keys, where the schema says that it is a map."""
    if old is _ABSENT or not isinstance(old, list) or schema.get("x-kubernetes-list-type") != "map":
        return None
    keys = schema.get("x-kubernetes-list-map-keys", ())
    return {_key(item, keys): item for item in old if isinstance(item, dict)}


def _key(item: Mapping[str, Any], keys: list[str]) -> str:
    return errors.go_json([item.get(key) for key in keys])


def _correlated(schema: Schema, item: Any, before: dict[Any, Any] | None) -> Any:
    if before is None or not isinstance(item, dict):
        return _ABSENT
    return before.get(_key(item, schema["x-kubernetes-list-map-keys"]), _ABSENT)


def _check_object(schema: Schema, value: dict[str, Any], old: Any, path: str, result: _Result) -> None:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    extra = schema.get("additionalProperties")
    before: Mapping[str, Any] = old if isinstance(old, dict) else {}
    for name, item in value.items():
        inner = properties.get(name)
        if inner is not None:
            _visit(inner, item, before.get(name, _ABSENT), f"{path}.{name}" if path else name, result)
        elif extra is not None and extra is not True:
            if extra is False:
                sentence = f"{path}.{name} in body is a forbidden property"
                result.add(errors.invalid(_shown(path), name, sentence))
            else:
                _visit(extra, item, before.get(name, _ABSENT), f"{path}.{name}", result)
    for name in schema.get("required", ()):
        if name not in value:
            result.add(errors.required(child(_shown(path) if path else "", name)), f"{path}.{name} required")
    limit = schema.get("minProperties")
    if limit is not None and len(value) < limit:
        sentence = f"{path} in body should have at least {limit} properties"
        result.add(errors.invalid(_shown(path), len(value), sentence))
    limit = schema.get("maxProperties")
    if limit is not None and len(value) > limit:
        result.add(errors.too_many(_shown(path), len(value), limit), f"{path} properties")


def _check_logic(schema: Schema, value: Any, path: str, result: _Result) -> None:
    """anyOf, oneOf, allOf and not; their sentences carry no path of their own but name it in the text."""
    where = errors.quoted(path)
    if "anyOf" in schema:
        best, valid = _branches(schema["anyOf"], value, path, stop=True)
        if not valid:
            result.add(_pathless(f"{where} must validate at least one schema (anyOf)"))
        result.merge(best)
    if "oneOf" in schema:
        best, valid = _branches(schema["oneOf"], value, path, stop=False)
        if valid != 1:
            found = f"Found {valid} valid alternatives" if valid else "Found none valid"
            result.add(_pathless(f"{where} must validate one and only one schema (oneOf). {found}"))
        if valid <= 1:
            result.merge(best)
    if "allOf" in schema:
        valid = 0
        for branch in schema["allOf"]:
            inner = _Result()
            _visit(branch, value, _ABSENT, path, inner)
            valid += not inner.errors
            result.merge(inner)
        if valid != len(schema["allOf"]):
            none = "" if valid else ". None validated"
            result.add(_pathless(f"{where} must validate all the schemas (allOf){none}"))
    if "not" in schema:
        inner = _Result()
        _visit(schema["not"], value, _ABSENT, path, inner)
        if not inner.errors:
            result.add(_pathless(f"{where} must not validate the schema (not)"))


def _pathless(sentence: str) -> FieldError:
    return errors.invalid("<nil>", "", sentence)


def _branches(branches: list[Schema], value: Any, path: str, *, stop: bool) -> tuple[_Result, int]:
    """How many branches hold, with the first one's result, or else that of the one that came nearest."""
    best: _Result | None = None
    first: _Result | None = None
    valid = 0
    for branch in branches:
        inner = _Result()
        _visit(branch, value, _ABSENT, path, inner)
        if not inner.errors:
            valid += 1
            first = first or inner
            if stop:
                break
        elif best is None or inner.matches > best.matches:
            best = inner
    return first or best or _Result(), valid
