"""Where one kind is written differently from another: what a real API server calls their strategies."""

from __future__ import annotations

from dataclasses import dataclass

from controller.sandbox.api.resources import Resource
from controller.sandbox.client import Object


@dataclass(frozen=True)
class Strategy:
    """``generation``: it counts changes of the wish; ``annotated``: the annotations are part of it, as they are for
    Deployments. ``status``: written through /status only.

    ``unconditional``: a PUT without resourceVersion is taken. ``upsert``: a PUT may create.
    ``returns_deleted``: DELETE answers the object, not a Status. ``graceful``: deletion waits for a kubelet.
    ``orphans``: dependents stay unless DELETE says otherwise.
    """

    generation: bool
    status: bool
    unconditional: bool = True
    upsert: bool = False
    returns_deleted: bool = False
    graceful: bool = False
    orphans: bool = False
    annotated: bool = False


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_GENERATION = _names(
    "CronJob CustomResourceDefinition DaemonSet Deployment EndpointSlice Ingress IngressClass Job "
    "NetworkPolicy Pod PodDisruptionBudget ReplicaSet StatefulSet ValidatingAdmissionPolicy "
    "ValidatingAdmissionPolicyBinding"
)
_CONDITIONAL = _names(
    "PodDisruptionBudget Lease IngressClass CustomResourceDefinition ValidatingAdmissionPolicy "
    "ValidatingAdmissionPolicyBinding"
)
_UPSERT = _names("ClusterRole ClusterRoleBinding Endpoints Event Lease Role RoleBinding Service")
_RETURNS_DELETED = _names("Pod Service ServiceAccount Namespace PersistentVolume PersistentVolumeClaim")


def strategy_of(resource: Resource) -> Strategy:
    """How this kind is written."""
    status = "status" in resource.subresources
    if resource.custom:
        return Strategy(generation=True, status=status, unconditional=False)
    kind = resource.kind
    return Strategy(
        generation=kind in _GENERATION,
        status=status,
        unconditional=kind not in _CONDITIONAL,
        upsert=kind in _UPSERT,
        returns_deleted=kind in _RETURNS_DELETED,
        graceful=kind == "Pod",
        orphans=kind == "Job",
        annotated=kind == "Deployment",
    )


def wish(item: Object, strategy: Strategy) -> Object:
    """The part of an object whose change counts as a new generation."""
    left_out = ("metadata", "status") if strategy.status else ("metadata",)
    wanted = {name: value for name, value in item.items() if name not in left_out}
    return {**wanted, "metadata": item["metadata"].get("annotations") or {}} if strategy.annotated else wanted
