"""Functions on URLs, IP addresses, CIDRs, quantities and semantic versions, which Kubernetes adds to CEL."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address, ip_interface
from typing import Any
from urllib.parse import parse_qs, urlsplit

from controller.sandbox.api.schema import quantity
from controller.sandbox.api.schema.cel.operators import NO_OVERLOAD
from controller.sandbox.api.schema.cel.values import CelError, Semver, Url
from controller.sandbox.api.schema.quantity import Quantity

Address = IPv4Address | IPv6Address
Cidr = IPv4Interface | IPv6Interface
"""A network together with the address that it was written with."""

_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
)


def _url(text: str) -> Url:
    if re.search(r"[\x00-\x20\x7f]", text) or re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise CelError(f"URL parse error during conversion from string: parse {text!r}: invalid character")
    parts = urlsplit(text)
    if not parts.scheme and not text.startswith("/"):
        raise CelError(f'URL parse error during conversion from string: parse "{text}": invalid URI for request')
    return Url(text, parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query)


def _port(url: Url) -> str:
    match = re.search(r":(\d*)$", url.host)
    return match[1] if match and not url.host.endswith("]") else ""


def _hostname(url: Url) -> str:
    port = _port(url)
    host = url.host.removesuffix(f":{port}") if port else url.host
    return host.strip("[]")


def _quantity(text: str) -> Quantity:
    try:
        return quantity.parse(text)
    except ValueError as error:
        raise CelError(str(error)) from None


def _whole(amount: Quantity) -> int:
    if amount.value.denominator != 1 or not -(2**63) <= amount.value < 2**63:
        raise CelError("cannot convert value to integer")
    return int(amount.value)


def _plus(amount: Quantity, other: Any, sign: int = 1) -> Quantity:
    more = other.value if isinstance(other, Quantity) else Fraction(other)
    return Quantity(amount.value + sign * more, amount.family)


def _ip(text: str) -> Address:
    try:
        found = ip_address(text)
    except ValueError:
        raise CelError(f'IP Address "{text}" parse error during conversion from string') from None
    if "%" in text or (isinstance(found, IPv6Address) and found.ipv4_mapped):
        raise CelError(f'IP Address "{text}" with zone value or IPv4-mapped IPv6 address is not allowed')
    return found


def _cidr(text: str) -> Cidr:
    try:
        if "/" not in text or not text.rpartition("/")[2].isdigit():
            raise ValueError
        return ip_interface(text)
    except ValueError:
        raise CelError(f'network address parse error during conversion from string: "{text}"') from None


def _within(cidr: Cidr, other: Any) -> bool:
    found = _ip(other) if isinstance(other, str) else other
    return found.version == cidr.version and found in cidr.network


def _covers(cidr: Cidr, other: Any) -> bool:
    found = _cidr(other) if isinstance(other, str) else other
    if found.version != cidr.version:
        return False
    inner, outer = found.network, cidr.network
    return bool(inner.prefixlen >= outer.prefixlen and inner.network_address in outer)


def _semver(text: str, normalize: bool = False) -> Semver:
    plain = text
    if normalize:
        plain = text.removeprefix("v")
        core, dash, rest = plain.partition("-")
        numbers = [part.lstrip("0") or "0" for part in core.split(".")]
        plain = ".".join([*numbers, "0", "0"][: max(3, len(numbers))]) + dash + rest
    match = _SEMVER.fullmatch(plain)
    if match is None:
        raise CelError(f'semver "{text}" parse error')
    return Semver(
        int(match[1]), int(match[2]), int(match[3]), tuple((match[4] or "").split(".")) if match[4] else (), text
    )


def _order(version: Semver) -> tuple[Any, ...]:
    """A key in the order of https://semver.org section 11: a pre-release before its release."""
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in version.pre)
    return (version.major, version.minor, version.patch, not version.pre, parts)


def _compared(one: Any, two: Any) -> int:
    if isinstance(one, Quantity) and isinstance(two, Quantity):
        return (one.value > two.value) - (one.value < two.value)
    if isinstance(one, Semver) and isinstance(two, Semver):
        return (_order(one) > _order(two)) - (_order(one) < _order(two))
    raise CelError(NO_OVERLOAD)


def _can(parse: Callable[..., Any]) -> Callable[..., bool]:
    """Whether a text can be read."""

    def check(*args: Any) -> bool:
        try:
            parse(*args)
        except CelError:
            return False
        return True

    return check


def _ip_or_part(value: Any) -> Any:
    return _ip(value) if isinstance(value, str) else value.ip


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "url": _url,
    "isURL": _can(_url),
    "getScheme": lambda url: url.scheme,
    "getHost": lambda url: url.host,
    "getHostname": _hostname,
    "getPort": _port,
    "getEscapedPath": lambda url: url.path,
    "getQuery": lambda url: parse_qs(url.query, keep_blank_values=True),
    "quantity": _quantity,
    "isQuantity": _can(_quantity),
    "sign": lambda amount: (amount.value > 0) - (amount.value < 0),
    "isInteger": lambda amount: amount.value.denominator == 1 and -(2**63) <= amount.value < 2**63,
    "asInteger": _whole,
    "asApproximateFloat": lambda amount: float(amount.value),
    "add": _plus,
    "sub": lambda amount, other: _plus(amount, other, -1),
    "isGreaterThan": lambda one, two: _compared(one, two) > 0,
    "isLessThan": lambda one, two: _compared(one, two) < 0,
    "compareTo": _compared,
    "ip": _ip_or_part,
    "isIP": _can(_ip),
    "ip.isCanonical": lambda text: str(_ip(text)) == text,
    "family": lambda address: address.version,
    "isUnspecified": lambda address: address.is_unspecified,
    "isLoopback": lambda address: address.is_loopback,
    "isLinkLocalMulticast": lambda address: address.is_multicast and address.packed[:2] in (b"\xe0\x00", b"\xff\x02"),
    "isLinkLocalUnicast": lambda address: address.is_link_local,
    "isGlobalUnicast": lambda address: (
        not (address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local)
    ),
    "cidr": _cidr,
    "isCIDR": _can(_cidr),
    "containsIP": _within,
    "containsCIDR": _covers,
    "prefixLength": lambda cidr: cidr.network.prefixlen,
    "masked": lambda cidr: ip_interface(cidr.network),
    "semver": _semver,
    "isSemver": _can(_semver),
    "major": lambda version: version.major,
    "minor": lambda version: version.minor,
    "patch": lambda version: version.patch,
}
