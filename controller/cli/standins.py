"""Objects in place of those that files do not hold: as they should be, so that nothing is refused for their absence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.core.objects import Object
from controller.core.release import ObjectRef, Release

_API = "networking.istio.io/v1"


def service(release: Release, selector: Mapping[str, str]) -> Object:
    """The Service, with the port that the Release names."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": release.traffic.service, "namespace": release.namespace},
        "spec": {"selector": dict(selector), "ports": [{"port": release.traffic.port or 80, "name": "http"}]},
    }


def virtual_service(release: Release, ref: ObjectRef) -> Object:
    """A VirtualService of the user, with the routes that the Release names."""
    host = f"{release.traffic.service}.{release.namespace}.svc.cluster.local"
    to = [{"destination": {"host": host}}]
    routes: list[dict[str, Any]] = [{"name": route, "route": to} for route in release.traffic.router.routes]
    return {
        "apiVersion": _API,
        "kind": "VirtualService",
        "metadata": {"name": ref.name, "namespace": ref.namespace},
        "spec": {
            "hosts": [*release.traffic.router.hosts, host],
            "gateways": sorted({"mesh", *release.traffic.router.gateways}),
            "http": routes or [{"route": to}],
        },
    }


def deployment(release: Release, replicas: int) -> Object:
    """The Deployment, with pods that say as much as nobody told."""
    name = release.workload.deployment
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": release.namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": name, "image": name}]}},
        },
    }


def of_version(pods: Object, version: str) -> Object:
    """The same pods of another version: every image with this tag."""
    spec = dict(pods.get("spec") or {})
    containers = [dict(one) for one in spec.get("containers") or []]
    for one in containers:
        one["image"] = f"{_untagged(str(one.get('image') or ''))}:{version}"
    return {**pods, "spec": {**spec, "containers": containers}}


def _untagged(image: str) -> str:
    before = image.partition("@")[0]
    path, slash, last = before.rpartition("/")
    return f"{path}{slash}{last.partition(':')[0]}"
