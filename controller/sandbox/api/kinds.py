"""The built-in kinds that are served, as the words of discovery name them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from controller.sandbox.api.events import core_event, new_event
from controller.sandbox.api.failure import qualified
from controller.sandbox.api.resources import Reader, Resource, ScalePaths
from controller.sandbox.api.schema import builtins
from controller.sandbox.api.tables.columns import columns_of
from controller.sandbox.client import Object

STATUS = {"status": ("get", "patch", "update")}
SCALE = {"scale": ("get", "patch", "update")}
_WRITE = ("create", "delete", "get", "list", "patch", "update", "watch")

# group version: plural Kind [short names] {categories} +subresources; "-" before the plural: cluster-scoped.
_TABLE = """
v1: configmaps ConfigMap [cm]
v1: endpoints Endpoints [ep]
v1: events Event [ev]
v1: -namespaces Namespace [ns] +status
v1: -nodes Node [no] +status
v1: persistentvolumeclaims PersistentVolumeClaim [pvc] +status
v1: -persistentvolumes PersistentVolume [pv] +status
v1: pods Pod [po] {all} +status
v1: secrets Secret
v1: serviceaccounts ServiceAccount [sa]
v1: services Service [svc] {all} +status
apps/v1: controllerrevisions ControllerRevision
apps/v1: daemonsets DaemonSet [ds] {all} +status
apps/v1: deployments Deployment [deploy] {all} +status +scale
apps/v1: replicasets ReplicaSet [rs] {all} +status +scale
apps/v1: statefulsets StatefulSet [sts] {all} +status +scale
events.k8s.io/v1: events Event [ev]
authentication.k8s.io/v1: -selfsubjectreviews SelfSubjectReview
authorization.k8s.io/v1: -selfsubjectaccessreviews SelfSubjectAccessReview
authorization.k8s.io/v1: -selfsubjectrulesreviews SelfSubjectRulesReview
authorization.k8s.io/v1: -subjectaccessreviews SubjectAccessReview
autoscaling/v2: horizontalpodautoscalers HorizontalPodAutoscaler [hpa] {all} +status
batch/v1: cronjobs CronJob [cj] {all} +status
batch/v1: jobs Job {all} +status
networking.k8s.io/v1: -ingressclasses IngressClass
networking.k8s.io/v1: ingresses Ingress [ing] +status
networking.k8s.io/v1: networkpolicies NetworkPolicy [netpol]
policy/v1: poddisruptionbudgets PodDisruptionBudget [pdb] +status
rbac.authorization.k8s.io/v1: -clusterrolebindings ClusterRoleBinding
rbac.authorization.k8s.io/v1: -clusterroles ClusterRole
rbac.authorization.k8s.io/v1: rolebindings RoleBinding
rbac.authorization.k8s.io/v1: roles Role
admissionregistration.k8s.io/v1: -validatingadmissionpolicies ValidatingAdmissionPolicy {api-extensions} +status
admissionregistration.k8s.io/v1: -validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding {api-extensions}
apiextensions.k8s.io/v1: -customresourcedefinitions CustomResourceDefinition [crd,crds] {api-extensions} +status
coordination.k8s.io/v1: leases Lease
discovery.k8s.io/v1: endpointslices EndpointSlice
"""


def _at(*path: str) -> Reader:
    """A reader of one text field; "" where it is absent."""

    def read(item: Object) -> str:
        value: Any = item
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    return read


def _all(*paths: str) -> dict[str, Reader]:
    return {path: _at(*path.split(".")) for path in paths}


_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_FIELDS: Mapping[str, Mapping[str, Reader]] = {
    "Event": {
        **_all(*(f"involvedObject.{name}" for name in _INVOLVED), "reason", "type"),
        **{f"regarding.{name}": _at("involvedObject", name) for name in _INVOLVED},
        "reportingComponent": lambda item: _at("reportingComponent")(item) or _at("source", "component")(item),
        "source": lambda item: _at("source", "component")(item) or _at("reportingComponent")(item),
    },
    "Pod": {
        **_all("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName"),
        **_all("status.phase", "status.podIP", "status.nominatedNodeName"),
        "spec.hostNetwork": lambda item: _at("spec", "hostNetwork")(item) or "false",
    },
    "Namespace": {**_all("status.phase"), "name": _at("metadata", "name")},
    "Node": {"spec.unschedulable": lambda item: _at("spec", "unschedulable")(item) or "false"},
    "Secret": _all("type"),
    "Service": _all("spec.clusterIP", "spec.type"),
    "ReplicaSet": {"status.replicas": lambda item: _at("status", "replicas")(item) or "0"},
    "Job": {"status.successful": lambda item: _at("status", "succeeded")(item) or "0"},
}
_DEPRECATIONS = {"Endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"}
_CREATE_ONLY = ("SelfSubjectReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview")


def builtin_resources() -> list[Resource]:
    """Every built-in kind, in the order of discovery."""
    return [_resource(line) for line in _TABLE.strip().splitlines()]


def _resource(line: str) -> Resource:
    group_version, _, rest = line.partition(": ")
    group, _, version = group_version.rpartition("/")
    words = rest.split()
    plural, kind = words[0].removeprefix("-"), words[1]
    marked = {word[0]: word[1:-1] for word in words[2:] if word[0] in "[{"}
    subresources: dict[str, tuple[str, ...]] = {}
    for word in words[2:]:
        subresources |= {"+status": STATUS, "+scale": SCALE}.get(word, {})
    if kind == "Namespace":
        subresources |= {"finalize": ("update",)}
    if kind == "Pod":
        subresources |= {"binding": ("create",)}
    schema: Callable[[], Object] = partial(builtins.schema, group, version, kind)
    resource = Resource(
        group=group,
        version=version,
        plural=plural,
        kind=kind,
        namespaced=not words[0].startswith("-"),
        singular="endpoints" if kind == "Endpoints" else kind.lower(),
        short_names=tuple(filter(None, marked.get("[", "").split(","))),
        categories=tuple(filter(None, marked.get("{", "").split(","))),
        verbs=("create",) if kind in _CREATE_ONLY else _WRITE if kind == "Namespace" else Resource.verbs,
        subresources=subresources,
        table=qualified(group, plural),
        schema=schema,
        columns=columns_of(kind),
        fields=_FIELDS.get(kind, {}),
        scale=ScalePaths(selector=("spec", "selector")) if "+scale" in words else None,
        list_kind=f"{kind}List",
        deprecation=_DEPRECATIONS.get(kind, ""),
    )
    return _as_core_event(resource) if group == "events.k8s.io" else resource


def _as_core_event(resource: Resource) -> Resource:
    """events.k8s.io shares its objects with the core group's events."""
    return replace(resource, table="events", to_storage=core_event, from_storage=new_event)
