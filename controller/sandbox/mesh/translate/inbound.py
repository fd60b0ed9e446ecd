"""The sidecars of the pods: one internal listener and one cluster for each port that a pod's annotation names."""

from __future__ import annotations

from controller.sandbox.client import Key, Object
from controller.sandbox.mesh.translate import metrics
from controller.sandbox.mesh.translate.clusters import CLUSTER
from controller.sandbox.mesh.translate.policy import cluster_fields
from controller.sandbox.mesh.translate.proxy import http_manager, listener, route_config
from controller.sandbox.mesh.translate.registry import (
    Port,
    Service,
    inbound_name,
    loopback_ports,
    workload_of,
)
from controller.sandbox.mesh.translate.tcp import tcp_proxy
from controller.sandbox.mesh.translate.world import World


def inbound(world: World) -> tuple[dict[str, Object], dict[str, Object]]:
    """(listeners, clusters) by name, for every pod that says where its ports listen, ready or not.

    A sidecar outlives its pod's readiness: what is on its way to a pod that was just taken out still arrives. A pod
    without the annotation has no listener, and calls to it fail to connect, as to a machine that is gone.
    """
    listeners: dict[str, Object] = {}
    clusters: dict[str, Object] = {}
    known = _ports(world)
    for pod, item in world.pods.items():
        for number, real in loopback_ports(item).items():
            service, port = known.get((pod, number), (None, None))
            name = inbound_name(pod, number)
            clusters[name] = _cluster(name, real, port.protocol if port else "http")
            listeners[name] = _listener(name, item, service, port)
    return listeners, clusters


def _ports(world: World) -> dict[tuple[Key, int], tuple[Service, Port]]:
    """Each port of a pod with the Service that names it; the oldest, when there are several, as in istiod."""
    found: dict[tuple[Key, int], tuple[Service, Port]] = {}
    for service in world.services.values():
        for port in service.ports:
            for endpoint in service.endpoints.get(port.number, ()):
                found.setdefault((endpoint.pod, endpoint.port), (service, port))
    return found


def _cluster(name: str, port: int, protocol: str) -> Object:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    hosts = [{"endpoint": {"address": address}}]
    return {
        "@type": CLUSTER,
        "name": name,
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]},
        **cluster_fields({}, protocol),
    }


def _listener(name: str, pod: Object, service: Service | None, port: Port | None) -> Object:
    workload = workload_of(pod)
    if port is not None and not port.is_http:
        log = metrics.destination_tcp(workload, service)
        return listener(name, None, [{"filters": [tcp_proxy("inbound", {"cluster": name}, log)]}])
    # An app that closes an idle connection just as a request comes has not seen the request: send it again.
    action: Object = {
        "cluster": name,
        "timeout": "0s",
        "max_stream_duration": {"max_stream_duration": "0s", "grpc_timeout_header_max": "0s"},
        "retry_policy": {"retry_on": "reset-before-request", "num_retries": 2},
    }
    route = {"name": "default", "match": {"prefix": "/"}, "route": action}
    routes = route_config(name, [{"name": "inbound", "domains": ["*"], "routes": [route]}])
    del routes["@type"]  # inline, its type is known
    manager = http_manager(
        "inbound",
        {"route_config": routes},
        [metrics.identity_filter()],
        metrics.destination_http(workload, service),
    )
    return listener(name, None, [{"filters": [manager]}])
