"""What the model classes do not say of the built-in kinds: which are served, list types, merge keys, number sizes.

A field is named `Definition.field`. A list that is not named here is atomic.
"""

from __future__ import annotations

from typing import Any, NamedTuple


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


class Kind(NamedTuple):
    """One served kind: its group (empty for core), version, name, and the definition of its schema."""

    group: str
    version: str
    kind: str
    definition: str


def _kinds(group: str, version: str, names: str) -> list[Kind]:
    pairs = (name.partition("=") for name in names.split())
    return [Kind(group, version, name, definition or name) for name, _, definition in pairs]


KINDS: tuple[Kind, ...] = (
    *_kinds("", "v1", "ConfigMap Endpoints Event=CoreEvent Namespace Node PersistentVolume PersistentVolumeClaim Pod"),
    *_kinds("", "v1", "Secret Service ServiceAccount"),
    *_kinds("apps", "v1", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"),
    *_kinds("batch", "v1", "CronJob Job"),
    *_kinds("autoscaling", "v1", "Scale"),
    *_kinds("autoscaling", "v2", "HorizontalPodAutoscaler"),
    *_kinds("policy", "v1", "PodDisruptionBudget Eviction"),
    *_kinds("coordination.k8s.io", "v1", "Lease"),
    *_kinds("discovery.k8s.io", "v1", "EndpointSlice"),
    *_kinds("events.k8s.io", "v1", "Event=EventsEvent"),
    *_kinds("networking.k8s.io", "v1", "Ingress IngressClass NetworkPolicy"),
    *_kinds("rbac.authorization.k8s.io", "v1", "ClusterRole ClusterRoleBinding Role RoleBinding"),
    *_kinds("apiextensions.k8s.io", "v1", "CustomResourceDefinition"),
    *_kinds("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding"),
    *_kinds("authentication.k8s.io", "v1", "SelfSubjectReview"),
    *_kinds("authorization.k8s.io", "v1", "SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview"),
)

META_DEFINITIONS = _names(
    """
    Condition DeleteOptions FieldSelectorRequirement LabelSelector LabelSelectorRequirement ListMeta
    ManagedFieldsEntry ObjectMeta OwnerReference Preconditions ShardInfo Status StatusCause StatusDetails
    """
)
"""Definitions that belong to apimachinery rather than to a group of kinds."""

INT64 = _names(
    """
    JobSpec.activeDeadlineSeconds CronJobSpec.startingDeadlineSeconds ContainerImage.sizeBytes
    ControllerRevision.revision LinuxContainerUser.gid LinuxContainerUser.supplementalGroups LinuxContainerUser.uid
    NodeSwapStatus.capacity PodSecurityContext.fsGroup PodSecurityContext.runAsGroup PodSecurityContext.runAsUser
    PodSecurityContext.supplementalGroups PodSpec.activeDeadlineSeconds SecurityContext.runAsGroup
    SecurityContext.runAsUser ServiceAccountTokenProjection.expirationSeconds SleepAction.seconds
    Toleration.tolerationSeconds JSONSchemaProps.maxItems JSONSchemaProps.maxLength JSONSchemaProps.maxProperties
    JSONSchemaProps.minItems JSONSchemaProps.minLength JSONSchemaProps.minProperties
    DeleteOptions.gracePeriodSeconds ListMeta.remainingItemCount ObjectMeta.deletionGracePeriodSeconds
    ObjectMeta.generation
    """
)
INT64_NAMES = frozenset(("observedGeneration", "terminationGracePeriodSeconds"))
"""Whole numbers are 32 bits wide but for these fields and for these names anywhere."""

QUANTITIES = _names(
    """
    ResourceRequirements.limits ResourceRequirements.requests VolumeResourceRequirements.limits
    VolumeResourceRequirements.requests PersistentVolumeSpec.capacity PersistentVolumeClaimStatus.capacity
    PersistentVolumeClaimStatus.allocatedResources PodSpec.overhead NodeStatus.allocatable NodeStatus.capacity
    MetricTarget.averageValue MetricTarget.value MetricValueStatus.averageValue MetricValueStatus.value
    HPAScalingRules.tolerance EmptyDirVolumeSource.sizeLimit ResourceFieldSelector.divisor
    ContainerStatus.allocatedResources PodStatus.allocatedResources
    """
)
"""Strings that are quantities, or maps of them; a plain number is taken for one too."""

MICRO_TIMES = _names(
    """
    LeaseSpec.acquireTime LeaseSpec.renewTime CoreEvent.eventTime EventsEvent.eventTime
    CoreEventSeries.lastObservedTime EventsEventSeries.lastObservedTime
    """
)

JSON_FIELDS = _names("ControllerRevision.data JSONSchemaProps.default JSONSchemaProps.enum JSONSchemaProps.example")
"""Any JSON value, scalars too."""

SCHEMA_UNIONS = {
    "JSONSchemaProps.additionalItems": "schema-or-bool",
    "JSONSchemaProps.additionalProperties": "schema-or-bool",
    "JSONSchemaProps.items": "schema-or-array",
}
"""A schema or something else; the server drops unknown fields below these without a word."""

_MAPS: dict[str, str] = {
    "containerPort,protocol": "Container.ports EphemeralContainer.ports",
    "devicePath": "Container.volumeDevices EphemeralContainer.volumeDevices",
    "ip": "PodSpec.hostAliases PodStatus.podIPs",
    "mountPath": "Container.volumeMounts ContainerStatus.volumeMounts EphemeralContainer.volumeMounts",
    "name": "ValidatingAdmissionPolicySpec.matchConditions ValidatingAdmissionPolicySpec.variables Container.env "
    "ContainerStatus.allocatedResourcesStatus EphemeralContainer.env PodSpec.containers PodSpec.ephemeralContainers "
    "PodSpec.imagePullSecrets PodSpec.initContainers PodSpec.schedulingGates ServiceAccount.secrets",
    "port,protocol": "ServiceSpec.ports",
    "rule": "JSONSchemaProps.x-kubernetes-validations",
    "topologyKey,whenUnsatisfiable": "PodSpec.topologySpreadConstraints",
    "type": "DaemonSetStatus.conditions DeploymentStatus.conditions ReplicaSetStatus.conditions "
    "StatefulSetStatus.conditions HorizontalPodAutoscalerStatus.conditions NamespaceStatus.conditions "
    "NodeStatus.addresses NodeStatus.conditions PersistentVolumeClaimStatus.conditions PodStatus.conditions "
    "ServiceStatus.conditions PodDisruptionBudgetStatus.conditions",
    "uid": "ObjectMeta.ownerReferences",
}
_RETAIN_KEYS = "PodSpec.resourceClaims PodSpec.volumes PodStatus.resourceClaimStatuses"
_MAPS_OF_APPLY_ONLY = {
    "name": "ResourceRequirements.claims",
    "resourceID": "ResourceStatus.resources",
    "type": "ValidatingAdmissionPolicyStatus.conditions CustomResourceDefinitionStatus.conditions",
}
_SETS = (
    "ValidatingAdmissionPolicyBindingSpec.validationActions PodFailurePolicyOnExitCodesRequirement.values "
    "UncountedTerminatedPods.failed UncountedTerminatedPods.succeeded ContainerRestartRuleOnExitCodes.values "
    "Endpoint.addresses"
)
_MERGED_SETS = "NodeSpec.podCIDRs ObjectMeta.finalizers"


def _map(keys: str) -> dict[str, Any]:
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys.split(",")}


def _merge(key: str, strategy: str = "merge") -> dict[str, Any]:
    return {"x-kubernetes-patch-merge-key": key, "x-kubernetes-patch-strategy": strategy}


def _extensions() -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = {}
    for keys, fields in _MAPS.items():
        table |= {field: _map(keys) | _merge(keys.split(",")[0]) for field in fields.split()}
    for field in _RETAIN_KEYS.split():
        table[field] = _map("name") | _merge("name", "merge,retainKeys")
    for keys, fields in _MAPS_OF_APPLY_ONLY.items():
        table |= {field: _map(keys) for field in fields.split()}
    for field in _SETS.split():
        table[field] = {"x-kubernetes-list-type": "set"}
    for field in _MERGED_SETS.split():
        table[field] = {"x-kubernetes-list-type": "set", "x-kubernetes-patch-strategy": "merge"}
    table["PodStatus.hostIPs"] = {"x-kubernetes-list-type": "atomic"} | _merge("ip")
    table["JobStatus.conditions"] = {"x-kubernetes-list-type": "atomic"} | _merge("type")
    table["PodDisruptionBudgetSpec.selector"] = {"x-kubernetes-patch-strategy": "replace"}
    table["DeploymentSpec.strategy"] = {"x-kubernetes-patch-strategy": "retainKeys"}
    for field in ("PodSpec.nodeSelector", "ServiceSpec.selector"):
        table[field] = {"x-kubernetes-map-type": "atomic"}
    for field in ("ContainerPort.protocol", "ServicePort.protocol"):
        table[field] = {"default": "TCP"}  # part of a list's key, so server-side apply must know it
    return table


EXTENSIONS: dict[str, dict[str, Any]] = _extensions()
"""Extensions by field, as in the published OpenAPI documents."""

ATOMIC_OBJECTS = _names(
    """
    MatchResources NamedRuleWithOperations ParamKind ParamRef Variable ConfigMapKeySelector EndpointAddress
    CoreEndpointPort FileKeySelector LocalObjectReference NodeSelector NodeSelectorTerm ObjectFieldSelector
    ObjectReference ResourceFieldSelector SecretKeySelector SecretReference TypedLocalObjectReference
    DiscoveryEndpointPort ServiceBackendPort RoleRef Subject LabelSelector OwnerReference
    """
)
"""Definitions that server-side apply treats as one value (x-kubernetes-map-type: atomic)."""
