"""Checks of the core group's kinds but Pods."""

from __future__ import annotations

import base64
import json

from controller.sandbox.api.schema import errors, names
from controller.sandbox.api.schema.checks.common import (
    PROTOCOLS,
    Errors,
    Object,
    complaints,
    endpoint_address,
    immutable,
    one_of,
    port_number_or_name,
)
from controller.sandbox.api.schema.metadata import check_labels

_SIZE_LIMIT = 1024 * 1024
_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_REQUIRED_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_TOKEN_ANNOTATION = "kubernetes.io/service-account.name"
_FROZEN = "field is immutable when `immutable` is set"


def service(obj: Object, old: Object | None = None) -> Errors:
    """A Service; its address, families and node ports are the server's to allocate and check."""
    spec = obj["spec"]
    kind, ports = spec.get("type", ""), spec.get("ports", [])
    headless = spec.get("clusterIP") == "None"
    if not ports and not headless and kind != "ExternalName":
        yield errors.required("spec.ports")
    if headless and kind in ("LoadBalancer", "NodePort"):
        yield errors.invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services")
    if kind == "ExternalName":
        yield from _external_name(spec)
    yield from _service_ports(ports, kind)
    yield from check_labels(spec.get("selector", {}), "spec.selector")
    yield from one_of(spec, "sessionAffinity", "spec", ("ClientIP", "None"))
    seconds = spec.get("sessionAffinityConfig", {}).get("clientIP", {}).get("timeoutSeconds")
    if seconds is not None and not 0 < seconds <= 86400:
        at = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
        yield errors.invalid(at, seconds, "must be greater than 0 and less than 86400")
    for i, ip in enumerate(spec.get("externalIPs", ())):
        yield from endpoint_address(ip, f"spec.externalIPs[{i}]")
    yield from one_of(spec, "type", "spec", _SERVICE_TYPES)
    yield from _traffic_policies(spec, kind)
    if old is not None and kind != "ExternalName" and old["spec"].get("type") != "ExternalName":
        yield from _address_change(spec, old["spec"])


def _external_name(spec: Object) -> Errors:
    name = spec.get("externalName", "").removesuffix(".")
    if name:
        yield from complaints("spec.externalName", name, names.subdomain(name))
    else:
        yield errors.required("spec.externalName")
    if spec.get("clusterIP"):
        yield errors.forbidden("spec.clusterIPs", "may not be set for ExternalName services")


def _service_ports(ports: list[Object], kind: str) -> Errors:
    seen: set[str] = set()
    pairs: set[tuple[str, int]] = set()
    node_ports: set[tuple[str, int]] = set()
    for i, port in enumerate(ports):
        at, name, number = f"spec.ports[{i}]", port.get("name", ""), port.get("port", 0)
        if not name and len(ports) > 1:
            yield errors.required(f"{at}.name")
        elif name:
            yield from complaints(f"{at}.name", name, names.label(name))
            if name in seen:
                yield errors.duplicate(f"{at}.name", name)
            seen.add(name)
        yield from complaints(f"{at}.port", number, names.port_number(number))
        yield from one_of(port, "protocol", at, PROTOCOLS)
        yield from port_number_or_name(port.get("targetPort"), f"{at}.targetPort")
        if port.get("appProtocol") is not None:
            yield from complaints(f"{at}.appProtocol", port["appProtocol"], names.qualified(port["appProtocol"]))
        protocol, node_port = port.get("protocol", ""), port.get("nodePort", 0)
        if node_port and kind == "ClusterIP":
            yield errors.forbidden(f"{at}.nodePort", "may not be used when `type` is 'ClusterIP'")
        if node_port and (protocol, node_port) in node_ports:
            yield errors.duplicate(f"{at}.nodePort", node_port)
        node_ports.add((protocol, node_port))
        if (protocol, number) in pairs:
            yield errors.duplicate(at, _internal_port(protocol, number))
        pairs.add((protocol, number))


def _internal_port(protocol: str, number: int) -> Object:
    """The server shows its internal type here, whose fields have Go's names."""
    return errors.Struct(Name="", Protocol=protocol, AppProtocol=None, Port=number, TargetPort=0, NodePort=0)


def _traffic_policies(spec: Object, kind: str) -> Errors:
    external = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))
    policy = spec.get("externalTrafficPolicy", "")
    if policy and not external:
        text = "may only be set for externally-accessible services"
        yield errors.invalid("spec.externalTrafficPolicy", policy, text)
    elif external:
        yield from one_of(spec, "externalTrafficPolicy", "spec", ("Cluster", "Local"))
    inner = spec.get("internalTrafficPolicy")
    if inner is not None and inner not in ("Cluster", "Local"):
        yield errors.not_supported("spec.internalTrafficPolicy", inner, ["Cluster", "Local"])
    for field in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
        if field in spec and kind != "LoadBalancer":
            yield errors.forbidden(f"spec.{field}", "may only be used when `type` is 'LoadBalancer'")
    if spec.get("loadBalancerSourceRanges") and kind != "LoadBalancer":
        text = "may only be used when `type` is 'LoadBalancer'"
        yield errors.forbidden("spec.LoadBalancerSourceRanges", text)


def _address_change(new: Object, old: Object) -> Errors:
    before, after = old.get("clusterIPs", []), new.get("clusterIPs", [])
    if before and not after:
        yield errors.invalid("spec.clusterIPs[0]", [], "primary clusterIP can not be unset")
    elif before and after[0] != before[0]:
        yield errors.invalid("spec.clusterIPs[0]", after, "may not change once set")


def config_map(obj: Object, old: Object | None = None) -> Errors:
    data, binary = obj.get("data", {}), obj.get("binaryData", {})
    for key in data:
        yield from complaints(f"data[{key}]", key, names.config_key(key))
        if key in binary:
            yield errors.invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    for key in binary:
        yield from complaints(f"binaryData[{key}]", key, names.config_key(key))
    size = sum(len(text.encode()) for text in data.values()) + _decoded_size(binary)
    if size > _SIZE_LIMIT:
        yield errors.too_long("[]", _SIZE_LIMIT)
    if old is not None:
        yield from _frozen(obj, old, ("data", "binaryData"))


def secret(obj: Object, old: Object | None = None) -> Errors:
    data, kind = obj.get("data", {}), obj.get("type", "")
    for key in data:
        yield from complaints(f"data[{key}]", key, names.config_key(key))
    if _decoded_size(data) > _SIZE_LIMIT:
        yield errors.too_long("data", _SIZE_LIMIT)
    for key in _REQUIRED_KEYS.get(kind, ()):
        if key not in data or (kind.endswith("ssh-auth") and not data[key]):
            yield errors.required(f"data[{key}]")
        elif key.startswith("."):
            yield from _docker_json(data[key], f"data[{key}]")
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & set(data):
        yield errors.required("data[username]")
        yield errors.required("data[password]")
    named = obj["metadata"].get("annotations", {}).get(_TOKEN_ANNOTATION)
    if kind == "kubernetes.io/service-account-token" and not named:
        yield errors.required(f"metadata.annotations[{_TOKEN_ANNOTATION}]")
    if old is not None:
        yield from immutable(kind, old.get("type", ""), "type", empty="")
        yield from _frozen(obj, old, ("data",))


def _docker_json(text: str, path: str) -> Errors:
    try:
        json.loads(base64.b64decode(text))
    except ValueError:
        shown = base64.b64decode(text)[:1].decode(errors="replace")
        why = f"invalid character '{shown}' looking for beginning of value" if shown else "unexpected end of JSON input"
        yield errors.invalid(path, "<secret contents redacted>", why)


def _decoded_size(data: Object) -> int:
    """Bytes after base64 is decoded."""
    return sum(len(text) * 3 // 4 - text.count("=") for text in data.values())


def _frozen(new: Object, old: Object, fields: tuple[str, ...]) -> Errors:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield errors.forbidden("immutable", _FROZEN)
    for field in fields:
        if new.get(field, {}) != old.get(field, {}):
            yield errors.forbidden(field, _FROZEN)
