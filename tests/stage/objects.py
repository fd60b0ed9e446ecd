"""What stands on the stage: names, a Release, a Deployment with its ReplicaSet and Service."""

from __future__ import annotations

from typing import Any

from controller.sandbox.client import Client, Object

NAMESPACE, NAME = "shop", "podinfo"
KEY = (NAMESPACE, NAME)
RELEASES = f"/apis/sluice.dev/v1alpha1/namespaces/{NAMESPACE}/releases"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
REPLICA_SETS = f"/apis/apps/v1/namespaces/{NAMESPACE}/replicasets"
ROUTES = f"/apis/networking.istio.io/v1/namespaces/{NAMESPACE}/virtualservices"


def release(**spec: Any) -> Object:
    """A Release of two steps, judged by a query of its own at every look."""
    limit = {"name": "failures", "prometheus": {"query": 'failures{revision="{{ candidate.revision }}"}', "max": 0.1}}
    return {
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "Release",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {
            "workload": {"deployment": NAME, "keepPrevious": "0s"},
            "traffic": {
                "service": NAME,
                "propagation": "2s",
                "drain": "5s",
                "istio": {"virtualService": NAME, "destinationRule": NAME},
            },
            "strategy": {"canary": {"steps": [{"weight": "10%", "for": "10s"}, {"weight": "50%", "for": "10s"}]}},
            "gates": {
                "interval": "10s",
                "minimumStep": "10s",
                "warmUp": "0s",
                "compare": {"none": True},
                "limits": [limit],
                "failureLimit": 1,
            },
            **spec,
        },
    }


def deployment(image: str, name: str = NAME) -> Object:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": image}]}},
        },
    }


async def workload(client: Client, name: str) -> None:
    made = await client.create(DEPLOYMENTS, deployment("x:1", name))
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": made["metadata"]["uid"]}
    body = deployment("x:1", name) | {"kind": "ReplicaSet"}
    body["metadata"] |= {"name": f"{name}-own", "ownerReferences": [owner | {"controller": True}]}
    await client.create(REPLICA_SETS, body)
    service = {"selector": {"app": name}, "ports": [{"name": "http", "port": 80}]}
    await client.create(f"/api/v1/namespaces/{NAMESPACE}/services", {"metadata": {"name": name}, "spec": service})
