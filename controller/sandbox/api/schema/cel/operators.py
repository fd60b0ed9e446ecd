"""CEL's operators on values: equality across types, order, arithmetic that overflows with an error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from controller.sandbox.api.schema.cel.values import (
    CelError,
    Duration,
    MapList,
    Optional,
    SetList,
    Timestamp,
    Uint,
)
from controller.sandbox.api.schema.quantity import Quantity

NO_OVERLOAD = "no such overload"
_INT = (-(2**63), 2**63)
_UINT = (0, 2**64)
_ORDERED: tuple[type, ...] = (bool, str, bytes, Duration, Timestamp)


def equal(left: Any, right: Any) -> bool:
    """Equality: numbers by value whatever their type, other types never across, lists and maps by their parts."""
    numbers = is_number(left), is_number(right)
    if all(numbers):
        return bool(left == right)
    if any(numbers) or isinstance(left, bool) != isinstance(right, bool):
        return False
    if isinstance(left, list) and isinstance(right, list):
        return _equal_lists(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    if isinstance(left, Optional) and isinstance(right, Optional):
        return left.present == right.present and equal(left.value, right.value)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return left.value == right.value
    return type(left) is type(right) and bool(left == right)


def _equal_lists(left: list[Any], right: list[Any]) -> bool:
    if len(left) != len(right):
        return False
    if isinstance(left, SetList):
        return all(any(equal(item, other) for other in right) for item in left)
    if isinstance(left, MapList):
        before = {map_key(item, left.keys): item for item in right}
        return all(equal(before.get(map_key(item, left.keys)), item) for item in left)
    return all(equal(one, two) for one, two in zip(left, right, strict=True))


def map_key(item: Any, keys: tuple[str, ...]) -> tuple[Any, ...]:
    """What tells an entry of a list of type map from the others."""
    return tuple((key, item.get(key)) for key in keys) if isinstance(item, dict) else ()


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1. Raises CelError for values without an order between them."""
    if not (is_number(left) and is_number(right)) and not (type(left) is type(right) and isinstance(left, _ORDERED)):
        raise CelError(NO_OVERLOAD)
    return int(left > right) - int(left < right)


def _less(left: Any, right: Any) -> bool:
    """Order, which a number that is none (NaN) has with nothing."""
    return compare(left, right) < 0


def add(left: Any, right: Any) -> Any:
    if isinstance(left, list) and isinstance(right, list):
        return _concatenated(left, right)
    if isinstance(left, Duration) and isinstance(right, Duration):
        return Duration(_bounded(left.nanoseconds + right.nanoseconds))
    if isinstance(left, Timestamp) and isinstance(right, Duration):
        return Timestamp(left.nanoseconds + right.nanoseconds)
    if isinstance(left, Duration) and isinstance(right, Timestamp):
        return Timestamp(left.nanoseconds + right.nanoseconds)
    if type(left) is type(right) and isinstance(left, str | bytes):
        return left + right
    return _arithmetic(left, right, lambda one, two: one + two)


def _concatenated(left: list[Any], right: list[Any]) -> list[Any]:
    if isinstance(left, SetList):
        return SetList([*left, *(item for item in right if not any(equal(item, old) for old in left))])
    if isinstance(left, MapList):
        merged = {map_key(item, left.keys): item for item in [*left, *right]}
        out = MapList(merged.values())
        out.keys = left.keys
        return out
    return [*left, *right]


def subtract(left: Any, right: Any) -> Any:
    if isinstance(left, Timestamp) and isinstance(right, Timestamp):
        return Duration(_bounded(left.nanoseconds - right.nanoseconds))
    if isinstance(left, Timestamp) and isinstance(right, Duration):
        return Timestamp(left.nanoseconds - right.nanoseconds)
    if isinstance(left, Duration) and isinstance(right, Duration):
        return Duration(_bounded(left.nanoseconds - right.nanoseconds))
    return _arithmetic(left, right, lambda one, two: one - two)


def multiply(left: Any, right: Any) -> Any:
    return _arithmetic(left, right, lambda one, two: one * two)


def divide(left: Any, right: Any) -> Any:
    if isinstance(left, float) and isinstance(right, float):
        if right == 0:
            return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)
        return left / right
    if right == 0 and is_number(right):
        raise CelError("division by zero")
    return _arithmetic(left, right, lambda one, two: abs(one) // abs(two) * (1 if (one < 0) == (two < 0) else -1))


def modulo(left: Any, right: Any) -> Any:
    if isinstance(left, float) or isinstance(right, float):
        raise CelError(NO_OVERLOAD)
    if right == 0 and is_number(right):
        raise CelError("modulus by zero")
    return _arithmetic(left, right, lambda one, two: abs(one) % abs(two) * (-1 if one < 0 else 1))


def _arithmetic(left: Any, right: Any, act: Callable[[Any, Any], Any]) -> Any:
    if not is_number(left) or type(left) is not type(right):
        raise CelError(NO_OVERLOAD)
    if isinstance(left, float):
        return act(left, right)
    low, high = _UINT if isinstance(left, Uint) else _INT
    result = act(int(left), int(right))
    if not low <= result < high:
        raise CelError("unsigned integer overflow" if isinstance(left, Uint) else "integer overflow")
    return Uint(result) if isinstance(left, Uint) else result


def _bounded(nanoseconds: int) -> int:
    if not _INT[0] <= nanoseconds < _INT[1]:
        raise CelError("duration overflow")
    return nanoseconds


def negate(value: Any) -> Any:
    if not is_number(value) or isinstance(value, Uint):
        raise CelError(NO_OVERLOAD)
    return -value


def inside(item: Any, container: Any) -> bool:
    if isinstance(container, list):
        return any(equal(item, other) for other in container)
    if isinstance(container, dict):
        return any(equal(item, key) for key in container) if not isinstance(item, str) else item in container
    raise CelError(NO_OVERLOAD)


def index(container: Any, key: Any) -> Any:
    """An element. Raises CelError with cel-go's words when it is not there."""
    if isinstance(container, list):
        if not is_number(key) or key != int(key):
            raise CelError("unsupported index type")
        if not 0 <= key < len(container):
            raise CelError(f"index out of bounds: {int(key)}")
        return container[int(key)]
    if isinstance(container, dict):
        if isinstance(key, str | int | float) and key in container:
            return container[key]
        raise CelError(f"no such key: {key}")
    raise CelError(NO_OVERLOAD)


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "_==_": equal,
    "_!=_": lambda left, right: not equal(left, right),
    "_<_": _less,
    "_<=_": lambda left, right: compare(left, right) <= 0,
    "_>_": lambda left, right: _less(right, left),
    "_>=_": lambda left, right: compare(left, right) >= 0,
    "_+_": add,
    "_-_": subtract,
    "_*_": multiply,
    "_/_": divide,
    "_%_": modulo,
    "@in": inside,
}
