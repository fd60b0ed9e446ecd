"""The functions that rules may call, on values; `declarations` says which types they take."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from controller.sandbox.api.schema import formats, names, regexes
from controller.sandbox.api.schema.cel.operators import NO_OVERLOAD, add, compare, equal
from controller.sandbox.api.schema.cel.values import (
    NONE,
    CelError,
    Duration,
    Format,
    Optional,
    Timestamp,
    TypeValue,
    Uint,
    timestamp,
    type_name,
)
from controller.sandbox.api.schema.errors import number, quoted

Function = Callable[..., Any]


def _matches(text: str, pattern: str) -> bool:
    return _compiled(pattern).search(text) is not None


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return regexes.compiled(pattern)
    except regexes.BadPattern as bad:
        raise CelError(str(bad)) from None


def _find(text: str, pattern: str) -> str:
    match = _compiled(pattern).search(text)
    return match[0] if match else ""


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [match[0] for match in _compiled(pattern).finditer(text)]
    return found if limit < 0 else found[:limit]


def _index_of(target: Any, wanted: Any, start: int = 0) -> int:
    if isinstance(target, list):
        return next((i for i, item in enumerate(target) if equal(item, wanted)), -1)
    if start < 0:
        raise CelError(f"index out of range: {start}")
    return int(target.find(wanted, start)) if start < len(target) else -1


def _last_index_of(target: Any, wanted: Any, last: int | None = None) -> int:
    if isinstance(target, list):
        return next((i for i in reversed(range(len(target))) if equal(target[i], wanted)), -1)
    if last is None:
        return int(target.rfind(wanted))
    if last < 0:
        raise CelError(f"index out of range: {last}")
    return int(target.rfind(wanted, 0, last + len(wanted))) if last < len(target) else -1


def _substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    if not 0 <= start <= len(text):
        raise CelError(f"index out of range: {start}")
    if not 0 <= stop <= len(text):
        raise CelError(f"index out of range: {stop}")
    if stop < start:
        raise CelError(f"invalid substring range. start: {start}, end: {stop}")
    return text[start:stop]


def _char_at(text: str, at: int) -> str:
    if not 0 <= at <= len(text):
        raise CelError(f"index out of range: {at}")
    return text[at : at + 1]


def _replace(text: str, old: str, new: str, limit: int = -1) -> str:
    return text.replace(old, new, limit)


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if separator:
        return text.split(separator, limit - 1 if limit > 0 else -1)
    return list(text) if limit < 0 else [*text[: limit - 1], text[limit - 1 :]]


def _ascii(text: str, change: Callable[[str], str]) -> str:
    return "".join(change(char) if char.isascii() else char for char in text)


def _join(parts: list[str], separator: str = "") -> str:
    if not all(isinstance(part, str) for part in parts):
        raise CelError(NO_OVERLOAD)
    return separator.join(parts)


_VERB = re.compile(r"%(%|(?:\.(\d+))?([sdfexXob]))")


def _format(template: str, args: list[Any]) -> str:
    """printf as in cel-go's string.format: %s %d %f %e %x %X %o %b, with a precision for %f and %e."""
    left = list(args)

    def one(match: re.Match[str]) -> str:
        if match[1] == "%":
            return "%"
        if not left:
            raise CelError(f"index {len(args)} out of range")
        value, verb = left.pop(0), match[3]
        if verb == "s":
            return _shown(value)
        if verb in "fe":
            return f"{float(value):.{match[2] or 6}{verb}}"
        if verb in "xX" and isinstance(value, str | bytes):
            text = (value.encode() if isinstance(value, str) else value).hex()
            return text.upper() if verb == "X" else text
        if not isinstance(value, int):
            raise CelError(f"error during formatting: verb %{verb} needs an integer")
        return format(int(value), "d" if verb == "d" else verb)

    return _VERB.sub(one, template)


def _shown(value: Any) -> str:
    """A value as %s writes it."""
    if isinstance(value, list):
        return "[" + ", ".join(_nested(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_nested(key)}:{_nested(item)}" for key, item in sorted(value.items())) + "}"
    if value is None:
        return "null"
    return value if isinstance(value, str) else _to_string(value)


def _nested(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else _shown(value)


def _to_string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, Duration):
        return f"{number(value.nanoseconds / 10**9)}s"
    if isinstance(value, Timestamp):
        whole, rest = divmod(value.nanoseconds, 10**9)
        fraction = f".{rest:09d}".rstrip("0") if rest else ""
        return Timestamp(whole * 10**9).moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"
    if isinstance(value, TypeValue):
        return value.name
    return str(value)


def _to_int(value: Any) -> int:
    if isinstance(value, Timestamp):
        return value.nanoseconds // 10**9
    if isinstance(value, float) and not -(2.0**63) < value < 2.0**63:
        raise CelError("integer overflow")
    if isinstance(value, str) and not re.fullmatch(r"[+-]?\d+", value, re.ASCII):
        raise CelError(f'strconv.ParseInt: parsing "{value}": invalid syntax')
    return int(value)


def _to_uint(value: Any) -> Uint:
    whole = _to_int(value)
    if whole < 0:
        raise CelError("unsigned integer overflow")
    return Uint(whole)


def _to_double(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        raise CelError(f'strconv.ParseFloat: parsing "{value}": invalid syntax') from None


def _to_bool(value: Any) -> bool:
    words = {"true": True, "True": True, "TRUE": True, "t": True, "1": True}
    words |= {"false": False, "False": False, "FALSE": False, "f": False, "0": False}
    if isinstance(value, bool):
        return value
    if value not in words:
        raise CelError(f'strconv.ParseBool: parsing "{value}": invalid syntax')
    return words[value]


def _to_duration(value: Any) -> Duration:
    if isinstance(value, Duration):
        return value
    if isinstance(value, int):
        return Duration(value)
    length = formats.duration_nanoseconds(value)
    if length is None:
        raise CelError(f'time: invalid duration "{value}"')
    return Duration(length)


def _to_timestamp(value: Any) -> Timestamp:
    if isinstance(value, Timestamp):
        return value
    return Timestamp(value * 10**9) if isinstance(value, int) else timestamp(value)


def _is_sorted(items: list[Any]) -> bool:
    return all(compare(one, two) <= 0 for one, two in pairwise(items))


def _sum(items: list[Any]) -> Any:
    if not items:
        return 0
    total = items[0]
    for item in items[1:]:
        total = add(total, item)
    return total


def _extreme(items: list[Any], name: str, sign: int) -> Any:
    if not items:
        raise CelError(f"{name} called on empty list")
    best = items[0]
    for item in items[1:]:
        if compare(item, best) * sign > 0:
            best = item
    return best


def _contains_all(items: list[Any], wanted: list[Any]) -> bool:
    return all(any(equal(item, other) for other in items) for item in wanted)


def _not_zero(value: Any) -> Optional:
    zero = value is None or (not isinstance(value, Timestamp) and not value) or value == Duration(0)
    return NONE if zero else Optional(value, True)


def _value(optional: Optional) -> Any:
    if not optional.present:
        raise CelError("optional.none() dereference")
    return optional.value


def _time_part(part: Callable[[Any], int], of_duration: Callable[[int], int] | None = None) -> Function:
    def read(value: Any) -> int:
        if isinstance(value, Timestamp):
            return part(value.moment)
        if isinstance(value, Duration) and of_duration is not None:
            return of_duration(value.nanoseconds)
        raise CelError(NO_OVERLOAD)

    return read


_FORMAT_CHECKS: dict[str, Callable[[str], list[str]]] = {
    "dns1123Label": names.label,
    "dns1123Subdomain": names.subdomain,
    "dns1035Label": names.label_1035,
    "qualifiedName": names.qualified,
    "labelValue": names.label_value,
    "dns1123LabelPrefix": lambda text: names.object_label(text, True),
    "dns1123SubdomainPrefix": lambda text: names.object_subdomain(text, True),
    "dns1035LabelPrefix": lambda text: names.object_label_1035(text, True),
    "uri": lambda text: [] if formats.fits("uri", text) else ["invalid URI"],
    "uuid": lambda text: [] if formats.fits("uuid", text) else ["does not match the UUID format"],
    "byte": lambda text: [] if formats.fits("byte", text) else ["invalid base64"],
    "date": lambda text: [] if formats.fits("date", text) else ["invalid date"],
    "datetime": lambda text: [] if formats.fits("datetime", text) else ["invalid datetime"],
}


def _validate(form: Format, text: str) -> Optional:
    complaints = _FORMAT_CHECKS[form.name](text)
    return Optional(complaints, True) if complaints else NONE


def _size(value: Any) -> int:
    if not isinstance(value, str | bytes | list | dict):
        raise CelError(NO_OVERLOAD)
    return len(value)


def _text(check: Callable[[str, str], bool]) -> Function:
    def call(text: Any, other: Any) -> bool:
        if not isinstance(text, str) or not isinstance(other, str):
            raise CelError(NO_OVERLOAD)
        return check(text, other)

    return call


FUNCTIONS: dict[str, Function] = {
    "size": _size,
    "dyn": lambda value: value,
    "type": lambda value: TypeValue(type_name(value)),
    "bool": _to_bool,
    "int": _to_int,
    "uint": _to_uint,
    "double": _to_double,
    "string": _to_string,
    "bytes": lambda value: value.encode() if isinstance(value, str) else value,
    "timestamp": _to_timestamp,
    "duration": _to_duration,
    "matches": _text(_matches),
    "contains": _text(lambda text, other: other in text),
    "startsWith": _text(str.startswith),
    "endsWith": _text(str.endswith),
    "getFullYear": _time_part(lambda moment: moment.year),
    "getMonth": _time_part(lambda moment: moment.month - 1),
    "getDate": _time_part(lambda moment: moment.day),
    "getDayOfMonth": _time_part(lambda moment: moment.day - 1),
    "getDayOfWeek": _time_part(lambda moment: moment.isoweekday() % 7),
    "getDayOfYear": _time_part(lambda moment: moment.timetuple().tm_yday - 1),
    "getHours": _time_part(lambda moment: moment.hour, lambda nanos: int(nanos / 3600e9)),
    "getMinutes": _time_part(lambda moment: moment.minute, lambda nanos: int(nanos / 60e9)),
    "getSeconds": _time_part(lambda moment: moment.second, lambda nanos: int(nanos / 1e9)),
    "getMilliseconds": _time_part(lambda moment: moment.microsecond // 1000, lambda nanos: int(nanos / 1e6)),
    "charAt": _char_at,
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "lowerAscii": lambda text: _ascii(text, str.lower),
    "upperAscii": lambda text: _ascii(text, str.upper),
    "trim": str.strip,
    "replace": _replace,
    "split": _split,
    "substring": _substring,
    "join": _join,
    "format": _format,
    "strings.quote": quoted,
    "find": _find,
    "findAll": _find_all,
    "isSorted": _is_sorted,
    "sum": _sum,
    "min": lambda items: _extreme(items, "min", -1),
    "max": lambda items: _extreme(items, "max", 1),
    "sets.contains": _contains_all,
    "sets.equivalent": lambda one, two: _contains_all(one, two) and _contains_all(two, one),
    "sets.intersects": lambda one, two: any(equal(item, other) for item in one for other in two),
    "optional.of": lambda value: Optional(value, True),
    "optional.none": lambda: NONE,
    "optional.ofNonZeroValue": _not_zero,
    "hasValue": lambda optional: optional.present,
    "value": _value,
    "or": lambda optional, other: optional if optional.present else other,
    "orValue": lambda optional, other: optional.value if optional.present else other,
    "validate": _validate,
    "format.named": lambda name: Optional(Format(name), True) if name in _FORMAT_CHECKS else NONE,
    **{f"format.{name}": (lambda form: lambda: form)(Format(name)) for name in _FORMAT_CHECKS},
}
