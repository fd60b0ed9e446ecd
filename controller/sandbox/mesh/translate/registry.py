"""Services and the pods behind them, read from Services, EndpointSlices and Pods."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.sandbox.client import Key, Object
from controller.sandbox.mesh.translate.hosts import export_set, service_host
from controller.sandbox.mesh.translate.unreadable import reading

PORTS_ANNOTATION = "sandbox.sluice.dev/ports"
HTTP_PROTOCOLS = frozenset({"http", "http2", "grpc"})

Snapshot = Mapping[str, Mapping[Key, Object]]
"""Objects by plural name (``virtualservices``), then by (namespace, name). Never changed after it was made."""


@dataclass(frozen=True)
class Port:
    """A port of a Service. ``protocol`` is http, http2, grpc or tcp; a port that says nothing is http."""

    number: int
    name: str
    protocol: str

    @property
    def is_http(self) -> bool:
        return self.protocol in HTTP_PROTOCOLS


@dataclass(frozen=True)
class Workload:
    """What Istio's metrics say about one side of a request."""

    name: str
    namespace: str
    app: str
    version: str
    canonical_service: str
    canonical_revision: str


@dataclass(frozen=True)
class Endpoint:
    """A pod behind a Service port. ``listener`` is the internal listener that plays the pod's sidecar."""

    pod: Key
    port: int
    ready: bool
    labels: Mapping[str, str] = field(hash=False)
    workload: Workload

    @property
    def listener(self) -> str:
        return inbound_name(self.pod, self.port)


@dataclass(frozen=True)
class Service:
    """``endpoints`` maps a port's number to the pods behind it, ready or not, in the order of their names."""

    name: str
    namespace: str
    host: str
    ports: tuple[Port, ...]
    addresses: tuple[str, ...]
    headless: bool
    exported: frozenset[str]
    created: str
    endpoints: Mapping[int, tuple[Endpoint, ...]] = field(hash=False)

    def port(self, number: int) -> Port | None:
        return next((port for port in self.ports if port.number == number), None)

    def ready(self, number: int) -> tuple[Endpoint, ...]:
        """The endpoints of a port that take requests."""
        return tuple(one for one in self.endpoints.get(number, ()) if one.ready)

    @property
    def default_port(self) -> int | None:
        """What a Host header without a port means: 80 where there is one, else the first port with HTTP."""
        numbers = [port.number for port in self.ports if port.is_http]
        return 80 if 80 in numbers else next(iter(numbers), None)


def inbound_name(pod: Key, port: int) -> str:
    return f"inbound|{pod[0]}/{pod[1]}|{port}"


def protocol_of(port: Mapping[str, Any]) -> str:
    """The protocol of a Service port: ``appProtocol``, else the first part of its name, as Istio selects it.

    A port that says neither is sniffed by Istio; here it is taken as HTTP.
    """
    if port.get("protocol", "TCP") != "TCP":
        return "udp"
    said = str(port.get("appProtocol") or str(port.get("name") or "").split("-")[0]).lower()
    if said in ("grpc", "grpc-web", "kubernetes.io/grpc"):
        return "grpc"
    if said in ("http2", "h2c", "kubernetes.io/h2c"):
        return "http2"
    if said in ("tcp", "tls", "https", "mongo", "mysql", "redis"):
        return "tcp"
    return "http"


def workload_of(pod: Object) -> Workload:
    """The Deployment of a pod (its ReplicaSet's name without the hash), else its controller, else the pod itself."""
    metadata = pod["metadata"]
    labels = metadata.get("labels") or {}
    owners = metadata.get("ownerReferences") or []
    owner = next((ref for ref in owners if ref.get("controller")), None)
    name: str = owner["name"] if owner else metadata["name"]
    if owner and owner.get("kind") == "ReplicaSet":
        template_hash = labels.get("pod-template-hash", "")
        if template_hash and name.endswith(f"-{template_hash}"):
            name = name.removesuffix(f"-{template_hash}")
        else:
            name = name.rpartition("-")[0] or name
    return describe(name, metadata.get("namespace", ""), labels)


def describe(name: str, namespace: str, labels: Mapping[str, str]) -> Workload:
    """A workload with Istio's fallbacks for the canonical names; an absent app or version is empty."""
    canonical = ("service.istio.io/canonical-name", "app.kubernetes.io/name", "app")
    revision = ("service.istio.io/canonical-revision", "app.kubernetes.io/version", "version")
    return Workload(
        name=name,
        namespace=namespace,
        app=labels.get("app", ""),
        version=labels.get("version", ""),
        canonical_service=next((labels[key] for key in canonical if key in labels), name),
        canonical_revision=next((labels[key] for key in revision if key in labels), "latest"),
    )


def loopback_ports(pod: Object) -> dict[int, int]:
    """Where a pod's container ports really listen on 127.0.0.1; empty for a pod that says nothing readable."""
    text = (pod["metadata"].get("annotations") or {}).get(PORTS_ANNOTATION, "")
    try:
        return {int(port): int(real) for port, real in json.loads(text or "{}").items()}
    except (ValueError, AttributeError, TypeError):
        return {}


def services(snapshot: Snapshot) -> dict[str, Service]:
    """All Services by full host name, oldest first."""
    slices: dict[Key, list[Object]] = {}
    for item in snapshot["endpointslices"].values():
        name = (item["metadata"].get("labels") or {}).get("kubernetes.io/service-name", "")
        slices.setdefault((item["metadata"].get("namespace", ""), name), []).append(item)
    found = []
    for (namespace, name), item in snapshot["services"].items():
        if item["spec"].get("type") != "ExternalName":
            with reading("Service", namespace, name):
                found.append(_service(item, slices.get((namespace, name), ()), snapshot["pods"]))
    return {service.host: service for service in sorted(found, key=lambda s: (s.created, s.name, s.namespace))}


def _service(item: Object, slices: Iterable[Object], pods: Mapping[Key, Object]) -> Service:
    metadata, spec = item["metadata"], item["spec"]
    namespace = metadata.get("namespace", "")
    annotation = (metadata.get("annotations") or {}).get("networking.istio.io/exportTo", "")
    given = spec.get("ports") or []
    ports = tuple(Port(port["port"], port.get("name") or "", protocol_of(port)) for port in given)
    slices = list(slices)
    addresses = tuple(ip for ip in spec.get("clusterIPs") or [spec.get("clusterIP")] if ip and ip != "None")
    return Service(
        name=metadata["name"],
        namespace=namespace,
        host=service_host(metadata["name"], namespace),
        ports=tuple(port for port in ports if port.protocol != "udp"),
        addresses=addresses,
        headless=spec.get("clusterIP") == "None",
        exported=export_set([part.strip() for part in annotation.split(",") if part.strip()], namespace),
        created=metadata.get("creationTimestamp", ""),
        endpoints={port.number: _endpoints(port, namespace, slices, pods) for port in ports},
    )


def _endpoints(
    port: Port, namespace: str, slices: Iterable[Object], pods: Mapping[Key, Object]
) -> tuple[Endpoint, ...]:
    found: dict[Key, Endpoint] = {}
    for item in slices:
        number = next((p.get("port") for p in item.get("ports") or [] if (p.get("name") or "") == port.name), None)
        if number is None:
            continue
        for entry in item.get("endpoints") or []:
            target = entry.get("targetRef") or {}
            if target.get("kind") != "Pod":
                continue
            # Absent means ready: the API says that consumers should read "unknown" so.
            ready = (entry.get("conditions") or {}).get("ready") is not False
            key = (target.get("namespace") or namespace, target["name"])
            pod = pods.get(key)
            if pod is not None:
                labels = pod["metadata"].get("labels") or {}
                found[key] = Endpoint(key, number, ready, labels, workload_of(pod))
    return tuple(found[key] for key in sorted(found))
