"""What a real server accepts with a warning, which kubectl prints: parts of Pods that do not do what they seem to.

The rules and sentences are those of k8s.io/kubernetes/pkg/api/pod/warnings.go. Left out: deprecated volume types, alpha
annotations, terms of affinity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.sandbox.api.schema import quantity
from controller.sandbox.api.schema.checks.common import Object

_TEMPLATES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): (),
    ("apps", "Deployment"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("apps", "DaemonSet"): ("spec", "template"),
    ("batch", "Job"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
}
"""Where a kind has its Pod."""
_NODE_LABELS = {
    "beta.kubernetes.io/arch": ("v1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/os": ("v1.14", "kubernetes.io/os"),
    "failure-domain.beta.kubernetes.io/region": ("v1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": ("v1.17", "topology.kubernetes.io/zone"),
    "beta.kubernetes.io/instance-type": ("v1.17", "node.kubernetes.io/instance-type"),
}
_NULL_SELECTOR = "a null labelSelector results in matching no pod"
_INGRESS_CLASS = "kubernetes.io/ingress.class"
_Texts = Iterator[str]


def warnings(group: str, kind: str, obj: Object, old: Object | None = None) -> list[str]:
    """The sentences for a decoded and defaulted object of a built-in kind; of an update, for a new generation alone."""
    if (group, kind) == ("networking.k8s.io", "Ingress") and old is None:
        given = _INGRESS_CLASS in (obj["metadata"].get("annotations") or {})
        instead = "is deprecated, please use 'spec.ingressClassName' instead"
        return [f'annotation "{_INGRESS_CLASS}" {instead}'] if given else []
    way = _TEMPLATES.get((group, kind))
    if way is None or (old is not None and old["metadata"].get("generation") == obj["metadata"].get("generation")):
        return []
    pod: Any = obj
    for name in way:
        pod = pod.get(name) or {}
    return list(_pod(pod.get("spec") or {}, ".".join((*way, "spec"))))


def _pod(spec: Object, path: str) -> _Texts:
    for label in spec.get("nodeSelector") or {}:
        if label in _NODE_LABELS:
            since, instead = _NODE_LABELS[label]
            yield f'{path}.nodeSelector[{label}]: deprecated since {since}; use "{instead}" instead'
    for i, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        if constraint.get("labelSelector") is None:
            yield f"{path}.topologySpreadConstraints[{i}].labelSelector: {_NULL_SELECTOR}"
    yield from _repeated_addresses(spec, path)
    for i, secret in enumerate(spec.get("imagePullSecrets") or ()):
        if not secret.get("name"):
            yield f'{path}.imagePullSecrets[{i}].name: invalid empty name ""'
    found = [
        (f"{path}.{field}[{i}]", container)
        for field in ("initContainers", "containers")
        for i, container in enumerate(spec.get(field) or ())
    ]
    for at, container in found:
        yield from _resources(container.get("resources") or {}, f"{at}.resources")
        yield from _hidden_variables(container, at)
    yield from _ports(found)
    yield from _fractional((spec.get("overhead") or {}).get("memory"), f"{path}.overhead[memory]")
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        why = "must be >= 0; negative values are invalid and will be treated as 1"
        yield f"{path}.terminationGracePeriodSeconds: {why}"


def _repeated_addresses(spec: Object, path: str) -> _Texts:
    seen = set()
    for i, alias in enumerate(spec.get("hostAliases") or ()):
        if alias.get("ip") in seen:
            yield f'{path}.hostAliases[{i}].ip: duplicate ip "{alias.get("ip")}"'
        seen.add(alias.get("ip"))


def _hidden_variables(container: Object, path: str) -> _Texts:
    seen = set()
    for i, variable in enumerate(container.get("env") or ()):
        if variable["name"] in seen:
            hides = f'hides previous definition of "{variable["name"]}"'
            yield f"{path}.env[{i}]: {hides}, which may be dropped when using apply"
        seen.add(variable["name"])


def _resources(resources: Object, path: str) -> _Texts:
    for name in ("memory", "ephemeral-storage"):
        for field in ("limits", "requests"):
            yield from _fractional((resources.get(field) or {}).get(name), f"{path}.{field}[{name}]")


def _fractional(value: Any, path: str) -> _Texts:
    """Bytes are whole: 500m of memory is half a byte."""
    if value is not None and (amount := quantity.parse(str(value))).value % 1:
        yield f'{path}: fractional byte value "{amount}" is invalid, must be an integer'


def _ports(containers: list[tuple[str, Object]]) -> _Texts:
    """Ports that say the same twice, and names that only the first of two containers can have."""
    placed = [
        (f"{at}.ports[{i}]", port)
        for at, container in containers
        for i, port in enumerate(container.get("ports") or ())
    ]
    for number, (at, port) in enumerate(placed):
        before = placed[:number]
        for other_at, other in before:
            how = _clash(port, other)
            if how:
                yield f"{at}: {how} port definition with {other_at}"
        name = port.get("name")
        first = next((place for place, other in before if name and other.get("name") == name), None)
        if first is not None:
            used = f"services and probes that select ports by name will use {first}"
            yield f'{at}: duplicate port name "{name}" with {first}, {used}'


def _clash(port: Object, other: Object) -> str:
    """How two ports are in each other's way; "" when they are not."""
    if any(port.get(field) != other.get(field) for field in ("containerPort", "protocol")):
        return ""
    ours, theirs = ((one.get("hostPort") or 0, one.get("hostIP") or "") for one in (port, other))
    if ours == theirs:
        return "duplicate"
    if not ours[0] or not theirs[0]:
        return "overlapping"
    if ours[0] == theirs[0] and not (ours[1] and theirs[1]):
        return "dangerously ambiguous"
    return ""
