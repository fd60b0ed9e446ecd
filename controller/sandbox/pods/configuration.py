"""A container's environment and files: its ConfigMaps, Secrets and fields, resolved, or what is missing. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from controller.sandbox.client import Object
from controller.sandbox.workloads.objects import annotations_of, labels_of, name, namespace, uid

Find = Callable[[str, str], Object | None]  # namespace, name


@dataclass
class Configuration:
    """``environment`` by name; ``files`` by path, of ConfigMap volumes only; ``problem`` is what is missing."""

    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    problem: str = ""


def environment(pod: Object, container: Object, config_maps: Find, secrets: Find, ip: str) -> Configuration:
    """The variables that ``container`` starts with, or the first reason why it cannot."""
    result = Configuration()
    for source in container.get("envFrom") or []:
        reference, find, kind = _source(source, config_maps, secrets)
        found = find(namespace(pod), reference["name"])
        if found is None:
            if not reference.get("optional"):
                result.problem = f'{kind} "{reference["name"]}" not found'
                return result
            continue
        prefix = source.get("prefix") or ""
        result.environment.update({prefix + key: value for key, value in _values(found).items()})
    for variable in container.get("env") or []:
        value, problem = _variable(pod, variable, config_maps, secrets, ip)
        if problem:
            result.problem = problem
            return result
        if value is not None:
            result.environment[variable["name"]] = _expanded(value, result.environment)
    return result


def _source(source: Object, config_maps: Find, secrets: Find) -> tuple[Object, Find, str]:
    if "configMapRef" in source:
        return source["configMapRef"], config_maps, "configmap"
    return source["secretRef"], secrets, "secret"


def _variable(pod: Object, variable: Object, config_maps: Find, secrets: Find, ip: str) -> tuple[str | None, str]:
    origin = variable.get("valueFrom")
    if not origin:
        return variable.get("value") or "", ""
    if "fieldRef" in origin:
        return _field(pod, origin["fieldRef"]["fieldPath"], ip), ""
    for word, find, kind in (("configMapKeyRef", config_maps, "configmap"), ("secretKeyRef", secrets, "secret")):
        if word not in origin:
            continue
        reference = origin[word]
        found = find(namespace(pod), reference["name"])
        if found is not None and reference["key"] in _values(found):
            return str(_values(found)[reference["key"]]), ""
        if reference.get("optional"):
            return None, ""
        if found is None:
            return None, f'{kind} "{reference["name"]}" not found'
        where = (
            f"{kind.replace('configmap', 'ConfigMap').replace('secret', 'Secret')} {namespace(pod)}/{reference['name']}"
        )
        return None, f"couldn't find key {reference['key']} in {where}"
    return "", ""  # resources: the sandbox's node has no limits to tell


def _field(pod: Object, path: str, ip: str) -> str:
    """The downward API's fields."""
    if found := re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path):
        members = labels_of(pod) if found[1] == "labels" else annotations_of(pod)
        return members.get(found[2], "")
    known: dict[str, str] = {
        "metadata.name": name(pod),
        "metadata.namespace": namespace(pod),
        "metadata.uid": uid(pod),
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", ""),
        "status.podIP": ip,
        "status.podIPs": ip,
    }
    return known.get(path, "")


def _expanded(text: str, known: dict[str, str]) -> str:
    """``$(NAME)`` replaced where the name is known; ``$$(NAME)`` means the letters."""

    def one(found: re.Match[str]) -> str:
        if found[0].startswith("$$"):
            return found[0][1:]
        return known.get(found[1], found[0])

    return re.sub(r"\$?\$\(([A-Za-z_.-][\w.-]*)\)", one, text)


def _values(item: Object) -> dict[str, str]:
    """The texts of a ConfigMap or Secret; binary ones are left out."""
    data = dict(item.get("data") or {})
    if item.get("kind") != "Secret":
        return data
    result = {}
    for key, value in data.items():
        try:
            result[key] = base64.b64decode(value).decode()
        except (binascii.Error, ValueError):
            continue
    return result


def _references(volume: Object) -> Iterator[tuple[str, str, bool]]:
    """(kind, name, optional) of the ConfigMaps and Secrets in one volume."""
    if config := volume.get("configMap"):
        yield "configmap", config["name"], bool(config.get("optional"))
    if secret := volume.get("secret"):
        yield "secret", secret["secretName"], bool(secret.get("optional"))
    for source in (volume.get("projected") or {}).get("sources") or []:
        if config := source.get("configMap"):
            yield "configmap", config["name"], bool(config.get("optional"))
        if secret := source.get("secret"):
            yield "secret", secret["name"], bool(secret.get("optional"))


def missing_volume(pod: Object, config_maps: Find, secrets: Find) -> str:
    """Why a volume of the pod cannot be mounted, "" when all can."""
    for volume in pod["spec"].get("volumes") or []:
        for kind, wanted, optional in _references(volume):
            find = config_maps if kind == "configmap" else secrets
            if not optional and find(namespace(pod), wanted) is None:
                return f'MountVolume.SetUp failed for volume "{volume["name"]}" : {kind} "{wanted}" not found'
    return ""


def files(pod: Object, container: Object, config_maps: Find) -> dict[str, str]:
    """The files of the container's ConfigMap volumes as they are now, by path."""
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
    result: dict[str, str] = {}
    for mount in container.get("volumeMounts") or []:
        volume = volumes.get(mount["name"]) or {}
        for kind, wanted, _ in _references(volume):
            found = config_maps(namespace(pod), wanted) if kind == "configmap" else None
            for key, text in _values(found).items() if found else ():
                result[f"{mount['mountPath'].rstrip('/')}/{key}"] = text
    return result


def shown(configuration: Configuration, present: dict[str, str]) -> dict[str, Any]:
    """What ``/config`` answers: no variable but DEMO_ ones, so that no secret is shown."""
    variables = {key: value for key, value in configuration.environment.items() if key.startswith("DEMO_")}
    return {"environment": variables, "files": present}
