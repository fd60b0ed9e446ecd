"""Which kind has which columns."""

from __future__ import annotations

from collections.abc import Callable

from controller.sandbox.api.resources import Column
from controller.sandbox.api.tables import network, others, workloads
from controller.sandbox.api.tables.pods import pod_columns

_COLUMNS: dict[str, Callable[[], tuple[Column, ...]]] = {
    "ClusterRoleBinding": others.binding_columns,
    "ConfigMap": others.configmap_columns,
    "ControllerRevision": others.controllerrevision_columns,
    "CronJob": workloads.cronjob_columns,
    "DaemonSet": workloads.daemonset_columns,
    "Deployment": workloads.deployment_columns,
    "EndpointSlice": network.endpointslice_columns,
    "Endpoints": network.endpoints_columns,
    "Event": others.event_columns,
    "HorizontalPodAutoscaler": workloads.hpa_columns,
    "Ingress": network.ingress_columns,
    "IngressClass": network.ingressclass_columns,
    "Job": workloads.job_columns,
    "Lease": others.lease_columns,
    "Namespace": others.namespace_columns,
    "NetworkPolicy": network.networkpolicy_columns,
    "Node": others.node_columns,
    "PersistentVolume": others.pv_columns,
    "PersistentVolumeClaim": others.pvc_columns,
    "Pod": pod_columns,
    "PodDisruptionBudget": workloads.pdb_columns,
    "ReplicaSet": workloads.replicaset_columns,
    "RoleBinding": others.binding_columns,
    "Secret": others.secret_columns,
    "Service": network.service_columns,
    "ServiceAccount": others.serviceaccount_columns,
    "StatefulSet": workloads.statefulset_columns,
    "ValidatingAdmissionPolicy": others.policy_columns,
    "ValidatingAdmissionPolicyBinding": others.policy_binding_columns,
}


def columns_of(kind: str) -> tuple[Column, ...]:
    """The columns of a built-in kind; name and creation for one without columns of its own."""
    return _COLUMNS.get(kind, others.plain_columns)()
