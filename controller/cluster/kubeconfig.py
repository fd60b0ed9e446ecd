"""A kubeconfig for a command of a moment: its contexts, and credentials that stand in the file.

The library that :mod:`controller.cluster.access` uses takes half a second to import, for every command that somebody
types. So what needs no program and no identity provider is read here: tokens, certificates, passwords. A user with an
exec plugin or an auth provider is left to the library (:func:`enter`).

The rules are kubectl's (kubernetes.io, "Organizing Cluster Access Using kubeconfig Files"): of several files the first
that names a thing wins, missing ones are passed over, and paths are relative to the file that they stand in.
"""

from __future__ import annotations

import base64
import binascii
import ssl
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.cluster.access import Access, bearer, context_of, from_kubeconfig, proxy_for
from controller.errors import SettingsError

_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
_LIBRARY = ("exec", "auth-provider")


@dataclass(frozen=True)
class Kubeconfig:
    """One context. ``namespace`` is "default" where it names none; ``user`` is the name of its entry, not a login."""

    paths: str
    context: str
    namespace: str = "default"
    user: str = ""
    cluster: Mapping[str, Any] = field(default_factory=dict)
    login: Mapping[str, Any] = field(default_factory=dict, repr=False)


def read(paths: str, context: str = "") -> Kubeconfig:
    """The context named, else the current one, of one or more files (``:`` between). Raises SettingsError."""
    merged = _merged(paths)
    name = context or str(merged.get("current-context") or "")
    if not name:
        raise SettingsError(f"--kubeconfig: {paths} has no current context; set one with `kubectl config use-context`")
    contexts = merged["contexts"]
    if name not in contexts:
        known = ", ".join(sorted(contexts)) or "none"
        raise SettingsError(f"--context: there is no context {name!r} in {paths}; there are: {known}")
    entry = contexts[name]
    cluster = merged["clusters"].get(entry.get("cluster"))
    if not cluster or not isinstance(cluster.get("server"), str):
        raise SettingsError(
            f"--kubeconfig: context {name!r} of {paths} names no cluster with a server; "
            "check the file with `kubectl config view`"
        )
    user = str(entry.get("user") or "")
    login = merged["users"].get(user) or {}
    return Kubeconfig(paths, name, str(entry.get("namespace") or "default"), user, cluster, login)


def contexts(paths: str) -> list[str]:
    """The names of all contexts. Raises SettingsError."""
    return sorted(_merged(paths)["contexts"])


async def enter(config: Kubeconfig) -> Access:
    """How to reach that context's cluster. Raises SettingsError."""
    if any(name in config.login for name in _LIBRARY):
        return await from_kubeconfig(config.paths, config.context)
    cluster, login = config.cluster, config.login
    url = str(cluster["server"]).rstrip("/")
    return Access(
        url,
        _secure(cluster, login) if url.startswith("https") else True,
        cluster.get("tls-server-name"),
        cluster.get("proxy-url") or proxy_for(url),
        _authorization(login),
        headers=_impersonation(login),
    )


def _authorization(login: Mapping[str, Any]) -> Callable[[], Awaitable[str]]:
    if "username" not in login:
        return bearer(str(login.get("token") or ""), str(login.get("tokenFile") or ""))
    pair = f"{login['username']}:{login.get('password', '')}".encode()
    value = f"Basic {base64.b64encode(pair).decode()}"

    async def basic() -> str:
        return value

    return basic


def _impersonation(login: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """``as`` and its companions, as client-go sends them."""
    if not login.get("as"):
        return ()
    headers = [("Impersonate-User", str(login["as"]))]
    headers += [("Impersonate-Group", str(group)) for group in login.get("as-groups") or ()]
    if login.get("as-uid"):
        headers.append(("Impersonate-Uid", str(login["as-uid"])))
    for key, values in (login.get("as-user-extra") or {}).items():
        headers += [(f"Impersonate-Extra-{key}", str(value)) for value in values]
    return tuple(headers)


def _secure(cluster: Mapping[str, Any], login: Mapping[str, Any]) -> ssl.SSLContext:
    ca_data = _decoded(cluster, "certificate-authority-data")
    ca = "" if ca_data else str(cluster.get("certificate-authority") or "")
    context = context_of(
        ca, data=ca_data.decode("ascii", "replace"), verify=not cluster.get("insecure-skip-tls-verify")
    )
    certificate, key = (_decoded(login, f"client-{name}-data") for name in ("certificate", "key"))
    files = [str(login.get(f"client-{name}") or "") for name in ("certificate", "key")]
    if not (certificate or files[0]):
        return context
    # OpenSSL takes a chain from files only; they are gone as soon as it has read them.
    with tempfile.TemporaryDirectory(prefix="sluice-") as folder:
        for index, data in enumerate((certificate, key)):
            if data:
                path = Path(folder) / str(index)
                path.touch(mode=0o600)
                path.write_bytes(data)
                files[index] = str(path)
        try:
            context.load_cert_chain(files[0], files[1] or None)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"--kubeconfig: the client certificate cannot be used: {error}; log in to the cluster again"
            ) from None
    return context


def _decoded(entry: Mapping[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(str(entry.get(name) or ""), validate=False)
    except binascii.Error as error:
        raise SettingsError(
            f"--kubeconfig: {name} is not base64 ({error}); check `kubectl config view --raw`"
        ) from None


def _merged(paths: str) -> dict[str, Any]:
    """All files in one: clusters, users and contexts by name."""
    merged: dict[str, Any] = {"clusters": {}, "users": {}, "contexts": {}, "current-context": ""}
    found = [path for path in (Path(part).expanduser() for part in paths.split(":") if part) if path.is_file()]
    if not found:
        raise SettingsError(f"--kubeconfig: there is no file {paths}; check the path")
    for path in found:
        content = _loaded(path)
        merged["current-context"] = merged["current-context"] or content.get("current-context")
        for section, member in (("clusters", "cluster"), ("users", "user"), ("contexts", "context")):
            for entry in content.get(section) or ():
                merged[section].setdefault(entry["name"], _located(entry.get(member) or {}, path.parent))
    return merged


def _loaded(path: Path) -> dict[str, Any]:
    import yaml  # JSON is what the sandbox writes, and most clusters' tools write YAML

    try:
        content = yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        entries = [entry for name in ("clusters", "users", "contexts") for entry in (content or {}).get(name) or ()]
        if not all(isinstance(entry["name"], str) for entry in entries):
            raise TypeError("an entry has no name")
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        text = " ".join(str(error).split())
        raise SettingsError(
            f"--kubeconfig: {path} cannot be read: {text}; check it with `kubectl config view`"
        ) from None
    return content or {}


def _located(entry: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """With paths as the file means them."""
    paths = {name: str(folder / Path(str(entry[name])).expanduser()) for name in _PATHS if entry.get(name)}
    return dict(entry) | paths
