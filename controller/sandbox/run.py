"""Starts the whole sandbox, watches over it, and takes it down again."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from controller.errors import SandboxError
from controller.sandbox import sample
from controller.sandbox.api import EmbeddedApi
from controller.sandbox.api.kubeconfig import kubeconfig
from controller.sandbox.client import Client, Object
from controller.sandbox.crds import foreign_crds
from controller.sandbox.early import Begun, begin
from controller.sandbox.load import Group, Load
from controller.sandbox.mesh import Mesh, Source
from controller.sandbox.pods import Pods
from controller.sandbox.prometheus import Prometheus, installed, mesh_target
from controller.sandbox.workloads import Workloads

_LOOK_EVERY = 0.5
_FIRST_ANSWER = 20.0


@dataclass(frozen=True)
class Options:
    """What is started. ``crds`` makes more than those of the mesh, in a thread beside the start of everything
    else, so that a newcomer does not wait for what it imports; ``app``: the sample application; ``metrics``:
    Prometheus; ``sources``: where requests can come from; ``rate``: requests per second that the sample's users send
    (0: none).
    """

    crds: Callable[[], Iterable[Object]] = tuple
    app: bool = True
    metrics: bool = True
    sources: Sequence[Source] = sample.SOURCES
    rate: float = 0.0


class Sandbox:
    """A Kubernetes API, its workloads, a mesh and its metrics, for the length of the ``async with`` block.

    Everything is on 127.0.0.1 and below ``directory``; all of it is gone after the block, and also after a SIGKILL of
    this process. Raises SandboxError, naming the command that helps, when something is missing or does not start.
    ``begun`` is what was started before and ends after the block; without it the sandbox starts that too.
    """

    directory: Path
    api: EmbeddedApi
    workloads: Workloads
    pods: Pods
    mesh: Mesh
    prometheus: Prometheus | None = None
    load: Load
    client: Client

    def __init__(self, options: Options | None = None, begun: Begun | None = None) -> None:
        self.options = options or Options()
        self._begun = begun
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def kubeconfig(self) -> Path:
        """The file for ``KUBECONFIG``."""
        return self.directory / "kubeconfig"

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        if self.options.metrics:
            installed()  # told before anything is started
        begun = self._begun if self._begun is not None else await stack.enter_async_context(begin())
        self.directory = begun.directory
        self.api = await stack.enter_async_context(EmbeddedApi(foreign_crds(), listener=begun.listener))
        connection = self.api.connection
        namespace = sample.NAMESPACE if self.options.app else "default"
        self.kubeconfig.write_text(json.dumps(kubeconfig(connection, namespace), indent=2) + "\n")
        self.client = await stack.enter_async_context(Client(connection, "sluice-sandbox"))
        self.workloads = Workloads(connection)
        self.pods = Pods(connection, program=begun.pods)
        self.mesh = Mesh(connection, self.directory / "mesh", self.options.sources)
        self.load = Load(self.directory)
        # Each takes its time to start a process: side by side it is the longest of them, not their sum.
        await _together(
            *(_enter(stack, part) for part in (self.workloads, self.pods, self.load)),
            self._start_mesh(stack),
            self._define(),
            self._deploy(),
        )

    async def _start_mesh(self, stack: contextlib.AsyncExitStack) -> None:
        await stack.enter_async_context(self.mesh)
        if self.options.metrics:
            target = mesh_target(self.mesh.target, self.mesh.metrics_path)
            self.prometheus = Prometheus(self.directory / "prometheus", [target], wait=False)
            await stack.enter_async_context(self.prometheus)

    async def _deploy(self) -> None:
        if self.options.app:
            await sample.apply(self.client)

    async def _define(self) -> None:
        for crd in await asyncio.to_thread(self.options.crds):
            await self.client.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)

    async def answering(self) -> None:
        """Wait until the sample application's pods are ready and the mesh knows them.

        Raises SandboxError, with what keeps them from it, after 20 s.
        """
        path = f"/apis/discovery.k8s.io/v1/namespaces/{sample.NAMESPACE}/endpointslices"
        try:
            async with asyncio.timeout(_FIRST_ANSWER):
                while True:
                    slices, _ = await self.client.list(path)
                    if any(_ready(endpoint) for one in slices for endpoint in one.get("endpoints") or []):
                        await self.mesh.settled(*slices)
                        break
                    self.check()
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise SandboxError(
                f"no pod of {sample.NAMESPACE}/{sample.NAME} became ready within {_FIRST_ANSWER:g} s; "
                f"the pods' process says:\n{self.pods.last_words()}"
            ) from None
        if self.options.rate:
            await self.load.set_group(self.users("users", self.options.rate))

    def users(self, name: str, rate: float, **more: Any) -> Group:
        """Users of the sample application inside the mesh, ``rate`` requests per second."""
        return Group(name, self.mesh.listener(sample.COLLEAGUES), rate, host=sample.HOST, **more)

    def check(self) -> None:
        """Raises SandboxError when a part of the sandbox has ended."""
        self.workloads.check()
        self.pods.check()
        self.mesh.envoy.child.check()
        if self.prometheus is not None:
            self.prometheus.check()

    async def watch(self) -> None:
        """Until a part of the sandbox fails; then raises SandboxError."""
        while True:
            self.check()
            await asyncio.sleep(_LOOK_EVERY)

    def describe(self) -> dict[str, Any]:
        """Where everything is, as plain data: URLs, addresses of the sources, the kubeconfig."""
        return {
            "kubeconfig": str(self.kubeconfig),
            "api": self.api.connection.url,
            "prometheus": self.prometheus.url if self.prometheus else None,
            "switch": self.pods.control,
            "load": self.load.url,
            "rate": self.options.rate,
            "sources": {source.key: f"http://{self.mesh.listener(source)}" for source in self.options.sources},
            "try": self._commands(),
        }

    def _commands(self) -> list[str]:
        """Three commands that show what this is."""
        commands = [f"export KUBECONFIG={self.kubeconfig}", "kubectl get deployments,pods,services --all-namespaces"]
        if self.options.app:
            address = self.mesh.listener(sample.COLLEAGUES)
            commands.append(f"curl -si http://{address}/ -H 'Host: {sample.HOST}' | grep x-demo-version")
            commands.append(f"kubectl set image deployment/{sample.NAME} {sample.NAME}={sample.NAME}:v2")
        return commands


async def _together(*parts: Coroutine[Any, Any, None]) -> None:
    """All of them side by side and to their ends; then the first error is raised, so that nothing is half started."""
    for result in await asyncio.gather(*parts, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def _enter(stack: contextlib.AsyncExitStack, part: contextlib.AbstractAsyncContextManager[Any]) -> None:
    await stack.enter_async_context(part)


def _ready(endpoint: Object) -> bool:
    return bool((endpoint.get("conditions") or {}).get("ready"))
