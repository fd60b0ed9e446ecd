"""Apps for the mesh's tests: tiny HTTP servers in this process, and the objects of the pods that they play."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Self

Object = dict[str, Any]


class App:
    """One pod's app: it answers with its name and with what it was asked, as JSON.

    ``status`` and ``delay`` (seconds) say how; ``calls`` counts requests, and ``host`` is the last one's.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = 0
        self.status = 200
        self.delay = 0.0
        self.calls = 0
        self.host = ""  # of the last request
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Die: refuse connections and cut those that are open."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._connections):
                writer.close()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.rstrip().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                await reader.readexactly(int(headers.get("content-length", 0)))
                self.calls += 1
                self.host = headers.get("host", "")
                if self.delay:
                    await asyncio.sleep(self.delay)
                method, path, _ = first.split(" ")
                body = json.dumps({"app": self.name, "method": method, "path": path, "headers": headers}).encode()
                writer.write(b"HTTP/1.1 %d X\r\nconnection: keep-alive\r\n" % self.status)
                writer.write(b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._connections.discard(writer)
            writer.close()


def metadata(name: str, namespace: str = "shop", **more: Any) -> Object:
    return {"name": name, "namespace": namespace, **more}


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
