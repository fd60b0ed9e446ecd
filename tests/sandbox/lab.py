"""A namespace with controllers and a node: what the tests of workloads and pods do in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp

from controller.sandbox.api import EmbeddedApi
from controller.sandbox.client import STRATEGIC_PATCH, Client, Connection, Object
from controller.sandbox.mirror import following
from controller.sandbox.pods.node import running_node
from controller.sandbox.workloads import Workloads
from controller.sandbox.workloads.kinds import DEPLOYMENT, ENDPOINT_SLICE, JOB, POD, REPLICA_SET, SERVICE, Kind

Result = TypeVar("Result")
_QUICK = {"DEMO_DRAIN": "20ms", "DEMO_READY_AFTER": "20ms"}


@dataclass
class World:
    """An API with a node, with or without controllers. ``node`` is the URL of the node's switch."""

    connection: Connection
    client: Client
    node: str
    http: aiohttp.ClientSession

    async def lab(self) -> Lab:
        """A namespace of a test's own."""
        made = await self.client.create("/api/v1/namespaces", {"metadata": {"generateName": "test-"}})
        return Lab(self.client, made["metadata"]["name"], self.node, self.http)


@asynccontextmanager
async def running_world(real_api: Connection | None, *, controllers: bool) -> AsyncIterator[World]:
    """On the real API server if there is one, else on an embedded one."""
    async with AsyncExitStack() as stack:
        connection = real_api or (await stack.enter_async_context(EmbeddedApi())).connection
        if controllers:
            await stack.enter_async_context(Workloads(connection))
        port = await stack.enter_async_context(running_node(connection, backoff=0.2, notice_after=0.3))
        client = await stack.enter_async_context(Client(connection, "tests"))
        http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        await stack.enter_async_context(http)
        yield World(connection, client, f"http://127.0.0.1:{port}", http)


class Lab:
    """Creates objects in one namespace, and waits until they look as they should.

    ``node`` is the URL of the node's switch, ``http`` a session for requests to it and to pods.
    """

    def __init__(
        self, client: Client, namespace: str, node: str = "", http: aiohttp.ClientSession | None = None
    ) -> None:
        self.client = client
        self.namespace = namespace
        self.node = node
        self._http = http

    @property
    def http(self) -> aiohttp.ClientSession:
        assert self._http is not None, "a lab without a world has no session"
        return self._http

    async def until(self, kind: Kind, holds: Callable[[list[Object]], Result | None], limit: float = 10.0) -> Result:
        """Until ``holds`` gives something true for the objects of that kind."""
        async with following(self.client, kind.path(self.namespace)) as mirror:
            return await mirror.until(holds, limit)

    async def until_one(self, kind: Kind, name: str, holds: Callable[[Object], Any], limit: float = 10.0) -> Object:
        """Until the object of that name is so, and return it."""

        def find(items: list[Object]) -> Object | None:
            return next((item for item in items if item["metadata"]["name"] == name and holds(item)), None)

        return await self.until(kind, find, limit)

    async def until_gone(self, kind: Kind, name: str, limit: float = 10.0) -> None:
        await self.until(kind, lambda items: all(item["metadata"]["name"] != name for item in items), limit)

    async def all(self, kind: Kind) -> list[Object]:
        return (await self.client.list(kind.path(self.namespace)))[0]

    async def get(self, kind: Kind, name: str) -> Object:
        return await self.client.get(kind.path(self.namespace, name))

    async def create(self, kind: Kind, body: Object) -> Object:
        full = {"apiVersion": kind.api_version, "kind": kind.kind, **body}
        return await self.client.create(kind.path(self.namespace), full)

    async def delete(self, kind: Kind, name: str, **options: Any) -> None:
        await self.client.delete(kind.path(self.namespace, name), **options)

    async def patch(self, kind: Kind, name: str, patch: Any) -> Object:
        return await self.client.patch(kind.path(self.namespace, name), patch)

    async def deploy(self, name: str = "web", image: str = "podinfo:v1", replicas: int = 1, **spec: Any) -> Object:
        """Create a Deployment; ``spec`` goes over its spec."""
        return await self.create(DEPLOYMENT, deployment(name, image, replicas, **spec))

    async def set_image(self, name: str, image: str) -> Object:
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}}}
        return await self.client.patch(DEPLOYMENT.path(self.namespace, name), patch, STRATEGIC_PATCH)

    async def rolled_out(self, name: str = "web", limit: float = 10.0) -> Object:
        """Until the Deployment is complete, as `kubectl rollout status` sees it."""
        return await self.until_one(DEPLOYMENT, name, is_rolled_out, limit)

    async def pod(self, name: str = "one", image: str = "podinfo:v1", **spec: Any) -> Object:
        """Create a bare pod with one container, ``app``; ``spec`` goes over its spec."""
        body = {"metadata": {"name": name, "labels": {"app": name}}, "spec": {**pod_spec(image), **spec}}
        return await self.create(POD, body)

    async def service(self, name: str = "web", **spec: Any) -> Object:
        ports = [{"name": "http", "port": 80, "targetPort": "http"}]
        return await self.create(
            SERVICE, {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": ports, **spec}}
        )

    async def replica_sets(self) -> dict[str, Object]:
        """By the tag of their first image."""
        found: list[Object] = await self.all(REPLICA_SET)
        return {tag(item["spec"]["template"]["spec"]): item for item in found}

    async def endpoints(self, name: str, holds: Callable[[list[Object]], Any], limit: float = 10.0) -> list[Object]:
        """Until the endpoints of a Service, from all its slices, are so."""

        def find(slices: list[Object]) -> list[Object] | None:
            mine = [item for item in slices if item["metadata"]["labels"]["kubernetes.io/service-name"] == name]
            found = [endpoint for item in mine for endpoint in item.get("endpoints") or []]
            return [{}, *found] if mine and holds(found) else None

        return (await self.until(ENDPOINT_SLICE, find, limit))[1:]

    async def job(self, name: str = "work", image: str = "job:v1", restart: str = "Never", **spec: Any) -> Object:
        template = {"spec": {"restartPolicy": restart, "containers": [{"name": "app", "image": image}]}}
        return await self.create(JOB, {"metadata": {"name": name}, "spec": {"template": template, **spec}})


def pod_spec(image: str, **environment: str) -> Object:
    """One container; its app starts and drains quickly unless told otherwise."""
    ports = [{"name": "http", "containerPort": 9898}]
    variables = [{"name": name, "value": value} for name, value in {**_QUICK, **environment}.items()]
    return {"containers": [{"name": "app", "image": image, "ports": ports, "env": variables}]}


def deployment(name: str = "web", image: str = "podinfo:v1", replicas: int = 1, **spec: Any) -> Object:
    template = {"metadata": {"labels": {"app": name}}, "spec": pod_spec(image)}
    body = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"metadata": {"name": name}, "spec": {**body, **spec}}


def tag(spec: Object) -> str:
    return str(spec["containers"][0]["image"].rpartition(":")[2])


def condition(item: Object, kind: str) -> Object:
    """A condition, {} when there is none."""
    entries = (item.get("status") or {}).get("conditions") or []
    found: Object = next((entry for entry in entries if entry["type"] == kind), {})
    return found


def is_ready(pod: Object) -> bool:
    return condition(pod, "Ready").get("status") == "True"


def is_rolled_out(item: Object) -> bool:
    status, wanted = item.get("status") or {}, item["spec"]["replicas"]
    return bool(
        status.get("observedGeneration", 0) >= item["metadata"]["generation"]
        and status.get("updatedReplicas", 0) == wanted
        and status.get("replicas", 0) == wanted
        and status.get("availableReplicas", 0) == wanted
        and condition(item, "Progressing").get("reason") in (None, "NewReplicaSetAvailable")
    )


def container(pod: Object) -> Object:
    """The status of its first container, {} before there is one."""
    entries: list[Object] = (pod.get("status") or {}).get("containerStatuses") or [{}]
    return entries[0]


def waiting(pod: Object) -> str:
    """The reason why its first container waits."""
    return str(((container(pod).get("state") or {}).get("waiting") or {}).get("reason", ""))
