"""The fields that a built-in kind's object has before anybody writes it.

The server's types for these kinds hold some objects and lists by value: an empty Deployment has a ``spec`` with a
``template``, a custom resource has nothing. Such a container is nobody's field: managedFields has no ``"."`` in it.
"""

from __future__ import annotations

from typing import Any

from controller.sandbox.api.patch.values import duplicate

Object = dict[str, Any]

_POD_SPEC: Object = {"containers": None}
_TEMPLATE: Object = {"metadata": {}, "spec": _POD_SPEC}

_KINDS: dict[tuple[str, str], Object] = {
    ("v1", "Pod"): {"spec": _POD_SPEC, "status": {}},
    ("v1", "Service"): {"spec": {}, "status": {"loadBalancer": {}}},
    ("v1", "Namespace"): {"spec": {}, "status": {}},
    ("v1", "PersistentVolumeClaim"): {"spec": {"resources": {}}, "status": {}},
    ("v1", "Node"): {"spec": {}, "status": {"daemonEndpoints": {"kubeletEndpoint": {}}, "nodeInfo": {}}},
    ("v1", "Event"): {"involvedObject": {}, "source": {}},
    ("apps/v1", "Deployment"): {"spec": {"selector": None, "template": _TEMPLATE, "strategy": {}}, "status": {}},
    ("apps/v1", "ReplicaSet"): {"spec": {"selector": None, "template": _TEMPLATE}, "status": {}},
    ("apps/v1", "StatefulSet"): {
        "spec": {"selector": None, "template": _TEMPLATE, "updateStrategy": {}},
        "status": {},
    },
    ("apps/v1", "DaemonSet"): {"spec": {"selector": None, "template": _TEMPLATE, "updateStrategy": {}}, "status": {}},
    ("batch/v1", "Job"): {"spec": {"template": _TEMPLATE}, "status": {}},
    ("batch/v1", "CronJob"): {"spec": {"jobTemplate": {"metadata": {}, "spec": {"template": _TEMPLATE}}}, "status": {}},
    ("autoscaling/v2", "HorizontalPodAutoscaler"): {
        "spec": {"scaleTargetRef": {}},
        "status": {"currentMetrics": None},
    },
    ("policy/v1", "PodDisruptionBudget"): {"spec": {}, "status": {}},
    ("networking.k8s.io/v1", "Ingress"): {"spec": {}, "status": {"loadBalancer": {}}},
    ("networking.k8s.io/v1", "NetworkPolicy"): {"spec": {"podSelector": {}}},
    ("coordination.k8s.io/v1", "Lease"): {"spec": {}},
    ("discovery.k8s.io/v1", "EndpointSlice"): {"endpoints": None, "ports": None},
    ("rbac.authorization.k8s.io/v1", "Role"): {"rules": None},
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): {"rules": None},
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): {"roleRef": {}},
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): {"roleRef": {}},
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): {
        "spec": {"names": {}, "versions": None},
        "status": {"conditions": None, "acceptedNames": {}, "storedVersions": None},
    },
}


def fill(item: Object, api_version: str, kind: str) -> Object:
    """``item`` with those containers where it lacks them; shares the rest with ``item``, so only read it."""
    return _fill(item, {"metadata": {}, **_KINDS.get((api_version, kind), {})})


def blank(api_version: str, kind: str) -> Object:
    """An object of this kind that nobody wrote yet."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {}}


def _fill(item: Object, containers: Object) -> Object:
    result = dict(item)
    for name, inner in containers.items():
        found = result.get(name)
        if found is None:
            result[name] = duplicate(inner)
        elif inner and isinstance(found, dict):
            result[name] = _fill(found, inner)
    return result
