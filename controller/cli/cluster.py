"""One connection to a cluster for one command, and the errors that people meet there, in a sentence each.

May not go in: what a command does or shows. Nothing of this is imported before a command needs a cluster.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import structlog
import typer

from controller.cli.exits import Exit
from controller.cli.program import program
from controller.cluster import Cluster, Kind, MissingKind, Object, Objects, in_cluster
from controller.cluster import kubeconfig as kubeconfigs
from controller.errors import ClusterError, Forbidden, NotFound, SettingsError, Unreachable

RELEASE = Kind("sluice.dev", "Release", "v1alpha1")
DEPLOYMENT = Kind("apps", "Deployment", "v1")

_DEFAULT = "~/.kube/config"
_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_LIMIT = 10.0  # seconds for one request

Result = TypeVar("Result")


@dataclass(frozen=True)
class Target:
    """What the common options say; "" leaves it to the kubeconfig."""

    kubeconfig: str = ""
    context: str = ""
    namespace: str = ""


@dataclass(frozen=True)
class Session:
    """``namespace`` is the one to work in; ``user`` is the kubeconfig's word for who we are, "" without one."""

    cluster: Cluster
    namespace: str
    user: str = ""

    def within(self, namespace: str) -> Session:
        """The same connection, working in another namespace."""
        return replace(self, namespace=namespace)

    async def release(self, name: str) -> Object:
        """The Release of that name; ``release/podinfo`` is taken too. Raises NotFound, with names that are like it."""
        name = bare(name)
        try:
            return await self.cluster.get(RELEASE, self.namespace, name)
        except MissingKind:
            raise
        except NotFound:
            raise NotFound(await self._missing(name), status=404) from None

    async def releases(self, *, everywhere: bool = False) -> Objects:
        """All Releases of the namespace, or of all namespaces, by namespace and name."""
        items = await self.cluster.list(RELEASE, "" if everywhere else self.namespace)
        return sorted(items, key=lambda item: (item["metadata"]["namespace"], item["metadata"]["name"]))

    async def _missing(self, name: str) -> str:
        text = f"there is no Release {name} in namespace {self.namespace}"
        try:
            names = [item["metadata"]["name"] for item in await self.releases()]
        except ClusterError:
            return text
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        if near:
            return f"{text}; did you mean {' or '.join(near)}?"
        if names:
            more = ", ..." if len(names) > 5 else ""
            return f"{text}; there are: {', '.join(names[:5])}{more}"
        return f"{text}, nor any other; name another with -n, or look in all with `{program()} status -A`"


def bare(name: str) -> str:
    """The name, also where it was written as kubectl writes it: ``release/podinfo``."""
    kind, slash, rest = name.partition("/")
    known = ("release", "releases", "rel", "releases.sluice.dev", "release.sluice.dev")
    return rest if slash and kind.lower() in known else name


def on_cluster(target: Target, work: Callable[[Session], Coroutine[Any, Any, Result]]) -> Result:
    """Run ``work`` with a connection, and give its result.

    Raises SettingsError for options that name no cluster, ClusterError (in words for people) for what the cluster did
    not do, typer.Exit after Ctrl-C.
    """
    _quiet()
    try:
        return asyncio.run(_with_session(target, work))
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None


async def _with_session(target: Target, work: Callable[[Session], Coroutine[Any, Any, Result]]) -> Result:
    config = _chosen(target)
    access = await kubeconfigs.enter(config) if config else in_cluster()
    namespace = target.namespace or (config.namespace if config else _pod_namespace())
    async with Cluster(access, manager="sluice-cli", limit=_LIMIT) as cluster:
        try:
            return await work(Session(cluster, namespace, config.user if config else ""))
        except ClusterError as error:
            raise in_words(error, access.url) from error


def _chosen(target: Target) -> kubeconfigs.Kubeconfig | None:
    """The kubeconfig named, else the usual one; None in a pod without one, which has an account of its own."""
    if target.kubeconfig or target.context or Path(_DEFAULT).expanduser().is_file():
        return kubeconfigs.read(target.kubeconfig or _DEFAULT, target.context)
    if not _POD_NAMESPACE.is_file():
        raise SettingsError(
            f"no cluster is named: there is no {_DEFAULT}; give --kubeconfig FILE or set KUBECONFIG "
            f"(`{program()} sandbox` starts a cluster to try, and prints its own)"
        )
    return None


def _pod_namespace() -> str:
    return _POD_NAMESPACE.read_text().strip()


def in_words(error: ClusterError, url: str) -> ClusterError:
    """The same error as somebody at a terminal needs it."""
    if isinstance(error, Unreachable) and not error.status:
        reason = str(error).removeprefix(f"{error.where}: ").removeprefix("no answer from the API server: ")
        return Unreachable(
            f"the Kubernetes API at {url} cannot be reached ({reason}); "
            "check the context (`kubectl config current-context`) and the network"
        )
    if isinstance(error, Forbidden) and error.status == 401:
        return Forbidden(f"the Kubernetes API at {url} does not accept who you are; log in to it again", status=401)
    if isinstance(error, Forbidden):
        text = str(error).partition("the API server answered 403: ")[2].partition(" (grant this")[0] or str(error)
        if " cannot " in text:  # by RBAC, with verb and resource; a policy has its own words
            text += "; ask whoever runs the cluster for the role sluice-viewer or sluice-editor"
        return Forbidden(text, status=403)
    if isinstance(error, MissingKind):
        return MissingKind(
            f"this cluster does not know {error.where}: Sluice is not installed there, or the context is another one "
            "than you think; install it with `kubectl apply -k manifests`",
            status=404,
        )
    return error


def _quiet() -> None:
    """The controller's parts write logs; a command shows what matters itself."""
    structlog.configure(processors=[_drop])


def _drop(logger: Any, method: str, event: Any) -> Any:
    raise structlog.DropEvent
