"""Configuration that belongs to a revision: ConfigMaps that its pod template refers to, and Secrets that ask for it.

Each revision reads copies of its own, so that a change of configuration is released like a change of the image, and a
rollback finds what it ran with before. A reference to something that does not exist keeps its name: what appears there
later is a change of configuration as any other.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from controller.core.objects import (
    PREFIX,
    Found,
    Object,
    Ref,
    controller_reference,
    name,
    named_after,
    namespace,
    pod_template,
)
from controller.core.objects import annotations as annotations_of

OPT = f"{PREFIX}revision"
"""Annotation of a ConfigMap (``"false"``: leave it out) or of a Secret (``"true"``: take it in)."""

KINDS = ("ConfigMap", "Secret")

_NEVER = frozenset(
    {
        "kubernetes.io/service-account-token",
        "kubernetes.io/dockerconfigjson",
        "kubernetes.io/dockercfg",
        "kubernetes.io/tls",
        "bootstrap.kubernetes.io/token",
    }
)
"""Types of Secrets that are credentials of a cluster or rotate: a copy would pin what was revoked."""
_CONTENT = ("data", "binaryData")


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """One object that a pod template takes configuration from."""

    kind: str
    name: str


def sources(workload: Object) -> tuple[Source, ...]:
    """Every ConfigMap and Secret that the pod template names, each once."""
    return tuple(sorted({source for source, _, _ in _references(pod_template(workload))}))


def missing(workload: Object, found: Found) -> tuple[Source, ...]:
    """The ConfigMaps without which its pods cannot start, and that are not there.

    Secrets are left to the pods' own words: a controller that may not look at any finds none.
    """
    needed = {source for source, holder, _ in _references(pod_template(workload)) if holder.get("optional") is not True}
    where = namespace(workload)
    return tuple(
        one for one in sorted(needed) if one.kind == "ConfigMap" and found.get(one.kind, where, one.name) is None
    )


def refs(workload: Object, found: Found) -> tuple[Ref, ...]:
    """What :func:`belonging` looks at. Of what does not belong, nothing but its metadata is asked for."""
    where = namespace(workload)
    result = []
    for source in sources(workload):
        known = found.get(source.kind, where, source.name)
        whole = source.kind == "ConfigMap" if known is None else _asks(known)
        result.append(Ref("v1", source.kind, where, source.name, whole=whole))
    return tuple(result)


def belonging(workload: Object, found: Found) -> tuple[Object, ...]:
    """The objects among :func:`sources` whose content belongs to the revision; one that is not there does not."""
    objects = (found.get(source.kind, namespace(workload), source.name) for source in sources(workload))
    return tuple(one for one in objects if one is not None and _asks(one) and one.get("type") not in _NEVER)


def content(workload: Object, found: Found) -> str:
    """Tells the configuration of a template apart: equal as long as every name and byte of it is, "" without any."""
    everything = [
        [one["kind"], name(one), {key: one.get(key) or {} for key in _CONTENT}] for one in belonging(workload, found)
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
        "metadata": {"name": named_after(name(original), revision), "namespace": namespace(original), **metadata},
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


def _asks(one: Object) -> bool:
    """Whether it wants to belong, as far as its metadata says."""
    opt = annotations_of(one).get(OPT, "")
    if one["kind"] == "ConfigMap":
        return opt != "false"
    return opt == "true" and controller_reference(one) is None


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
