"""Apps for the mesh's tests: tiny HTTP servers in this process, and the objects of the pods that they play."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from types import TracebackType
from typing import Any, Self

from aiohttp import web

Object = dict[str, Any]


class App:
    """One pod's app. ``calls`` counts requests; ``status`` and ``delay`` (seconds) say how it answers.

    It answers with its name and with what it was asked, as JSON.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = 0
        self.status = 200
        self.delay = 0.0
        self.calls = 0
        self.seen: list[Object] = []
        self.paths: Counter[str] = Counter()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.Request) -> web.Response:
        self.calls += 1
        self.paths[request.path] += 1
        seen = {"app": self.name, "path": request.path_qs, "headers": dict(request.headers), "method": request.method}
        self.seen.append(seen)
        del self.seen[:-50]
        if self.delay:
            await asyncio.sleep(self.delay)
        return web.Response(status=self.status, text=json.dumps(seen), content_type="application/json")


def metadata(name: str, namespace: str = "shop", **more: Any) -> Object:
    return {"name": name, "namespace": namespace, "creationTimestamp": "2026-01-01T00:00:00Z", **more}


def pod(app: App, deployment: str, labels: dict[str, str], *, port: int = 8080, namespace: str = "shop") -> Object:
    """A pod as a Deployment's ReplicaSet makes it, played by ``app``."""
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": f"{deployment}-7d9f8",
        "controller": True,
        "uid": "u",
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(
            app.name,
            namespace,
            labels={**labels, "pod-template-hash": "7d9f8"},
            ownerReferences=[owner],
            annotations={"sandbox.sluice.dev/ports": json.dumps({str(port): app.port})},
        ),
        "spec": {"containers": [{"name": "app", "image": "app"}]},
    }


def service(
    name: str, *, port: int = 80, target: int = 8080, port_name: str = "http", namespace: str = "shop", **spec: Any
) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, namespace),
        "spec": {"selector": {"app": name}, "ports": [{"name": port_name, "port": port, "targetPort": target}], **spec},
    }


def endpoint_slice(
    of: str, pods: list[Object], *, port: int = 8080, port_name: str = "http", ready: bool = True
) -> Object:
    namespace = pods[0]["metadata"]["namespace"] if pods else "shop"
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata(f"{of}-abc12", namespace, labels={"kubernetes.io/service-name": of}),
        "addressType": "IPv4",
        "ports": [{"name": port_name, "port": port, "protocol": "TCP"}],
        "endpoints": [
            {
                "addresses": [f"10.0.0.{number}"],
                "conditions": {"ready": ready},
                "targetRef": {"kind": "Pod", "name": one["metadata"]["name"], "namespace": namespace},
            }
            for number, one in enumerate(pods, 1)
        ],
    }


def virtual_service(
    name: str, http: list[Object], *, hosts: list[str] | None = None, namespace: str = "shop", **spec: Any
) -> Object:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": metadata(name, namespace),
        "spec": {"hosts": [name] if hosts is None else hosts, "http": http, **spec},
    }


def destination_rule(name: str, subsets: dict[str, dict[str, str]], *, namespace: str = "shop", **spec: Any) -> Object:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": metadata(name, namespace),
        "spec": {"host": name, "subsets": [{"name": n, "labels": labels} for n, labels in subsets.items()], **spec},
    }


def split(host: str, **weights: int) -> list[Object]:
    """One http route with a destination for each subset and its weight."""
    return [{"route": [{"destination": {"host": host, "subset": s}, "weight": w} for s, w in weights.items()]}]
