"""Defaults of Pods and of the templates that Pods are made from."""

from __future__ import annotations

from typing import Any

from controller.sandbox.api.schema.defaults.core import claim_spec, round_up

Object = dict[str, Any]

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_MODES = ("secret", "configMap", "downwardAPI", "projected")


def pod(obj: Object) -> None:
    """A whole Pod: its template's defaults, requests from limits, and what the standard admission plugins add.

    Those plugins (DefaultTolerationSeconds, Priority) run in every real server, so `kubectl get` shows their work.
    """
    spec = obj["spec"]
    for name in ("initContainers", "containers"):
        for container in spec.get(name, ()):
            limits = container.get("resources", {}).get("limits")
            if limits:
                requests = container["resources"].setdefault("requests", {})
                for resource, amount in limits.items():
                    requests.setdefault(resource, amount)
    spec.setdefault("enableServiceLinks", True)
    pod_spec(spec)
    obj["status"].setdefault("phase", "Pending")
    obj["status"].setdefault("qosClass", _quality(spec))
    for key in _TOLERATED:
        tolerations = spec.setdefault("tolerations", [])
        if not any(_tolerates(toleration, key) for toleration in tolerations):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")


def _tolerates(toleration: Object, key: str) -> bool:
    same_key = toleration.get("key") == key or ("key" not in toleration and toleration.get("operator") == "Exists")
    return same_key and toleration.get("effect", "NoExecute") == "NoExecute"


def _quality(spec: Object) -> str:
    """The quality of service class, from the requests and limits of cpu and memory."""
    guaranteed, any_set = True, False
    for name in ("initContainers", "containers"):
        for container in spec.get(name, ()):
            resources = container.get("resources", {})
            for resource in ("cpu", "memory"):
                limit = resources.get("limits", {}).get(resource)
                request = resources.get("requests", {}).get(resource)
                any_set = any_set or bool(limit or request)
                guaranteed = guaranteed and limit is not None and limit == request
    if not any_set:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def template(obj: Object) -> None:
    """A PodTemplateSpec."""
    if "spec" in obj:
        pod_spec(obj["spec"])


def pod_spec(spec: Object) -> None:
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("securityContext", {})
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("schedulerName", "default-scheduler")
    if "serviceAccountName" in spec or "serviceAccount" in spec:  # the older name mirrors the newer one
        name = spec.get("serviceAccountName") or spec["serviceAccount"]
        spec["serviceAccountName"] = spec["serviceAccount"] = name
    for volume in spec.get("volumes", ()):
        _volume(volume)
    for kind in _CONTAINERS:
        for container in spec.get(kind, ()):
            _container(container, host_network=bool(spec.get("hostNetwork")))


def _volume(volume: Object) -> None:
    if len(volume) <= 1:
        volume["emptyDir"] = {}
    for kind in _MODES:
        if isinstance(volume.get(kind), dict):
            volume[kind].setdefault("defaultMode", 420)
    if isinstance(volume.get("hostPath"), dict):
        volume["hostPath"].setdefault("type", "")
    if isinstance(volume.get("image"), dict):
        volume["image"].setdefault("pullPolicy", _pull_policy(volume["image"].get("reference", "")))
    if isinstance(volume.get("ephemeral"), dict):
        claim_spec(volume["ephemeral"].get("volumeClaimTemplate", {}).get("spec", {}))
    for source in (volume.get("projected") or {}).get("sources") or ():
        if isinstance(source.get("serviceAccountToken"), dict):
            source["serviceAccountToken"].setdefault("expirationSeconds", 3600)
        _field_references((source.get("downwardAPI") or {}).get("items", ()))
    _field_references((volume.get("downwardAPI") or {}).get("items", ()))


def _field_references(items: list[Object]) -> None:
    for item in items:
        if isinstance(item.get("fieldRef"), dict):
            item["fieldRef"].setdefault("apiVersion", "v1")


def _container(container: Object, *, host_network: bool) -> None:
    container.setdefault("imagePullPolicy", _pull_policy(container.get("image", "")))
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    for port in container.get("ports", ()):
        port.setdefault("protocol", "TCP")
        if host_network:
            port.setdefault("hostPort", port.get("containerPort", 0))
    for variable in container.get("env", ()):
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference is not None:
            reference.setdefault("apiVersion", "v1")
        resource = (variable.get("valueFrom") or {}).get("resourceFieldRef")
        if resource is not None:
            resource.setdefault("divisor", "0")
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        if isinstance(container.get(kind), dict):
            _probe(container[kind])
    for hook in ("postStart", "preStop"):
        _http_get((container.get("lifecycle") or {}).get(hook) or {})
    for amounts in container.get("resources", {}).values():
        if isinstance(amounts, dict):
            round_up(amounts)


def _probe(probe: Object) -> None:
    probe.setdefault("timeoutSeconds", 1)
    probe.setdefault("periodSeconds", 10)
    probe.setdefault("successThreshold", 1)
    probe.setdefault("failureThreshold", 3)
    _http_get(probe)
    if isinstance(probe.get("grpc"), dict):
        probe["grpc"].setdefault("service", "")


def _http_get(handler: Object) -> None:
    action = handler.get("httpGet")
    if isinstance(action, dict):
        action.setdefault("path", "/")
        action.setdefault("scheme", "HTTP")


def _pull_policy(image: str) -> str:
    """Always for the tag `latest` or none, unless a digest says which image."""
    last = image.rpartition("/")[2]
    if "@" in last:
        return "IfNotPresent"
    tag = last.rpartition(":")[2] if ":" in last else "latest"
    return "Always" if tag == "latest" else "IfNotPresent"
