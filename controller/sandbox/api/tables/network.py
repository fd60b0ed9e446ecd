"""The columns of services, endpoints, ingresses and network policies."""

from __future__ import annotations

from typing import Any

from controller.sandbox.api.resources import Column
from controller.sandbox.api.selectors import format_selector
from controller.sandbox.api.tables.cells import AGE, NAME, NONE, at, column, field, pairs, text_list
from controller.sandbox.client import Object

_SHOWN = 3


def service_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("Type", field("spec", "type")),
        column("Cluster-IP", field("spec", "clusterIP", absent=NONE)),
        column("External-IP", _external_ip),
        column("Port(s)", _ports),
        AGE,
        column("Selector", lambda item: pairs(at(item, "spec", "selector")), wide=True),
    )


def _external_ip(service: Object) -> str:
    kind, given = at(service, "spec", "type"), at(service, "spec", "externalIPs") or []
    if kind == "ExternalName":
        return at(service, "spec", "externalName") or NONE
    if kind == "LoadBalancer":
        ingress = at(service, "status", "loadBalancer", "ingress") or []
        return text_list([entry.get("ip") or entry.get("hostname") for entry in ingress] + given, "<pending>")
    return text_list(given)


def _ports(service: Object) -> str:
    listed = at(service, "spec", "ports") or []
    return text_list(
        f"{port['port']}:{port['nodePort']}/{port.get('protocol', 'TCP')}"
        if port.get("nodePort")
        else f"{port['port']}/{port.get('protocol', 'TCP')}"
        for port in listed
    )


def _first(values: list[Any], absent: str) -> str:
    """The first three, and how many more."""
    if not values:
        return absent
    more = f" + {len(values) - _SHOWN} more..." if len(values) > _SHOWN else ""
    return ",".join(str(value) for value in values[:_SHOWN]) + more


def endpoints_columns() -> tuple[Column, ...]:
    return (NAME, column("Endpoints", _endpoints), AGE)


def _endpoints(item: Object) -> str:
    found: list[str] = []
    for subset in item.get("subsets") or []:
        addresses = [address["ip"] for address in subset.get("addresses") or []]
        ports = subset.get("ports") or []
        found += [f"{ip}:{port['port']}" for port in ports for ip in addresses] if ports else addresses
    return _first(found, NONE)


def endpointslice_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("AddressType", field("addressType")),
        column("Ports", _slice_ports),
        column("Endpoints", _slice_addresses),
        AGE,
    )


def _slice_ports(item: Object) -> str:
    return _first([_present(port.get("port"), port.get("name") or "*") for port in item.get("ports") or []], "<unset>")


def _present(value: Any, absent: Any) -> Any:
    return absent if value is None else value


def _slice_addresses(item: Object) -> str:
    return _first([ip for endpoint in item.get("endpoints") or [] for ip in endpoint.get("addresses") or []], "<unset>")


def ingress_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("Class", field("spec", "ingressClassName", absent=NONE)),
        column("Hosts", _hosts),
        column("Address", _ingress_address),
        column("Ports", lambda item: "80, 443" if at(item, "spec", "tls") else "80"),
        AGE,
    )


def _hosts(item: Object) -> str:
    hosts = [rule["host"] for rule in at(item, "spec", "rules") or [] if rule.get("host")]
    return _first(hosts, "*")


def _ingress_address(item: Object) -> str:
    listed = at(item, "status", "loadBalancer", "ingress") or []
    return ",".join(str(entry.get("ip") or entry.get("hostname")) for entry in listed)


def ingressclass_columns() -> tuple[Column, ...]:
    return (NAME, column("Controller", field("spec", "controller")), column("Parameters", _parameters), AGE)


def _parameters(item: Object) -> str:
    found = at(item, "spec", "parameters")
    if not found:
        return NONE
    group = f".{found['apiGroup']}" if found.get("apiGroup") else ""
    return f"{found.get('kind', '')}{group}/{found.get('name', '')}"


def networkpolicy_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("Pod-Selector", lambda item: format_selector(at(item, "spec", "podSelector")) or NONE),
        AGE,
    )
