"""How to reach an API server and prove who we are: kubeconfig, the pod's own account, or an address and a token.

kubernetes_asyncio reads the first two (exec plugins, OIDC, certificates). It is imported only when one of them is
asked for: its generated models cost a second and 40 MB.
"""

from __future__ import annotations

import asyncio
import ssl
import time
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from controller.errors import Forbidden, SettingsError

_DEFAULT = "~/.kube/config"
_REREAD = 60.0  # seconds between looks at a file with a token; kubelets rotate it long before it ends


async def _nothing() -> str:
    return ""


async def _no_renewal() -> None:
    return None


@dataclass(frozen=True)
class Access:
    """Where and how. ``authorization`` gives the header's value ("" for none) before every request; ``renew`` is
    called once when the server answers 401. ``headers`` go with every request (impersonation).
    """

    url: str
    secure: ssl.SSLContext | bool = True
    server_name: str | None = None
    proxy: str | None = None
    authorization: Callable[[], Awaitable[str]] = _nothing
    renew: Callable[[], Awaitable[None]] = _no_renewal
    headers: tuple[tuple[str, str], ...] = ()


def explicit(url: str, *, token: str = "", token_file: str = "", ca: str = "") -> Access:
    """An address and a bearer token (or a file with one). ``ca`` is a PEM file. Raises SettingsError."""
    secure = context_of(ca) if url.startswith("https") else True
    return Access(url.rstrip("/"), secure, None, proxy_for(url), bearer(token, token_file))


def bearer(token: str, token_file: str) -> Callable[[], Awaitable[str]]:
    """The header's value for a token, or for a file with one, which is read again when it may have changed."""
    source = _TokenFile(Path(token_file)) if token_file else None

    async def authorization() -> str:
        value = source.token() if source else token
        return f"Bearer {value}" if value else ""

    return authorization


async def find(kubeconfig: str = "", context: str = "") -> Access:
    """The kubeconfig file(s) named, else the pod's own account, else ~/.kube/config.

    Raises SettingsError, saying what is missing.
    """
    if not kubeconfig and not context:
        try:
            return in_cluster()
        except SettingsError as error:
            if not _any_file(_DEFAULT):
                raise SettingsError(
                    f"no cluster is named: {error}, and there is no {_DEFAULT}; give --kubeconfig or --server"
                ) from None
    return await from_kubeconfig(kubeconfig or _DEFAULT, context)


def in_cluster() -> Access:
    """The account that Kubernetes gives to a pod. Raises SettingsError outside of one."""
    from kubernetes_asyncio.client import Configuration
    from kubernetes_asyncio.config import ConfigException, load_incluster_config

    configuration = Configuration()
    try:
        load_incluster_config(client_configuration=configuration)
    except ConfigException as error:
        raise SettingsError(f"this is no pod with a service account ({error})") from None

    async def authorization() -> str:
        # Reads the token's file again once a minute.
        value: str = await configuration.get_api_key_with_prefix("BearerToken")
        return value.strip()

    return _of(configuration, authorization, _no_renewal)


async def from_kubeconfig(paths: str, context: str = "") -> Access:
    """One or more kubeconfig files (``:`` between). Raises SettingsError."""
    from kubernetes_asyncio.client import Configuration
    from kubernetes_asyncio.config import ConfigException, load_kube_config

    if not _any_file(paths):
        raise SettingsError(f"--kubeconfig: there is no file {paths}; check the path")
    configuration = Configuration()
    try:
        # Not persisted: the library's own persister is called with an argument that it does not take.
        loader = await load_kube_config(
            config_file=paths, context=context or None, client_configuration=configuration, persist_config=False
        )
    except ConfigException as error:
        raise SettingsError(f"--kubeconfig: {paths}: {error}; check the file with `kubectl config view`") from None
    except Exception as error:  # an exec plugin that is missing, YAML that is none: each has its own class
        raise SettingsError(f"--kubeconfig: {paths}: {error!r}; check it with `kubectl get namespaces`") from error
    login = _KubeconfigLogin(loader, configuration)
    return _of(configuration, login.authorization, login.renew, login)


def _of(
    configuration: Any,
    authorization: Callable[[], Awaitable[str]],
    renew: Callable[[], Awaitable[None]],
    login: _KubeconfigLogin | None = None,
) -> Access:
    url: str = configuration.host
    secure: ssl.SSLContext | bool = True
    if url.startswith("https"):
        secure = context_of(configuration.ssl_ca_cert or "", verify=configuration.verify_ssl)
        if login is not None:
            login.certify(secure)
    proxy = configuration.proxy or proxy_for(url)
    return Access(url.rstrip("/"), secure, configuration.tls_server_name, proxy, authorization, renew)


class _KubeconfigLogin:
    """Tokens and certificates of a kubeconfig user, renewed when they end."""

    def __init__(self, loader: Any, configuration: Any) -> None:
        self._loader = loader
        self._configuration = configuration
        self._context: ssl.SSLContext | None = None
        self._read = time.monotonic()
        self._lock = asyncio.Lock()

    def certify(self, context: ssl.SSLContext) -> None:
        """Presents the user's client certificate, if there is one, on connections made from now on."""
        self._context = context
        if self._configuration.cert_file:
            context.load_cert_chain(self._configuration.cert_file, self._configuration.key_file)

    async def authorization(self) -> str:
        # A plugin without an expiry is asked again only after a 401; one that has an expiry decides itself.
        lasting = "exec" in (self._loader._user or ()) and not hasattr(self._loader, "exec_plugin_expiry")
        if not lasting and time.monotonic() - self._read > _REREAD:
            await self._load()
        return str(self._configuration.api_key.get("BearerToken") or "").strip()

    async def renew(self) -> None:
        if hasattr(self._loader, "exec_plugin_expiry"):
            del self._loader.exec_plugin_expiry
        await self._load()

    async def _load(self) -> None:
        async with self._lock:
            self._read = time.monotonic()
            try:
                await self._loader.load_and_set(self._configuration)
            except Exception as error:  # whatever a plugin or an identity provider came up with
                text = f"the kubeconfig's login failed: {error}; log in again, then it goes on by itself"
                raise Forbidden(text, status=401) from error
            if self._context is not None:
                self.certify(self._context)


class _TokenFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._token = ""
        self._read = float("-inf")

    def token(self) -> str:
        if time.monotonic() - self._read > _REREAD:
            try:
                self._token = self._path.read_text().strip()
            except OSError as error:
                raise Forbidden(f"--token-file: {self._path} cannot be read ({error.strerror})", status=401) from None
            self._read = time.monotonic()
        return self._token


def _any_file(paths: str) -> bool:
    return any(Path(path).expanduser().is_file() for path in paths.split(":") if path)


def context_of(ca: str, *, data: str = "", verify: bool = True) -> ssl.SSLContext:
    """TLS as clusters need it, trusting the PEM file ``ca`` or the PEM text ``data``. Raises SettingsError."""
    try:
        context = ssl.create_default_context(cafile=ca or None, cadata=data or None)
    except (OSError, ssl.SSLError) as error:
        named = f"the certificate authority {ca}" if ca else "the data of the certificate authority"
        raise SettingsError(f"{named} cannot be used: {error}; it must be a PEM file") from None
    # Newer Pythons refuse authorities without a key identifier, as many clusters have; other clients take them.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this address, asked once; aiohttp would read .netrc at each request."""
    parts = urlsplit(url)
    if not parts.hostname or urllib.request.proxy_bypass(parts.hostname):
        return None
    return urllib.request.getproxies().get(parts.scheme)
