"""One Release, whole."""

from __future__ import annotations

from dataclasses import dataclass

from controller.core.release.gates import Gates
from controller.core.release.routing import ObjectRef, Routing
from controller.core.release.strategy import Canary
from controller.core.release.workload import ManagedWorkload


@dataclass(frozen=True, slots=True)
class Release:
    """What the user asked for.

    ``generation`` counts changes of the spec. ``created`` is in epoch seconds (of two Releases for one thing the
    younger gives way), None before the API server has said. ``replicas`` None: the template's number counts.
    """

    namespace: str
    name: str
    workload: ManagedWorkload
    traffic: Routing
    strategy: Canary
    gates: Gates
    replicas: int | None = None
    paused: bool = False
    uid: str = ""
    generation: int = 0
    created: float | None = None
    deleting: bool = False

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef(self.namespace, self.name)
