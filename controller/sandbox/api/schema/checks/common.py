"""Checks that several kinds share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from controller.sandbox.api.schema import errors, names
from controller.sandbox.api.schema.errors import FieldError
from controller.sandbox.api.schema.metadata import IMMUTABLE, check_labels

Object = dict[str, Any]
Errors = Iterator[FieldError]

PROTOCOLS = ("SCTP", "TCP", "UDP")
_NOT_NEGATIVE = "must be greater than or equal to 0"


def nonnegative(obj: Mapping[str, Any], path: str, *fields: str) -> Errors:
    """Fields that may not be below zero, where they are set."""
    for name in fields:
        if obj.get(name, 0) < 0:
            yield errors.invalid(f"{path}.{name}", obj[name], _NOT_NEGATIVE)


def complaints(path: str, value: Any, texts: Iterable[str]) -> Errors:
    """One error for each complaint about a value."""
    for text in texts:
        yield errors.invalid(path, value, text)


def immutable(new: Any, old: Any, path: str, *, empty: Any = None) -> Errors:
    """An error if the value is another one than stored; `empty` is shown for a value that is not there."""
    if new != old:
        yield errors.invalid(path, empty if new is None else new, IMMUTABLE)


def one_of(obj: Mapping[str, Any], field: str, path: str, allowed: Iterable[str]) -> Errors:
    """A field that must be there and be one of some words."""
    value = obj.get(field, "")
    if not value:
        yield errors.required(f"{path}.{field}")
    elif value not in allowed:
        yield errors.not_supported(f"{path}.{field}", value, list(allowed))


def positive_or_percent(value: Any, path: str) -> Errors:
    """A whole number from 0, or a percentage."""
    if isinstance(value, str):
        yield from complaints(path, value, names.percent(value))
    elif value < 0:
        yield errors.invalid(path, value, _NOT_NEGATIVE)


def at_most_100_percent(value: Any, path: str) -> Errors:
    if isinstance(value, str) and not names.percent(value) and int(value[:-1]) > 100:
        yield errors.invalid(path, value, "must not be greater than 100%")


def amount(value: Any) -> int:
    """The number before the percent sign, or the number itself; 0 for what is neither."""
    if isinstance(value, str):
        return 0 if names.percent(value) else int(value[:-1])
    return int(value)


def port_number_or_name(value: Any, path: str) -> Errors:
    if isinstance(value, str):
        yield from complaints(path, value, names.port_name(value))
    else:
        yield from complaints(path, value, names.port_number(value or 0))


def selector(value: Object | None, path: str) -> Errors:
    """The syntax of a label selector."""
    if value is None:
        return
    yield from check_labels(value.get("matchLabels", {}), f"{path}.matchLabels")
    for i, requirement in enumerate(value.get("matchExpressions", ())):
        yield from _requirement(requirement, f"{path}.matchExpressions[{i}]")


def _requirement(requirement: Object, path: str) -> Errors:
    operator, values = requirement.get("operator", ""), requirement.get("values", [])
    if operator in ("In", "NotIn"):
        if not values:
            yield errors.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield errors.forbidden(f"{path}.values", text)
    else:
        yield errors.invalid(f"{path}.operator", operator, "not a valid selector operator")
    yield from complaints(f"{path}.key", requirement.get("key", ""), names.qualified(requirement.get("key", "")))
    for i, value in enumerate(values):
        yield from complaints(f"{path}.values[{i}]", value, names.label_value(value))


def is_valid_selector(value: Object | None) -> bool:
    return not any(True for _ in selector(value, ""))


def matches(value: Object | None, labels: Mapping[str, str]) -> bool:
    """Whether a valid label selector selects these labels; no selector selects nothing, an empty one all."""
    if value is None:
        return False
    if any(labels.get(key) != wanted for key, wanted in value.get("matchLabels", {}).items()):
        return False
    tests = {
        "In": lambda key, values: labels.get(key) in values,
        "NotIn": lambda key, values: labels.get(key) not in values,
        "Exists": lambda key, values: key in labels,
        "DoesNotExist": lambda key, values: key not in labels,
    }
    return all(
        tests[requirement["operator"]](requirement["key"], requirement.get("values", []))
        for requirement in value.get("matchExpressions", ())
    )


def address(text: str) -> IPv4Address | IPv6Address | None:
    """An IP address; leading zeros in IPv4 are taken, as older objects have them."""
    try:
        plain = ".".join(str(int(part)) for part in text.split(".")) if ":" not in text else text
        return ip_address(plain)
    except ValueError:
        return None


def endpoint_address(text: str, path: str) -> Errors:
    """An address that traffic can be sent to."""
    found = address(text)
    if found is None:
        yield errors.invalid(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
        return
    if found.is_unspecified:
        yield errors.invalid(path, text, f"may not be unspecified ({text})")
    if found.is_loopback:
        yield errors.invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if found.is_link_local:
        yield errors.invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if found.is_multicast and found.packed[:3] in (b"\xe0\x00\x00", b"\xff\x02\x00"):
        yield errors.invalid(path, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
