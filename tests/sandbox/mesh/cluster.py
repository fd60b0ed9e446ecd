"""A cluster for the mesh's tests: an API with Istio's kinds, and apps in this process as its pods."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from controller.sandbox.api import EmbeddedApi
from controller.sandbox.client import Client
from controller.sandbox.mesh import Mesh, SidecarClient, Source
from tests.sandbox.mesh.backends import App, Object, endpoint_slice, pod, service

WEB = SidecarClient("web", "shop", {"app": "web"})
_PATHS = {
    "Service": "/api/v1/namespaces/{}/services",
    "Pod": "/api/v1/namespaces/{}/pods",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
    "VirtualService": "/apis/networking.istio.io/v1/namespaces/{}/virtualservices",
    "DestinationRule": "/apis/networking.istio.io/v1/namespaces/{}/destinationrules",
    "Gateway": "/apis/networking.istio.io/v1/namespaces/{}/gateways",
}


def crd(kind: str) -> Object:
    """A kind of Istio's that keeps whatever is written."""
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.networking.istio.io"},
        "spec": {
            "group": "networking.istio.io",
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [version],
        },
    }


class Cluster:
    """An async context manager: an API, a Mesh on it, and a client for requests through the mesh."""

    def __init__(self, directory: Path, sources: Iterable[Source] = (WEB,), *, shadow_suffix: bool = False) -> None:
        self.apps: dict[str, App] = {}
        self.directory = directory
        self._sources = list(sources)
        self._shadow_suffix = shadow_suffix
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        kinds = ("VirtualService", "DestinationRule", "Gateway")
        self.api = await self._stack.enter_async_context(EmbeddedApi(crds=[crd(kind) for kind in kinds]))
        self.client = await self._stack.enter_async_context(Client(self.api.connection, "tests"))
        for name in ("shop", "istio-system", "other"):
            await self.client.create("/api/v1/namespaces", {"metadata": {"name": name}})
        mesh = Mesh(self.api.connection, self.directory, self._sources, shadow_suffix=self._shadow_suffix)
        self.mesh = await self._stack.enter_async_context(mesh)
        self.http = await self._stack.enter_async_context(aiohttp.ClientSession(auto_decompress=False))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def put(self, *items: Object) -> list[Object]:
        """Create or replace objects, and wait until they are in effect."""
        written = []
        for item in items:
            path = _PATHS[item["kind"]].format(item["metadata"]["namespace"])
            found = await self.client.get_or_none(f"{path}/{item['metadata']['name']}")
            if found is None:
                written.append(await self.client.create(path, item))
            else:
                body = {**item, "metadata": {**found["metadata"], **item["metadata"]}}
                written.append(await self.client.replace(f"{path}/{item['metadata']['name']}", body))
        await self.mesh.settled(*written)
        return written

    async def remove(self, *items: Object) -> None:
        for item in items:
            path = _PATHS[item["kind"]].format(item["metadata"]["namespace"])
            await self.client.delete(f"{path}/{item['metadata']['name']}")
        await self.mesh.settled(gone=items)

    async def start(self, name: str) -> App:
        self.apps[name] = await self._stack.enter_async_context(App(name))
        return self.apps[name]

    async def deploy(self, host: str, versions: dict[str, int], **ports: Any) -> list[Object]:
        """A Service with pods of several versions: one Deployment each, named ``host-version``; the pods."""
        pods = []
        for version, count in versions.items():
            for number in range(1, count + 1):
                app = await self.start(f"{host}-{version}-{number}")
                pods.append(pod(app, f"{host}-{version}", {"app": host, "version": version}))
        await self.put(
            *pods, service(host, **ports), endpoint_slice(host, pods, port_name=ports.get("port_name", "http"))
        )
        return pods

    async def get(
        self, host: str = "podinfo", path: str = "/", source: Source = WEB, method: str = "GET", **headers: str
    ) -> tuple[int, Object]:
        """Status and body of one request from a source; an answer that is not JSON is {"text": ...}."""
        url = f"http://{self.mesh.listener(source)}{path}"
        sent = {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self.http.request(method, url, headers=sent, allow_redirects=False) as answer:
            text = await answer.text()
            body = json.loads(text) if text.startswith("{") else {"text": text}
            return answer.status, {**body, "answer": {k.lower(): v for k, v in answer.headers.items()}}

    async def who(self, times: int = 1, **request: Any) -> list[str]:
        """Which apps answered."""
        return [(await self.get(**request))[1].get("app", "") for _ in range(times)]

    async def counted(
        self, total: int | None = None, metric: str = "istio_requests_total"
    ) -> list[tuple[dict[str, str], float]]:
        """Envoy's own counters of a metric: labels and value; with ``total``, as soon as they add up to it.

        A user may have an answer before the proxies have counted it.
        """
        async with asyncio.timeout(10):
            while True:
                found = await self._counters(metric)
                if total is None or sum(value for _, value in found) >= total:
                    return found
                await asyncio.sleep(0.02)

    async def _counters(self, metric: str) -> list[tuple[dict[str, str], float]]:
        found = []
        for line in (await self.mesh.envoy.get(self.mesh.metrics_path)).splitlines():
            name, brace, rest = line.partition("{")
            if brace and name == f"envoy_{metric}":
                labels, _, value = rest.rpartition("} ")
                found.append((dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value)))
        return found
