"""String formats of OpenAPI schemas as kube-apiserver checks them; an unknown format is not checked."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from email.utils import parseaddr
from functools import lru_cache

_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_WORDS = (
    ("ns", 1, ("ns",), "nano"),
    ("us", 10**3, ("us", "µs"), "micro"),
    ("ms", 10**6, ("ms",), "milli"),
    ("s", 10**9, ("s",), "sec"),
    ("m", 60 * 10**9, ("m",), "min"),
    ("h", 3600 * 10**9, ("h", "hr"), "hour"),
    ("d", 86400 * 10**9, ("d",), "day"),
    ("w", 604800 * 10**9, ("w", "wk"), "week"),
)
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_LOOSE = re.compile(r"(\d+)\s*([A-Za-zµ]+)", re.ASCII)
_TIME = re.compile(r"(\d{2}):(\d{2}):(\d{2})(.\d+)?(z|([+-]\d{2}:\d{2}))", re.ASCII)
_SYMBOLS = r"\u00a2-\u00a9\u00ac\u00ae-\u00b4\u2000-\u2bff\U0001f000-\U0001faff"
_ALNUM = r"a-zA-Z0-9\u00aa\u00b5\u00ba\u00c0-\u02c1\u0370-\u1fff\u2c00-\ud7ff" + _SYMBOLS
_HOSTNAME = re.compile(
    rf"[{_ALNUM}](-?[{_ALNUM}]{{0,62}})?|([{_ALNUM}](([{_ALNUM}-]{{0,61}}[{_ALNUM}])?)\.)+[a-zA-Z\u00c0-\u1fff]{{2,63}}"
)


@lru_cache(maxsize=1024)
def duration_nanoseconds(text: str) -> int | None:
    """A Go duration such as `1h30m`, in nanoseconds; None when it is none (Go's time.ParseDuration)."""
    if not _DURATION.fullmatch(text):
        return None
    total = 0
    for amount, unit in _PART.findall(text):
        whole, _, fraction = amount.partition(".")
        total += int(whole or 0) * _UNITS[unit]
        if fraction:
            total += int(fraction) * _UNITS[unit] // 10 ** len(fraction)
    if total >= 2**63:
        return None
    return -total if text.startswith("-") else total


def _is_duration(text: str) -> bool:
    """Go's form, or words as in `3 days`."""
    if duration_nanoseconds(text) is not None:
        return True
    for _, unit in _LOOSE.findall(text):
        unit = unit.lower()
        if any(unit in short or unit.startswith(long) for _, _, short, long in _WORDS):
            return True
    return False


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) is not None


def _is_datetime(text: str) -> bool:
    day, _, rest = text.lower().partition("t")
    clock = _TIME.fullmatch(rest)
    return bool(clock and _is_date(day) and clock[1] <= "23" and clock[2] <= "59" and clock[3] <= "59")


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return bool(text)


def _is_address(version: int) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            return ipaddress.ip_address(text).version == version
        except ValueError:
            return False

    return check


def _is_cidr(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return "/" in text and text.rpartition("/")[2].isdigit()


def _is_hostname(text: str) -> bool:
    return bool(_HOSTNAME.fullmatch(text)) and len(text) <= 255 and all(len(part) <= 63 for part in text.split("."))


def _is_email(text: str) -> bool:
    address = parseaddr(text)[1]
    local, at, domain = address.rpartition("@")
    return bool(at and local and domain) and " " not in address


def _is_uri(text: str) -> bool:
    """An absolute URI or an absolute path, as Go's url.ParseRequestURI takes."""
    if re.search(r"[\x00-\x20\x7f]", text) or re.search(r"%(?![0-9A-Fa-f]{2})", text):
        return False
    return text.startswith("/") or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text) is not None


def _isbn(text: str) -> str:
    return re.sub(r"[\s-]+", "", text)


def _is_isbn10(text: str) -> bool:
    digits = _isbn(text)
    if not re.fullmatch(r"\d{9}[\dX]", digits, re.ASCII):
        return False
    return sum((i + 1) * (10 if char == "X" else int(char)) for i, char in enumerate(digits)) % 11 == 0


def _is_isbn13(text: str) -> bool:
    digits = _isbn(text)
    if not re.fullmatch(r"\d{13}", digits, re.ASCII):
        return False
    return sum((3 if i % 2 else 1) * int(char) for i, char in enumerate(digits)) % 10 == 0


def _is_credit_card(text: str) -> bool:
    """Thirteen to nineteen digits with a right Luhn sum; the issuers' prefixes are not told apart."""
    digits = re.sub(r"\D+", "", text)
    if not 13 <= len(digits) <= 19:
        return False
    doubled = [int(char) * (2 if i % 2 else 1) for i, char in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _uuid(version: str = "[0-9a-f]", variant: str = "[0-9a-f]") -> Callable[[str], bool]:
    pattern = f"[0-9a-f]{{8}}-?[0-9a-f]{{4}}-?{version}[0-9a-f]{{3}}-?{variant}[0-9a-f]{{3}}-?[0-9a-f]{{12}}"
    return _matches(pattern, re.IGNORECASE)


def _matches(pattern: str, flags: int = 0) -> Callable[[str], bool]:
    expression = re.compile(pattern, re.ASCII | flags)
    return lambda text: expression.fullmatch(text) is not None


_SHORT_NAME = _matches("[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LONG_NAME = _matches("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

FORMATS: dict[str, Callable[[str], bool]] = {
    "bsonobjectid": _matches("[0-9a-fA-F]{24}"),
    "uri": _is_uri,
    "email": _is_email,
    "hostname": _is_hostname,
    "ipv4": _is_address(4),
    "ipv6": _is_address(6),
    "cidr": _is_cidr,
    "mac": _matches("([0-9A-Fa-f]{2}[:-]){5,7}[0-9A-Fa-f]{2}|([0-9A-Fa-f]{4}\\.){2,3}[0-9A-Fa-f]{4}"),
    "uuid": _uuid(),
    "uuid3": _uuid("3"),
    "uuid4": _uuid("4", "[89ab]"),
    "uuid5": _uuid("5", "[89ab]"),
    "isbn": lambda text: _is_isbn10(text) or _is_isbn13(text),
    "isbn10": _is_isbn10,
    "isbn13": _is_isbn13,
    "creditcard": _is_credit_card,
    "ssn": _matches("\\d{3}[- ]?\\d{2}[- ]?\\d{4}"),
    "hexcolor": _matches("#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "rgbcolor": _matches("rgb\\(\\s*\\d{1,3}\\s*,\\s*\\d{1,3}\\s*,\\s*\\d{1,3}\\s*\\)"),
    "byte": _is_base64,
    "password": lambda text: True,
    "date": _is_date,
    "duration": _is_duration,
    "datetime": _is_datetime,
    "k8sshortname": lambda text: len(text) <= 63 and _SHORT_NAME(text),
    "k8slongname": lambda text: len(text) <= 253 and _LONG_NAME(text),
}
"""Checks by normalised name: without hyphens."""


def known(name: str) -> str:
    """The format's normalised name, or an empty string for one that the server ignores."""
    normalised = name.replace("-", "")
    return normalised if normalised in FORMATS else ""


def fits(name: str, text: str) -> bool:
    """Whether a string is of the format; true for a format that the server does not know."""
    check = FORMATS.get(name.replace("-", ""))
    return check is None or check(text)
