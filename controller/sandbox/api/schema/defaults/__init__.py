"""What a real server fills in where the user said nothing: the defaults of the built-in kinds.

The values are those of k8s.io/kubernetes/pkg/apis/*/*/defaults.go. What needs the server's state (a Service's address,
a uid, times) is not set here. Setting them a second time changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller.sandbox.api.schema.defaults import batch, core, pods, policies, scaling, workloads

__all__ = ["set_defaults"]

Object = dict[str, Any]

_BY_KIND: dict[tuple[str, str], Callable[[Object], None]] = {
    ("", "Pod"): pods.pod,
    ("", "Service"): core.service,
    ("", "ConfigMap"): core.nothing,
    ("", "Secret"): core.secret,
    ("", "Namespace"): core.namespace,
    ("", "Endpoints"): core.endpoints,
    ("", "PersistentVolume"): core.persistent_volume,
    ("", "PersistentVolumeClaim"): core.persistent_volume_claim,
    ("", "Node"): core.node,
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("batch", "Job"): batch.job,
    ("batch", "CronJob"): batch.cron_job,
    ("autoscaling", "HorizontalPodAutoscaler"): scaling.autoscaler,
    ("discovery.k8s.io", "EndpointSlice"): core.endpoint_slice,
    ("networking.k8s.io", "NetworkPolicy"): policies.network_policy,
    ("networking.k8s.io", "IngressClass"): policies.ingress_class,
    ("rbac.authorization.k8s.io", "RoleBinding"): policies.role_binding,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): policies.role_binding,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): policies.admission_policy,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): policies.admission_binding,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): policies.custom_resource_definition,
}


def set_defaults(group: str, kind: str, obj: Object) -> None:
    """Fill in the defaults of one object of a built-in kind, in place; it must be decoded (`decode_builtin`).

    A kind without defaults, or one that is not built in, stays as it is.
    """
    fill = _BY_KIND.get((group, kind))
    if fill is not None:
        fill(obj)
