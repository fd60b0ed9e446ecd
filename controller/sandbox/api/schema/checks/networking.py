"""Checks of Ingresses, NetworkPolicies and EndpointSlices."""

from __future__ import annotations

from ipaddress import ip_network

from controller.sandbox.api.schema import errors, names
from controller.sandbox.api.schema.checks.common import (
    PROTOCOLS,
    Errors,
    Object,
    address,
    complaints,
    endpoint_address,
    immutable,
    selector,
)

_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_BAD_PATHS = ("//", "/./", "/../", "%2f", "%2F")
_ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
_ENDPOINTS, _ADDRESSES, _PORTS = 1000, 100, 20000


def ingress(obj: Object, old: Object | None = None) -> Errors:
    spec = obj["spec"]
    rules = spec.get("rules", [])
    if not rules and "defaultBackend" not in spec:
        yield errors.invalid("spec", None, "either `defaultBackend` or `rules` must be specified")
    if "defaultBackend" in spec:
        yield from _backend(spec["defaultBackend"], "spec.defaultBackend")
    for i, rule in enumerate(rules):
        yield from _host(rule.get("host", ""), f"spec.rules[{i}].host")
        if "http" in rule:
            at = f"spec.rules[{i}].http.paths"
            paths = rule["http"].get("paths") or []
            if not paths:
                yield errors.required(at)
            for j, path in enumerate(paths):
                yield from _path(path, f"{at}[{j}]")
    for i, tls in enumerate(spec.get("tls", ())):
        for j, host in enumerate(tls.get("hosts", ())):
            check = names.wildcard_subdomain if "*" in host else names.subdomain
            yield from complaints(f"spec.tls[{i}].hosts[{j}]", host, check(host))
    name = spec.get("ingressClassName")
    if name is not None:
        yield from complaints("spec.ingressClassName", name, names.subdomain(name))


def _host(host: str, path: str) -> Errors:
    if not host:
        return
    if address(host) is not None:
        yield errors.invalid(path, host, "must be a DNS name, not an IP address")
    check = names.wildcard_subdomain if "*" in host else names.subdomain
    yield from complaints(path, host, check(host))


def _path(path: Object, at: str) -> Errors:
    kind, text = path.get("pathType"), path.get("path", "")
    if kind is None:
        yield errors.required(f"{at}.pathType", "pathType must be specified")
        return
    if kind not in _PATH_TYPES:
        yield errors.not_supported(f"{at}.pathType", kind, _PATH_TYPES)
    elif kind != "ImplementationSpecific" or text:
        if not text.startswith("/"):
            yield errors.invalid(f"{at}.path", text, "must be an absolute path")
        if kind != "ImplementationSpecific":
            for bad in _BAD_PATHS:
                if bad in text:
                    yield errors.invalid(f"{at}.path", text, f"must not contain '{bad}'")
            for bad in ("/..", "/."):
                if text.endswith(bad):
                    yield errors.invalid(f"{at}.path", text, f"cannot end with '{bad}'")
    yield from _backend(path.get("backend", {}), f"{at}.backend")


def _backend(backend: Object, path: str) -> Errors:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        yield errors.invalid(path, "", "cannot set both resource and service backends")
    elif resource is not None:
        for field in ("kind", "name"):
            if not resource.get(field):
                yield errors.required(f"{path}.resource.{field}")
    elif service is None:
        yield errors.invalid(path, "", "resource or service backend is required")
    else:
        name, port = service.get("name", ""), service.get("port", {})
        if not name:
            yield errors.required(f"{path}.service.name")
        else:
            yield from complaints(f"{path}.service.name", name, names.label_1035(name))
        if port.get("name") and port.get("number"):
            yield errors.invalid(path, "", "cannot set both port name & port number")
        elif port.get("name"):
            yield from complaints(f"{path}.service.port.name", port["name"], names.port_name(port["name"]))
        elif port.get("number"):
            yield from complaints(f"{path}.service.port.number", port["number"], names.port_number(port["number"]))
        else:
            yield errors.required(path, "port name or number is required")


def network_policy(obj: Object, old: Object | None = None) -> Errors:
    spec = obj["spec"]
    yield from selector(spec.get("podSelector"), "spec.podSelector")
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for i, rule in enumerate(spec.get(direction, ())):
            at = f"spec.{direction}[{i}]"
            for j, port in enumerate(rule.get("ports", ())):
                yield from _policy_port(port, f"{at}.ports[{j}]")
            for j, peer in enumerate(rule.get(peers, ())):
                yield from _peer(peer, f"{at}.{peers}[{j}]")
    for i, kind in enumerate(spec.get("policyTypes", ())):
        if kind not in ("Ingress", "Egress"):
            yield errors.not_supported(f"spec.policyTypes[{i}]", kind, ["Ingress", "Egress"])


def _policy_port(port: Object, path: str) -> Errors:
    if port.get("protocol") not in (None, *PROTOCOLS):
        yield errors.not_supported(f"{path}.protocol", port["protocol"], ["TCP", "UDP", "SCTP"])
    number, last = port.get("port"), port.get("endPort")
    if isinstance(number, int):
        yield from complaints(f"{path}.port", number, names.port_number(number))
        if last is not None:
            if last < number:
                yield errors.invalid(f"{path}.endPort", number, "must be greater than or equal to `port`")
            yield from complaints(f"{path}.endPort", last, names.port_number(last))
    elif last is not None:
        why = "non-numeric" if number is not None else "not specified"
        yield errors.invalid(f"{path}.endPort", last, f"may not be specified when `port` is {why}")
    if isinstance(number, str):
        yield from complaints(f"{path}.port", number, names.port_name(number))


def _peer(peer: Object, path: str) -> Errors:
    given = [kind for kind in ("podSelector", "namespaceSelector", "ipBlock") if kind in peer]
    for kind in given[:2]:
        if kind != "ipBlock":
            yield from selector(peer[kind], f"{path}.{kind}")
    if "ipBlock" in peer:
        cidr = peer["ipBlock"].get("cidr", "")
        try:
            ip_network(cidr, strict=False)
        except ValueError:
            text = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
            yield (
                errors.invalid(f"{path}.ipBlock.cidr", cidr, text) if cidr else errors.required(f"{path}.ipBlock.cidr")
            )
    if not given:
        yield errors.required(path, "must specify a peer")
    elif len(given) > 1 and "ipBlock" in given:
        yield errors.forbidden(path, "may not specify both ipBlock and another peer")


def endpoint_slice(obj: Object, old: Object | None = None) -> Errors:
    kind = obj.get("addressType", "")
    if not kind:
        yield errors.required("addressType")
    elif kind not in _ADDRESS_TYPES:
        yield errors.not_supported("addressType", kind, _ADDRESS_TYPES)
    yield from _slice_ports(obj.get("ports") or [])
    endpoints = obj.get("endpoints") or []
    if len(endpoints) > _ENDPOINTS:
        yield errors.too_many("endpoints", len(endpoints), _ENDPOINTS)
    elif old is None or endpoints != (old.get("endpoints") or []):
        for i, endpoint in enumerate(endpoints):
            yield from _endpoint(endpoint, kind, f"endpoints[{i}]")
    if old is not None:
        yield from immutable(kind, old.get("addressType", ""), "addressType", empty="")


def _slice_ports(ports: list[Object]) -> Errors:
    if len(ports) > _PORTS:
        yield errors.too_many("ports", len(ports), _PORTS)
        return
    seen: set[str] = set()
    for i, port in enumerate(ports):
        name = port.get("name", "")
        if name:
            yield from complaints(f"ports[{i}].name", name, names.label(name))
        if name in seen:
            yield errors.duplicate(f"ports[{i}].name", name)
        seen.add(name)
        if port.get("protocol") not in PROTOCOLS:
            yield errors.not_supported(f"ports[{i}].protocol", port.get("protocol", ""), PROTOCOLS)


def _endpoint(endpoint: Object, kind: str, path: str) -> Errors:
    addresses = endpoint.get("addresses") or []
    if not addresses:
        yield errors.required(f"{path}.addresses", "must contain at least 1 address")
    elif len(addresses) > _ADDRESSES:
        yield errors.too_many(f"{path}.addresses", len(addresses), _ADDRESSES)
    for i, text in enumerate(addresses):
        at = f"{path}.addresses[{i}]"
        if kind == "FQDN":
            yield from complaints(at, text, names.subdomain(text.removesuffix(".")))
        elif kind in ("IPv4", "IPv6"):
            found = address(text)
            if found is not None and f"IPv{found.version}" != kind:
                yield errors.invalid(f"{path}.addresses", text, f"must be an {kind} address")
            yield from endpoint_address(text, at)
    for field, check in (("nodeName", names.subdomain), ("hostname", names.label)):
        if endpoint.get(field) is not None:
            yield from complaints(f"{path}.{field}", endpoint[field], check(endpoint[field]))
