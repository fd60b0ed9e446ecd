"""What one group of users does."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from controller.errors import SandboxError

_ONE_LINE = frozenset("\r\n\0")


@dataclass(frozen=True)
class Group:
    """Users that send the same request at a constant rate, evenly spaced.

    ``target`` is ``ADDRESS:PORT`` on this machine (a proxy's listener). ``host`` is the Host header, the target when
    empty. ``rate`` is in requests per second; ``share`` is the part of them, 0 to 1, that this group sends, so that
    several groups can divide one rate. ``timeout`` is in seconds, from sending to the end of the answer. No more than
    ``max_outstanding`` requests wait for an answer; further ones are counted as skipped.

    Raises SandboxError, naming the field, when a value cannot be used.
    """

    name: str
    target: str
    rate: float
    host: str = ""
    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    share: float = 1.0
    timeout: float = 5.0
    max_outstanding: int = 1000

    def __post_init__(self) -> None:
        if not self.name or "/" in self.name:
            raise _wrong("name", self.name, "a group needs a name without a slash")
        self.address()
        for name, least, most in (("rate", 0.0, 50_000.0), ("share", 0.0, 1.0), ("timeout", 0.001, 3600.0)):
            value = getattr(self, name)
            if not _is_number(value) or not least <= value <= most:
                raise _wrong(name, value, f"it is a number from {least:g} to {most:g}")
        if not isinstance(self.max_outstanding, int) or not 1 <= self.max_outstanding <= 100_000:
            raise _wrong("max_outstanding", self.max_outstanding, "it is a whole number from 1 to 100000")
        if not self.method.isalpha() or self.method.upper() != self.method:
            raise _wrong("method", self.method, "a method is in capitals, such as GET")
        if not self.path.startswith("/") or not self.path.isascii() or " " in self.path:
            raise _wrong("path", self.path, "a path starts with a slash and holds no spaces")
        if self.path.isprintable() is False:
            raise _wrong("path", self.path, "a path is of printable characters")
        for name, items in (("headers", self.headers), ("cookies", self.cookies), ("host", {"host": self.host})):
            for key, value in items.items():
                if not isinstance(value, str) or not key or _ONE_LINE & set(f"{key}{value}"):
                    raise _wrong(f"{name}.{key}", value, "names and values are texts of one line")

    @classmethod
    def from_json(cls, name: str, data: Any) -> Self:
        """Reads a group as PUT /groups/NAME gets it. Raises SandboxError, naming the field."""
        if not isinstance(data, dict):
            raise SandboxError(f"group {name}: an object is needed, with at least target and rate")
        known = {item.name for item in fields(cls)}
        unknown = sorted(data.keys() - known)
        if unknown:
            raise SandboxError(
                f"group {name}: there is no field {unknown[0]!r}; the fields are {', '.join(sorted(known))}"
            )
        missing = sorted({"target", "rate"} - data.keys())
        if missing:
            raise SandboxError(f"group {name}: {missing[0]} is missing")
        for key in ("target", "host", "method", "path"):
            if not isinstance(data.get(key, ""), str):
                raise _wrong(key, data[key], "a text is needed")
        for key in ("headers", "cookies"):
            if not isinstance(data.get(key, {}), dict):
                raise _wrong(key, data[key], "an object of texts is needed")
        return cls(**{**data, "name": name})

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"headers": dict(self.headers), "cookies": dict(self.cookies)}

    def address(self) -> tuple[str, int]:
        """The target as address and port. Raises SandboxError unless it is on this machine."""
        host, _, port = self.target.rpartition(":")
        help_text = "it is an address of this machine and a port, such as 127.0.0.1:8080"
        try:
            address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
        except ValueError:
            raise _wrong("target", self.target, help_text) from None
        if not address.is_loopback or not port.isdecimal() or not 0 < int(port) < 65536:
            raise _wrong("target", self.target, help_text)
        return str(address), int(port)

    def effective_rate(self) -> float:
        """Requests per second that this group sends."""
        return self.rate * self.share

    def request(self) -> bytes:
        """The bytes of one request, HTTP/1.1 without a body."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"host: {self.host or self.target}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.cookies:
            lines.append("cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if self.method not in ("GET", "HEAD", "DELETE", "OPTIONS"):
            lines.append("content-length: 0")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _wrong(name: str, value: Any, remedy: str) -> SandboxError:
    return SandboxError(f"group of users: {name} {value!r} cannot be used: {remedy}")
