"""Where requests come from: each source has its own listener, its own view of the mesh, and its own labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.errors import SandboxError


@dataclass(frozen=True)
class SidecarClient:
    """A pod with a sidecar: ``labels`` are what ``sourceLabels`` matches, ``app`` is the label of that name."""

    workload: str
    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> str:
        """The name of this source in Envoy's configuration."""
        return f"sidecar.{self.namespace}.{self.workload}"


@dataclass(frozen=True)
class GatewayClient:
    """Users behind an Istio Gateway, named ``namespace/name``; ``workload`` and ``labels`` are its proxy's.

    A user chooses the server of the Gateway by the port in the Host header; without one it is the first server.
    """

    gateway: str
    workload: str = "istio-ingressgateway"
    labels: Mapping[str, str] = field(
        default_factory=lambda: {"app": "istio-ingressgateway", "istio": "ingressgateway"}, hash=False
    )

    def __post_init__(self) -> None:
        if self.gateway.count("/") != 1:
            raise SandboxError(f'a gateway is named "namespace/name", not {self.gateway!r}')

    @property
    def namespace(self) -> str:
        return self.gateway.split("/")[0]

    @property
    def key(self) -> str:
        return f"gateway.{self.gateway.replace('/', '.')}"


@dataclass(frozen=True)
class PlainClient:
    """A client without sidecar: it asks ready pods of a Service in turn and obeys no VirtualService.

    Only the pods' own sidecars count its requests (``reporter="destination"``, an unknown source).
    """

    namespace: str = "default"
    workload: str = "outside"
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> str:
        return f"plain.{self.namespace}.{self.workload}"


Source = SidecarClient | GatewayClient | PlainClient
