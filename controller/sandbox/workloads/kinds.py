"""The kinds that the players read and write, and where the API keeps them."""

from __future__ import annotations

from dataclasses import dataclass

from controller.sandbox.client import Object


@dataclass(frozen=True)
class Kind:
    """One kind of object: ``api_version`` is ``v1`` or ``apps/v1``, ``plural`` the word in its URL."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def root(self) -> str:
        return f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"

    @property
    def collection(self) -> str:
        """The path of all of them, in every namespace."""
        return f"{self.root}/{self.plural}"

    def path(self, namespace: str, name: str = "", subresource: str = "") -> str:
        """The path of one object, of its subresource, or (without a name) of a namespace's objects."""
        space = f"{self.root}/namespaces/{namespace}/{self.plural}" if self.namespaced else self.collection
        return "/".join(part for part in (space, name, subresource) if part)

    def of(self, item: Object, subresource: str = "") -> str:
        """The path of ``item``."""
        metadata = item["metadata"]
        return self.path(metadata.get("namespace", ""), metadata["name"], subresource)


CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
ENDPOINTS = Kind("v1", "Endpoints", "endpoints")
EVENT = Kind("v1", "Event", "events")
NAMESPACE = Kind("v1", "Namespace", "namespaces", namespaced=False)
NODE = Kind("v1", "Node", "nodes", namespaced=False)
POD = Kind("v1", "Pod", "pods")
SECRET = Kind("v1", "Secret", "secrets")
SERVICE = Kind("v1", "Service", "services")
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts")
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
REPLICA_SET = Kind("apps/v1", "ReplicaSet", "replicasets")
JOB = Kind("batch/v1", "Job", "jobs")
ENDPOINT_SLICE = Kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
CUSTOM_RESOURCE_DEFINITION = Kind(
    "apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False
)
