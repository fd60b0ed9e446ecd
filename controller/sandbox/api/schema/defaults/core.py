"""Defaults of the core group's kinds but Pods, and of EndpointSlices."""

from __future__ import annotations

import base64
from typing import Any

from controller.sandbox.api.schema import quantity

Object = dict[str, Any]


def nothing(obj: Object) -> None:
    """A kind whose only default is what encoding leaves out again."""


def service(obj: Object) -> None:
    spec = obj["spec"]
    if spec.setdefault("sessionAffinity", "None") == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        config = spec.get("sessionAffinityConfig", {}).get("clientIP") or {}
        if "timeoutSeconds" not in config:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": 10800}}
    kind = spec.setdefault("type", "ClusterIP")
    for port in spec.get("ports", ()):
        port.setdefault("protocol", "TCP")
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    external = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and spec.get("externalIPs"))
    if external:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind in ("NodePort", "LoadBalancer", "ClusterIP"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
        for ingress in obj.get("status", {}).get("loadBalancer", {}).get("ingress", ()):
            if ingress.get("ip"):
                ingress.setdefault("ipMode", "VIP")


def secret(obj: Object) -> None:
    """The type, and `stringData` folded into `data`."""
    obj.setdefault("type", "Opaque")
    for key, text in obj.pop("stringData", {}).items():
        obj.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()


def namespace(obj: Object) -> None:
    name = obj["metadata"].get("name")
    if name:
        obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name
    obj["status"].setdefault("phase", "Active")


def endpoints(obj: Object) -> None:
    for subset in obj.get("subsets", ()):
        for port in subset.get("ports", ()):
            port.setdefault("protocol", "TCP")


def endpoint_slice(obj: Object) -> None:
    for port in obj.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def node(obj: Object) -> None:
    status = obj["status"]
    if "capacity" in status:
        status.setdefault("allocatable", dict(status["capacity"]))


def persistent_volume(obj: Object) -> None:
    obj["status"].setdefault("phase", "Pending")
    obj["spec"].setdefault("persistentVolumeReclaimPolicy", "Retain")
    obj["spec"].setdefault("volumeMode", "Filesystem")
    if "hostPath" in obj["spec"]:
        obj["spec"]["hostPath"].setdefault("type", "")
    round_up(obj["spec"].get("capacity", {}))


def persistent_volume_claim(obj: Object) -> None:
    obj["status"].setdefault("phase", "Pending")
    claim_spec(obj["spec"])


def claim_spec(spec: Object) -> None:
    """The specification of a claim, also of the templates in a StatefulSet."""
    spec.setdefault("volumeMode", "Filesystem")
    resources = spec.get("resources", {})
    for name in ("limits", "requests"):
        round_up(resources.get(name, {}))


def round_up(amounts: dict[str, str]) -> None:
    """Resources are kept in whole thousandths, rounded up."""
    for name, amount in amounts.items():
        if amount.endswith(("n", "u")):
            amounts[name] = str(quantity.parse(amount).rounded_up())
