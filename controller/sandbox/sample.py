"""The application that a newcomer finds in the sandbox: namespace ``shop`` with ``podinfo``, and a gateway to it."""

from __future__ import annotations

from controller.sandbox.client import ApiError, Client, Object
from controller.sandbox.mesh import GatewayClient, SidecarClient, Source

NAMESPACE = "shop"
NAME = "podinfo"
PORT = 9898
HOST = f"{NAME}.{NAMESPACE}.svc.cluster.local"
GATEWAY = "istio-system/public"
IMAGE = "podinfo:v1"

COLLEAGUES = SidecarClient("frontend", NAMESPACE, {"app": "frontend"})
"""Requests from inside the mesh: a workload of the same namespace, with a sidecar."""
PUBLIC = GatewayClient(GATEWAY)
"""Requests from outside, through the gateway."""

SOURCES: tuple[Source, ...] = (COLLEAGUES, PUBLIC)


def deployment(image: str = IMAGE, replicas: int = 2) -> Object:
    """The sample Deployment as a user would write it."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": {"app": NAME}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": NAME}},
            "template": {
                "metadata": {"labels": {"app": NAME}},
                "spec": {
                    "containers": [{"name": NAME, "image": image, "ports": [{"name": "http", "containerPort": PORT}]}]
                },
            },
        },
    }


def service() -> Object:
    """The sample Service: it selects the pods of every version."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": {"app": NAME}},
        "spec": {
            "selector": {"app": NAME},
            "ports": [{"name": "http", "port": PORT, "targetPort": "http"}],
        },
    }


def gateway() -> Object:
    """A gateway for every host, as an installation of Istio would have one."""
    namespace, name = GATEWAY.split("/")
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": dict(PUBLIC.labels),
            "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}],
        },
    }


async def apply(client: Client) -> None:
    """Create the sample application; what is there already stays as it is."""
    for namespace in (NAMESPACE, GATEWAY.split("/")[0]):
        await _create(client, "/api/v1/namespaces", {"metadata": {"name": namespace}})
    await _create(client, f"/apis/networking.istio.io/v1/namespaces/{GATEWAY.split('/')[0]}/gateways", gateway())
    await _create(client, f"/api/v1/namespaces/{NAMESPACE}/services", service())
    await _create(client, f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", deployment())


async def _create(client: Client, path: str, body: Object) -> None:
    try:
        await client.create(path, body)
    except ApiError as error:
        if error.code != 409:
            raise
