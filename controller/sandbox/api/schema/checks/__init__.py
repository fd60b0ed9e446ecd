"""What a real server refuses of the built-in kinds: the checks that users meet and controllers rely on.

The rules and sentences are those of k8s.io/kubernetes/pkg/apis/*/validation. Left out are rare corners: volume types
other than the common ones, Windows, security contexts, affinity, dual-stack addresses, pod failure policies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from controller.sandbox.api.schema import names
from controller.sandbox.api.schema.checks import batch, core, events, networking, pods, policies, workloads
from controller.sandbox.api.schema.checks.warnings import warnings
from controller.sandbox.api.schema.crd import check_crd
from controller.sandbox.api.schema.errors import FieldError
from controller.sandbox.api.schema.metadata import check_create, check_finalizers, check_update

__all__ = ["check", "warnings"]

Object = dict[str, Any]

_BY_KIND: dict[tuple[str, str], Callable[[Object, Object | None], Iterable[FieldError]]] = {
    ("", "Pod"): pods.pod,
    ("", "Service"): core.service,
    ("", "ConfigMap"): core.config_map,
    ("", "Secret"): core.secret,
    ("", "Event"): events.core_event,
    ("events.k8s.io", "Event"): events.new_event,
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("batch", "Job"): batch.job,
    ("batch", "CronJob"): batch.cron_job,
    ("autoscaling", "HorizontalPodAutoscaler"): policies.autoscaler,
    ("policy", "PodDisruptionBudget"): policies.disruption_budget,
    ("coordination.k8s.io", "Lease"): policies.lease,
    ("discovery.k8s.io", "EndpointSlice"): networking.endpoint_slice,
    ("networking.k8s.io", "Ingress"): networking.ingress,
    ("networking.k8s.io", "NetworkPolicy"): networking.network_policy,
    ("rbac.authorization.k8s.io", "Role"): policies.role,
    ("rbac.authorization.k8s.io", "ClusterRole"): policies.role,
    ("rbac.authorization.k8s.io", "RoleBinding"): policies.role_binding,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): policies.role_binding,
}
_STATUS: dict[tuple[str, str], Callable[[Object, Object | None], Iterable[FieldError]]] = {
    ("apps", "Deployment"): workloads.deployment_status,
    ("apps", "ReplicaSet"): workloads.replica_set_status,
    ("apps", "StatefulSet"): workloads.stateful_set_status,
    ("batch", "Job"): batch.job_status,
}
_NAMES: dict[tuple[str, str], names.NameCheck] = {
    ("", "Namespace"): names.object_label,
    ("", "Service"): names.object_label_1035,
    ("apps", "StatefulSet"): names.object_label,
    ("rbac.authorization.k8s.io", "Role"): names.path_segment,
    ("rbac.authorization.k8s.io", "ClusterRole"): names.path_segment,
    ("rbac.authorization.k8s.io", "RoleBinding"): names.path_segment,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): names.path_segment,
}


def check(
    group: str, kind: str, obj: Object, old: Object | None = None, *, namespaced: bool, subresource: str = ""
) -> list[FieldError]:
    """What is wrong with an object of a built-in kind, metadata included; it must be decoded and defaulted.

    With `old`, the stored object, the rules for an update; with `subresource` `status` only those of the status.
    """
    if (group, kind) == ("apiextensions.k8s.io", "CustomResourceDefinition") and not subresource:
        return check_crd(obj, old)
    if old is None:
        rule = _NAMES.get((group, kind), names.object_subdomain)
        found = check_create(obj["metadata"], namespaced=namespaced, name_rule=rule)
        found += check_finalizers(obj["metadata"])
    else:
        found = check_update(obj["metadata"], old["metadata"])
    table = _STATUS if subresource == "status" else _BY_KIND
    rules = table.get((group, kind))
    return found if rules is None else found + list(rules(obj, old))
