"""Everything that is the same for all sources, read once from a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.sandbox.client import Key, Object
from controller.sandbox.mesh.sources import GatewayClient, Source
from controller.sandbox.mesh.translate.destination_rules import DestinationRules
from controller.sandbox.mesh.translate.hosts import visible
from controller.sandbox.mesh.translate.registry import Service, Snapshot, services
from controller.sandbox.mesh.translate.virtual_services import VirtualService, virtual_services

KINDS = ("services", "endpointslices", "pods", "virtualservices", "destinationrules", "gateways")


@dataclass(frozen=True)
class World:
    services: Mapping[str, Service]
    virtual_services: list[VirtualService]
    rules: DestinationRules
    gateways: Mapping[Key, Object]
    pods: Mapping[Key, Object]


def read(snapshot: Snapshot) -> World:
    """Raises Unreadable for an object that is not as its schema says."""
    return World(
        services=services(snapshot),
        virtual_services=virtual_services(snapshot),
        rules=DestinationRules(snapshot),
        gateways=snapshot["gateways"],
        pods=snapshot["pods"],
    )


@dataclass(frozen=True)
class View:
    """The world as one source sees it. ``shadow_suffix``: mirrored copies carry ``-shadow`` after their host.

    ``gone`` are pods of this world that are no more: a source that learns late goes on calling them, in vain.
    """

    world: World
    source: Source
    shadow_suffix: bool = False
    gone: frozenset[Key] = frozenset()
    _rules: dict[str, Object | None] = field(default_factory=dict, hash=False, compare=False)

    @property
    def services(self) -> list[Service]:
        """The Services visible to this source."""
        return [one for one in self.world.services.values() if visible(one.exported, self.source.namespace)]

    def service(self, host: str) -> Service | None:
        found = self.world.services.get(host)
        return found if found is not None and visible(found.exported, self.source.namespace) else None

    def rule(self, service: Service) -> Object | None:
        """The DestinationRule in effect here for a Service."""
        if service.host not in self._rules:
            source = self.source
            found = self.world.rules.find(service.host, service.namespace, source.namespace, source.labels)
            self._rules[service.host] = found
        return self._rules[service.host]

    def cluster(self, host: str, port: int, subset: str = "") -> str:
        """The name of a cluster, there or not. Sources share none: each has its own view and its own ejections."""
        return f"{self.source.key}|outbound|{port}|{subset}|{host}"

    @property
    def is_gateway(self) -> bool:
        return isinstance(self.source, GatewayClient)
