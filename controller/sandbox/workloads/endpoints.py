"""What a Service's endpoints are: its pods' addresses, ports and conditions, as slices and as Endpoints. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from controller.sandbox.client import Object
from controller.sandbox.workloads.kinds import POD, SERVICE
from controller.sandbox.workloads.objects import (
    deleting,
    labels_of,
    name,
    namespace,
    owner_reference,
    pod_has_ended,
    pod_is_ready,
    uid,
)

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
HEADLESS = "service.kubernetes.io/headless"
SLICE_LIMIT = 100

Ports = tuple[tuple[tuple[str, Any], ...], ...]  # hashable: one tuple of sorted members per port


def selects(service: Object, pod: Object) -> bool:
    """Whether the Service has a selector, and it takes the pod."""
    selector = service["spec"].get("selector") or {}
    return bool(selector) and selector.items() <= labels_of(pod).items()


def is_played(service: Object) -> bool:
    """Whether anyone keeps endpoints for it: a selector, and not an ExternalName."""
    return bool(service["spec"].get("selector")) and service["spec"].get("type") != "ExternalName"


def ports_for(service: Object, pod: Object) -> Ports:
    """The Service's ports as this pod serves them; one whose named targetPort the pod lacks is left out."""
    result = []
    for port in service["spec"].get("ports") or []:
        number = _target(port, pod)
        if number is None:
            continue
        members = {"name": port.get("name", ""), "port": number, "protocol": port.get("protocol", "TCP")}
        if port.get("appProtocol"):
            members["appProtocol"] = port["appProtocol"]
        result.append(tuple(sorted(members.items())))
    return tuple(sorted(result))


def _target(port: Object, pod: Object) -> int | None:
    target = port.get("targetPort") or port["port"]
    if not isinstance(target, str):
        return int(target)
    for container in pod["spec"].get("containers") or []:
        for candidate in container.get("ports") or []:
            same = candidate.get("protocol", "TCP") == port.get("protocol", "TCP")
            if candidate.get("name") == target and same:
                return int(candidate["containerPort"])
    return None


def _reference(pod: Object) -> Object:
    return {"kind": POD.kind, "namespace": namespace(pod), "name": name(pod), "uid": uid(pod)}


def endpoint(service: Object, pod: Object) -> Object:
    """One pod in a slice. A pod that is being deleted is never ready, but serves on while it can."""
    spec = pod["spec"]
    open_early = bool(service["spec"].get("publishNotReadyAddresses"))
    serving, leaving = pod_is_ready(pod), deleting(pod)
    result: Object = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": open_early or (serving and not leaving),
            "serving": serving,
            "terminating": leaving,
        },
        "targetRef": _reference(pod),
    }
    if spec.get("nodeName"):
        result["nodeName"] = spec["nodeName"]
    if spec.get("hostname") and spec.get("subdomain") == name(service):
        result["hostname"] = spec["hostname"]
    return result


def reachable(pods: Iterable[Object]) -> list[Object]:
    """The pods that have an address and have not ended."""
    return [pod for pod in pods if (pod.get("status") or {}).get("podIP") and not pod_has_ended(pod)]


def wanted_slices(service: Object, pods: list[Object], present: list[Object]) -> list[Object]:
    """The slices that the Service should have; one to be kept has the name of one of ``present``.

    An endpoint stays in the slice it is in: one that moved could be seen in none for a moment. Without any pod one
    empty slice is left.
    """
    groups: dict[Ports, dict[str, Object]] = {}
    for pod in sorted(reachable(pods), key=name):
        groups.setdefault(ports_for(service, pod), {})[uid(pod)] = endpoint(service, pod)
    result = []
    free = [item for item in sorted(present, key=name) if _frozen(item.get("ports") or []) not in groups]
    for ports, rest in groups.items():
        kept = [(item, _still_there(item, rest)) for item in present if _frozen(item.get("ports") or []) == ports]
        for item, endpoints in kept:
            while rest and len(endpoints) < SLICE_LIMIT:
                endpoints.append(rest.pop(next(iter(rest))))
            if endpoints:
                result.append(_slice(service, ports, endpoints, item))
        while rest:
            chunk = [rest.pop(key) for key in list(rest)[:SLICE_LIMIT]]
            result.append(_slice(service, ports, chunk, free.pop(0) if free else None))
    if not result:
        last = min(present, key=name, default=None)
        result.append(_slice(service, _frozen(last.get("ports") or []) if last else (), [], last))
    return result


def _still_there(item: Object, rest: dict[str, Object]) -> list[Object]:
    """The endpoints of a slice that are still wanted, in their order; taken out of ``rest``."""
    uids = [(entry.get("targetRef") or {}).get("uid", "") for entry in item.get("endpoints") or []]
    return [rest.pop(key) for key in uids if key in rest]


def _frozen(ports: list[Object]) -> Ports:
    return tuple(sorted(tuple(sorted({"name": "", **port}.items())) for port in ports))


def _slice(service: Object, ports: Ports, endpoints: list[Object], present: Object | None) -> Object:
    marks = {key: value for key, value in labels_of(service).items() if key != HEADLESS}
    marks |= {SERVICE_NAME: name(service), MANAGED_BY: MANAGER}
    if service["spec"].get("clusterIP") == "None":
        marks[HEADLESS] = ""
    metadata: Object = {"namespace": namespace(service), "labels": marks}
    if present is not None:
        metadata["name"] = name(present)
    else:
        metadata["generateName"] = f"{name(service)}-"
        metadata["ownerReferences"] = [owner_reference(SERVICE, service)]
    return {
        "metadata": metadata,
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [dict(port) for port in ports],
    }


def wanted_subsets(service: Object, pods: list[Object]) -> list[Object]:
    """The subsets of the older Endpoints object; a pod that is being deleted is in none of them."""
    open_early = bool(service["spec"].get("publishNotReadyAddresses"))
    groups: dict[Ports, dict[str, list[Object]]] = {}
    for pod in sorted(reachable(pods), key=name):
        if deleting(pod) and not open_early:
            continue
        address: Object = {"ip": pod["status"]["podIP"], "targetRef": _reference(pod)}
        if pod["spec"].get("nodeName"):
            address["nodeName"] = pod["spec"]["nodeName"]
        where = "addresses" if pod_is_ready(pod) or open_early else "notReadyAddresses"
        groups.setdefault(ports_for(service, pod), {}).setdefault(where, []).append(address)
    return [{**addresses, "ports": [_plain(port) for port in ports]} for ports, addresses in groups.items() if ports]


def _plain(port: tuple[tuple[str, Any], ...]) -> Object:
    """A port of an Endpoints object: an empty name is left out."""
    return {key: value for key, value in port if value != ""}
