"""Where the requests of a released workload pass."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Unsplit(StrEnum):
    """What to do about traffic that reaches the Service past the named routes."""

    REFUSE = "refuse"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """An object by namespace and name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class IstioRouting:
    """The Istio objects that carry the weights.

    ``routes``: http routes by name; empty means the only one there is. ``hosts`` and ``gateways`` are for a
    VirtualService that we create, as Istio reads them: ``mesh``, ``name`` or ``namespace/name``.
    """

    virtual_services: tuple[ObjectRef, ...]
    destination_rule: str
    routes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ("mesh",)


@dataclass(frozen=True, slots=True)
class Routing:
    """The Service whose requests are split, and its router.

    ``port`` None means the Service's only port. ``propagation``: seconds that the mesh may take to learn of a change.
    ``drain``: seconds between leaving the routes and SIGTERM.
    """

    service: str
    router: IstioRouting
    port: int | None = None
    propagation: float = 10.0
    drain: float = 30.0
    unsplit: Unsplit = Unsplit.REFUSE
