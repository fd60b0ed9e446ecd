"""Configuration that belongs to a revision: ConfigMaps that its pod template refers to, and Secrets that ask for it.

Each revision reads copies of its own, so that a change of configuration is released like a change of the image, and a
rollback finds what it ran with before.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from controller.core.objects import PREFIX, Found, Object, name, named_after, namespace, pod_template
from controller.core.objects import annotations as annotations_of

OPT = f"{PREFIX}revision"
"""Annotation of a ConfigMap (``"false"``: leave it out) or of a Secret (``"true"``: take it in)."""

_NEVER = frozenset({"kubernetes.io/service-account-token", "kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"})
_NEVER_TOO = frozenset({"kubernetes.io/tls", "bootstrap.kubernetes.io/token"})
_CONTENT = ("data", "binaryData")


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """One object that a pod template takes configuration from."""

    kind: str
    name: str


def sources(workload: Object) -> tuple[Source, ...]:
    """Every ConfigMap and Secret that the pod template names, each once."""
    return tuple(sorted({source for source, _, _ in _references(pod_template(workload))}))


def belonging(workload: Object, found: Found) -> tuple[Object, ...]:
    """The objects among :func:`sources` whose content belongs to the revision; one that is not there does not."""
    objects = (found.get(source.kind, namespace(workload), source.name) for source in sources(workload))
    return tuple(one for one in objects if one is not None and _belongs(one))


def content(workload: Object, found: Found) -> str:
    """Tells the configuration of a template apart: equal as long as every name and byte of it is."""
    everything = [
        [one["kind"], name(one), {key: one.get(key) for key in _CONTENT}] for one in belonging(workload, found)
    ]
    if not everything:
        return ""
    text = json.dumps(everything, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def copied(original: Object, revision: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The copy of one object for a revision; nobody can change it, and it is told apart by its name."""
    made: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": original["kind"],
        "metadata": {**metadata, "name": named_after(name(original), revision), "namespace": namespace(original)},
        "immutable": True,
    }
    for key in (*_CONTENT, "type"):
        if original.get(key):
            made[key] = copy.deepcopy(original[key])
    return made


def redirected(template: Mapping[str, Any], names: Mapping[Source, str]) -> dict[str, Any]:
    """A copy of a pod template that reads the sources in ``names`` under their new names."""
    result: dict[str, Any] = copy.deepcopy(dict(template))
    for source, holder, field in list(_references(result)):
        if source in names:
            holder[field] = names[source]
    return result


def _belongs(one: Object) -> bool:
    opt = annotations_of(one).get(OPT, "")
    if one["kind"] == "ConfigMap":
        return bool(opt != "false")
    owned = bool(one["metadata"].get("ownerReferences"))
    return bool(opt == "true") and not owned and one.get("type") not in _NEVER | _NEVER_TOO


def _references(template: Mapping[str, Any]) -> Iterator[tuple[Source, dict[str, Any], str]]:
    """Every place that names a ConfigMap or Secret: what it names, the map it stands in, and the field there."""
    spec = template.get("spec") or {}
    for volume in spec.get("volumes") or []:
        yield from _named(volume, "configMap", "ConfigMap", "name")
        yield from _named(volume, "secret", "Secret", "secretName")
        for part in (volume.get("projected") or {}).get("sources") or []:
            yield from _named(part, "configMap", "ConfigMap", "name")
            yield from _named(part, "secret", "Secret", "name")
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        for part in container.get("envFrom") or []:
            yield from _named(part, "configMapRef", "ConfigMap", "name")
            yield from _named(part, "secretRef", "Secret", "name")
        for variable in container.get("env") or []:
            value = variable.get("valueFrom") or {}
            yield from _named(value, "configMapKeyRef", "ConfigMap", "name")
            yield from _named(value, "secretKeyRef", "Secret", "name")


def _named(part: Mapping[str, Any], field: str, kind: str, key: str) -> Iterator[tuple[Source, dict[str, Any], str]]:
    holder = part.get(field)
    if isinstance(holder, dict) and holder.get(key):
        yield Source(kind, holder[key]), holder, key
