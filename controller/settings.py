"""Flags and environment -> one frozen :class:`Settings`; the only reader of os.environ.

Every option has a flag (``--lease-duration``) and a variable (``SLUICE_LEASE_DURATION``); the flag wins, an empty
variable counts as unset. Options are declared once, as fields of Settings; parsing and help both come from there.
Unknown ``SLUICE_*`` variables are no error: Kubernetes itself sets some for a Service of that name.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urlsplit

from controller.errors import SettingsError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class Address(NamedTuple):
    """Where a server listens; an empty host means every address of this machine."""

    host: str
    port: int


# ---- readers: a text -> a value; ValueError says what is wrong and how it is written


def _text(value: str) -> str:
    return value


def _switch(value: str) -> bool:
    known = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
    if value.lower() not in known:
        raise ValueError("is neither on nor off; write on or off")
    return known[value.lower()]


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch(r"\d{1,9}", value) or not least <= int(value) <= most:
            raise ValueError(f"is not a whole number from {least} to {most}")
        return int(value)

    return read


def duration(value: str) -> float:
    """Seconds of ``1m30s``, ``15s``, ``500ms``. Raises ValueError, saying how it is written."""
    if re.fullmatch(r"\d+(\.\d+)?", value):
        raise ValueError(f"has no unit; write {value}s for seconds or {value}m for minutes")
    if not re.fullmatch(r"(\d+(\.\d+)?(ms|s|m|h))+", value):
        raise ValueError("is not a duration; write it like 15s, 1m30s or 500ms")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|s|m|h)", value))
    if not 0 < seconds <= 7 * 86400:
        raise ValueError("is not between 1ms and 168h")
    return seconds


def _choice(*known: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.lower() not in known:
            raise ValueError(f"is unknown; choose one of {', '.join(known)}")
        return value.lower()

    return read


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("is no Kubernetes name; use small letters, digits and '-', at most 63 of them")
    return value


def _names(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_name(part.strip()) for part in value.split(",") if part.strip()))


def _url(value: str) -> str:
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise ValueError("is no address of a server; write it like http://prometheus.monitoring:9090")
    if parts.username is not None:
        raise ValueError("carries a password; leave it out of the address and give it as a header")
    return value.rstrip("/")


def _file(value: str) -> str:
    if value and not Path(value).is_file():
        raise ValueError("is no file that can be read; check the path and, in a pod, the volume's mount")
    return value


def _address(value: str) -> Address:
    host, _, port = value.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not re.fullmatch(r"\d{1,5}", port) or int(port) > 65535 or (":" in host and not bracketed):
        raise ValueError("is no address to listen on; write it like :8080, 127.0.0.1:8080 or [::1]:8080")
    return Address(host.strip("[]"), int(port))


# ---- the options


def _option(read: Callable[[str], Any], default: str, about: str, *, also: str = "", secret: bool = False) -> Any:
    """A field of Settings; ``also`` names a second variable, asked after the SLUICE_ one."""
    metadata = {"read": read, "default": default, "about": about, "also": also, "secret": secret}
    return field(default=read(default), repr=not secret, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What ``sluice run`` was told. Times are in seconds. Raises SettingsError for a combination that cannot work."""

    kubeconfig: str = _option(
        _text, "", "kubeconfig file; without one: the pod's own account, else ~/.kube/config", also="KUBECONFIG"
    )
    context: str = _option(_text, "", "context of the kubeconfig file; without one: its current one")
    server: str = _option(_url, "", "address of the Kubernetes API, instead of a kubeconfig file")
    server_ca: str = _option(_file, "", "PEM file with the authority that signed the Kubernetes API's certificate")
    token: str = _option(_text, "", "bearer token for --server; better given as SLUICE_TOKEN", secret=True)
    token_file: str = _option(_file, "", "file with the bearer token for --server, read again when it changes")
    namespaces: tuple[str, ...] = _option(_names, "", "namespaces to look at, with commas between; without: all")

    prometheus_url: str = _option(_url, "", "address of Prometheus, with its path prefix if it has one")
    prometheus_authorization: str = _option(
        _text, "", "Authorization header for Prometheus ('Bearer ...'); better given as a variable", secret=True
    )
    prometheus_authorization_file: str = _option(_file, "", "file with that header, read again when it changes")
    prometheus_ca: str = _option(_file, "", "PEM file with the authority that signed Prometheus' certificate")
    scrape_interval: float = _option(
        duration, "15s", "how often Prometheus scrapes the mesh: a look is judged once its counts are there"
    )
    prometheus_insecure: bool = _option(_switch, "off", "accept any certificate of Prometheus")

    workers: int = _option(_whole(1, 256), "8", "releases looked at at the same time")
    min_interval: float = _option(duration, "5s", "the shortest gates.interval that a Release may ask for")
    max_interval: float = _option(duration, "10m", "the longest gates.interval that a Release may ask for")
    grace: float = _option(duration, "20s", "how long work in hand may take to finish when the program stops")

    leader_election: bool = _option(_switch, "on", "only one of several replicas acts at a time")
    lease_name: str = _option(_name, "sluice", "name of the Lease")
    lease_namespace: str = _option(_name, "sluice-system", "namespace of the Lease", also="POD_NAMESPACE")
    lease_duration: float = _option(duration, "15s", "how long a leader that fell silent still counts as one")
    lease_renew: float = _option(duration, "5s", "how often the leader renews the Lease")

    # ruff takes the tuple for a mutable default
    listen: Address = _option(_address, ":8080", "address of /metrics, /healthz and /readyz")  # noqa: RUF009
    log_level: str = _option(_choice("debug", "info", "warning", "error"), "info", "debug, info, warning or error")
    log_format: str = _option(_choice("json", "console"), "json", "json for machines, console for people")
    secrets: bool = _option(_switch, "on", "watch the metadata of Secrets, to notice a change of configuration")
    cross_namespace: bool = _option(_switch, "off", "allow references from a Release to other namespaces")

    def __post_init__(self) -> None:
        def refuse(wrong: bool, flags: str, text: str) -> None:
            if wrong:
                raise SettingsError(f"{flags}: {text}")

        refuse(
            bool(self.server and self.kubeconfig), "--server and --kubeconfig", "both name a cluster; give one of them"
        )
        refuse(bool(self.context and self.server), "--context", "belongs to a kubeconfig file; leave out --server")
        for name, value in (("token", self.token), ("token-file", self.token_file), ("server-ca", self.server_ca)):
            refuse(bool(value and not self.server), f"--{name}", "is used with --server only; give that too")
        refuse(bool(self.token and self.token_file), "--token and --token-file", "say the same; give one of them")
        refuse(
            bool(self.prometheus_authorization and self.prometheus_authorization_file),
            "--prometheus-authorization and --prometheus-authorization-file",
            "say the same; give one of them",
        )
        refuse(
            self.min_interval > self.max_interval,
            "--min-interval",
            f"is longer than --max-interval ({self.max_interval:g}s); exchange them",
        )
        # A leader that failed to renew gives up with a third of its time left: two tries must fit in before.
        refuse(
            self.lease_renew * 3 > self.lease_duration,
            "--lease-renew",
            f"is more than a third of --lease-duration; use at most {self.lease_duration / 3:g}s, or a longer lease",
        )
        refuse(
            self.lease_duration < 3, "--lease-duration", "leaves no time for a request; use at least 3s (15s is usual)"
        )

    @property
    def request_limit(self) -> float:
        """The time limit of a call that changes something: below a third of the lease (traffic-safety.md)."""
        return min(10.0, self.lease_duration * 0.8 / 3)

    @classmethod
    def parse(cls, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Settings:
        """Settings from the flags of ``sluice run`` and the environment (this process's own without one).

        Raises SettingsError, naming the flag or the variable and what to write instead.
        """
        environment = os.environ if environment is None else environment
        given = vars(_parser().parse_args(list(arguments)))
        values: dict[str, Any] = {}
        for option in fields(cls):
            source, text = _lookup(option, given, environment)
            if not source:
                continue
            try:
                values[option.name] = option.metadata["read"](text)
            except ValueError as error:
                shown = "the value" if option.metadata["secret"] else f"{text!r}"
                raise SettingsError(f"{source}: {shown} {error}") from None
        return cls(**values)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _variable(name: str) -> str:
    return "SLUICE_" + name.upper()


def _lookup(option: Field[Any], given: Mapping[str, Any], environment: Mapping[str, str]) -> tuple[str, str]:
    """Where the option was given, and its text; ("", "") when nowhere."""
    flag = given[option.name]
    if flag is not None:
        return _flag(option.name), ",".join(flag) if isinstance(flag, list) else flag
    for variable in (_variable(option.name), option.metadata["also"]):
        if variable and environment.get(variable, "").strip():
            return variable, environment[variable].strip()
    return "", ""


class _Parser(argparse.ArgumentParser):
    """argparse for cutting up the command line; its complaints become ours."""

    def error(self, message: str) -> NoReturn:
        flags = [action.option_strings[0] for action in self._actions]
        unknown = re.search(r"unrecognized arguments: (--?[\w-]+)", message)
        hint = "see `sluice run --help`"
        if unknown and (close := difflib.get_close_matches(unknown[1], flags, n=1)):
            hint = f"did you mean {close[0]}?"
        raise SettingsError(f"{message}; {hint}")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="sluice run", add_help=False, allow_abbrev=False)
    for option in fields(Settings):
        about = option.metadata["about"].replace("%", "%%")
        default = option.metadata["default"]
        help_text = about + (f" (default {default})" if default else "")
        if option.metadata["read"] is _switch:
            # A bare switch means on, so that `--prometheus-insecure` reads as everybody writes it.
            parser.add_argument(_flag(option.name), nargs="?", const="on", metavar="on|off", help=help_text)
        elif option.metadata["read"] is _names:
            parser.add_argument(_flag(option.name), action="append", metavar="NAME,...", help=help_text)
        else:
            parser.add_argument(_flag(option.name), metavar=option.name.split("_")[-1].upper(), help=help_text)
    return parser


def usage() -> str:
    """Every flag with its meaning and default, for ``sluice run --help``."""
    return _parser().format_help() + "\nEach flag can also be given as a variable, for instance SLUICE_LOG_LEVEL=debug."
