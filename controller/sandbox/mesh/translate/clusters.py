"""The clusters of one source: every visible Service, port and subset, with its ready pods."""

from __future__ import annotations

from collections.abc import Iterable

from controller.sandbox.client import Key, Object
from controller.sandbox.mesh.sources import PlainClient
from controller.sandbox.mesh.translate import metrics
from controller.sandbox.mesh.translate.policy import cluster_fields, policy_for
from controller.sandbox.mesh.translate.registry import Endpoint, Port, Service
from controller.sandbox.mesh.translate.unreadable import reading
from controller.sandbox.mesh.translate.world import View

# No listener has this name: a connection to it fails at once. The pod's own listener would not do, since Envoy lets
# a removed internal listener take connections until it has drained.
_NOWHERE = "nowhere"
CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"


def clusters(view: View) -> dict[str, Object]:
    """By name. A client without sidecar has no subsets, and asks the pods in turn."""
    found: dict[str, Object] = {}
    for service in view.services:
        for name, endpoints, fields in _of(view, service):
            found[name] = {
                "@type": CLUSTER,
                "name": name,
                "type": "STATIC",
                "metadata": metrics.metadata(metrics.service_facts(service)),
                "load_assignment": _assignment(name, endpoints, view.gone),
                **fields,
            }
    return found


def _of(view: View, service: Service) -> list[tuple[str, Iterable[Endpoint], Object]]:
    with reading("DestinationRule for Service", service.namespace, service.name):
        return [variant for port in service.ports for variant in _variants(view, service, port)]


def _variants(view: View, service: Service, port: Port) -> Iterable[tuple[str, Iterable[Endpoint], Object]]:
    endpoints = service.ready(port.number)
    name = view.cluster(service.host, port.number)
    if isinstance(view.source, PlainClient):
        turns: Object = {"loadBalancer": {"simple": "ROUND_ROBIN"}}
        yield name, endpoints, cluster_fields(turns, port.protocol)
        return
    rule = view.rule(service)
    yield name, endpoints, cluster_fields(policy_for(rule, "", port.number), port.protocol)
    for subset in (rule or {}).get("subsets") or []:
        labels: dict[str, str] = subset.get("labels") or {}
        # A sidecar lets calls to a headless Service through to the address the client chose: its subsets mean nothing.
        passed = service.headless and not view.is_gateway
        chosen = [one for one in endpoints if passed or labels.items() <= one.labels.items()]
        policy = policy_for(rule, subset["name"], port.number)
        yield view.cluster(service.host, port.number, subset["name"]), chosen, cluster_fields(policy, port.protocol)


def _assignment(name: str, endpoints: Iterable[Endpoint], gone: frozenset[Key]) -> Object:
    hosts = [_host(endpoint, _NOWHERE if endpoint.pod in gone else endpoint.listener) for endpoint in endpoints]
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}] if hosts else []}


def _host(endpoint: Endpoint, listener: str) -> Object:
    address = {"server_listener_name": listener, "endpoint_id": "/".join(endpoint.pod)}
    return {
        "endpoint": {"address": {"envoy_internal_address": address}},
        "metadata": metrics.metadata(metrics.facts(endpoint.workload)),
    }
