"""Deployments: how many pods they have, and what runs in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.core.objects.metadata import Object, generation


@dataclass(frozen=True, slots=True)
class Readiness:
    """The pods of a Deployment, as its own controller counted them.

    ``wanted`` is what its spec asks for, ``replicas`` are all its pods, old ones included. Only where ``current`` (the
    status speaks of the present generation) do the counts say anything about the present spec.
    """

    wanted: int
    replicas: int
    ready: int
    available: int
    updated: int
    current: bool

    @property
    def complete(self) -> bool:
        """Every wanted pod is new and available, and no old one is left."""
        return self.current and self.updated == self.available == self.replicas == self.wanted

    def serves(self, pods: int) -> bool:
        """At least so many pods of the present spec are available (which is more than ready: stably so)."""
        return self.current and min(self.updated, self.available) >= pods


def readiness(deployment: Object) -> Readiness:
    """Read from spec and status; a Deployment without ``replicas`` asks for 1."""
    spec, status = (deployment.get(key) or {} for key in ("spec", "status"))
    observed = status.get("observedGeneration")
    return Readiness(
        wanted=_count(spec, "replicas", 1),
        replicas=_count(status, "replicas"),
        ready=_count(status, "readyReplicas"),
        available=_count(status, "availableReplicas"),
        updated=_count(status, "updatedReplicas"),
        current=isinstance(observed, int) and observed >= generation(deployment),
    )


def _count(section: Mapping[str, Any], key: str, default: int = 0) -> int:
    value = section.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def pod_template(workload: Object) -> Mapping[str, Any]:
    """``spec.template``, empty where there is none."""
    template = (workload.get("spec") or {}).get("template")
    return template if isinstance(template, Mapping) else {}


def images(template: Mapping[str, Any]) -> tuple[str, ...]:
    """The images of a pod template, in the order of its containers, without those of init containers."""
    containers = (template.get("spec") or {}).get("containers") or []
    return tuple(str(container.get("image") or "") for container in containers)
