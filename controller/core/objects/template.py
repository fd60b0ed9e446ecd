"""When two pod templates mean the same.

A revision's template differs from the user's by what we added, and any two by what the API server filled in. The normal
form has neither: it drops our labels and annotations, null and empty values, and fields that say what the server's
default says anyway. Lists keep their order, since for containers, variables and commands it means something.
Source of the defaults: Kubernetes, pkg/apis/core/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.core.objects.metadata import PREFIX
from controller.core.objects.quantities import normal_quantity

REVISION_LABEL = f"{PREFIX}revision"
CANONICAL_LABEL = "service.istio.io/canonical-revision"
RESTARTS = ("kubectl.kubernetes.io/restartedAt", f"{PREFIX}restart")
"""Annotations of a pod template whose change restarts the pods and means no new version."""

Json = dict[str, Any]


def same_template(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two pod templates mean the same, restarts aside."""
    return bool(normal_template(one) == normal_template(other))


def restart_mark(template: Mapping[str, Any]) -> str:
    """The values of the restart annotations, in one text; empty without any."""
    found = (template.get("metadata") or {}).get("annotations") or {}
    return " ".join(str(found[key]) for key in RESTARTS if found.get(key))


def normal_template(template: Mapping[str, Any], configs: Mapping[str, str] | None = None) -> Json:
    """The normal form: equal for templates that mean the same, and JSON again.

    ``configs`` gives the original name for each name of a ConfigMap or Secret that is a copy of ours.
    """
    metadata, spec = (_plain(template.get(key) or {}) for key in ("metadata", "spec"))
    labels = metadata.get("labels", {})
    if labels.get(CANONICAL_LABEL) == labels.get(REVISION_LABEL):
        labels.pop(CANONICAL_LABEL, None)
    kept = {
        field: {
            key: value
            for key, value in metadata.get(field, {}).items()
            if not key.startswith(PREFIX) and key not in RESTARTS
        }
        for field in ("labels", "annotations")
    }
    _normal_pod(spec)
    if configs:
        _original_configs(spec, configs)
    return {"metadata": _filled(kept), "spec": _filled(spec)}


# Maps whose keys are the user's; an empty value there is a value.
_OPEN_MAPS = frozenset({"labels", "annotations", "nodeSelector", "matchLabels"})
# A source or selector without content says something else than none at all.
_EMPTY_MEANS = frozenset({"emptyDir", "labelSelector", "namespaceSelector"})
_FALSE_IS_ABSENT = frozenset(
    {"hostNetwork", "hostPID", "hostIPC", "stdin", "stdinOnce", "tty", "readOnly", "optional", "shareProcessNamespace"}
)
_ZERO_IS_ABSENT = frozenset({"initialDelaySeconds", "hostPort"})


def _plain(value: Any, field: str = "") -> Any:
    """A copy without null and empty values, except where emptiness means something; whole floats become integers."""
    if isinstance(value, Mapping):
        copied = {str(key): _plain(item, str(key)) for key, item in value.items()}
        return {key: item for key, item in copied.items() if field in _OPEN_MAPS or not _is_absent(key, item)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _is_absent(key: str, value: Any) -> bool:
    if value is False:
        return key in _FALSE_IS_ABSENT
    if value == 0:
        return key in _ZERO_IS_ABSENT
    return value is None or (value in ("", [], {}) and key not in _EMPTY_MEANS)


def _filled(spec: Json) -> Json:
    """Once more without what dropping defaults left empty."""
    result: Json = _plain(spec)
    return result


def _drop(part: Json, **defaults: Any) -> None:
    for key, default in defaults.items():
        if part.get(key) == default and type(part.get(key)) is type(default):
            del part[key]


def _parts(part: Json, *fields: str) -> list[Json]:
    """The maps in these fields, whether one stands there or a list of them."""
    found = [part[field] for field in fields if field in part]
    flat = [item for value in found for item in (value if isinstance(value, list) else [value])]
    return [item for item in flat if isinstance(item, dict)]


def _normal_pod(spec: Json) -> None:
    _drop(
        spec,
        restartPolicy="Always",
        dnsPolicy="ClusterFirst",
        schedulerName="default-scheduler",
        terminationGracePeriodSeconds=30,
        enableServiceLinks=True,
    )
    # The old name of the same field; the server writes both.
    account = spec.pop("serviceAccount", None)
    if account and "serviceAccountName" not in spec:
        spec["serviceAccountName"] = account
    for container in _parts(spec, "containers", "initContainers"):
        _normal_container(container, host_network=spec.get("hostNetwork") is True)
    for volume in _parts(spec, "volumes"):
        _normal_volume(volume)
    _quantities(spec, "overhead")


def _normal_container(container: Json, *, host_network: bool) -> None:
    _drop(
        container,
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        imagePullPolicy=_pull_policy(str(container.get("image", ""))),
    )
    for port in _parts(container, "ports"):
        _drop(port, protocol="TCP")
        if host_network and port.get("hostPort") == port.get("containerPort"):
            port.pop("hostPort", None)
    for variable in _parts(container, "env"):
        for field in _parts(variable.get("valueFrom", {}), "fieldRef"):
            _drop(field, apiVersion="v1")
    for probe in _parts(container, "livenessProbe", "readinessProbe", "startupProbe"):
        _drop(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
        _normal_http(probe)
    for hook in _parts(container.get("lifecycle", {}), "postStart", "preStop"):
        _normal_http(hook)
    _drop(container.get("securityContext", {}), procMount="Default")
    for resources in _parts(container, "resources"):
        _quantities(resources, "limits", "requests")


def _pull_policy(image: str) -> str:
    """The server's default: Always for the tag latest, which is also meant by none."""
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if "@" not in image and tag in ("", "latest") else "IfNotPresent"


def _normal_http(action: Json) -> None:
    for request in _parts(action, "httpGet"):
        _drop(request, scheme="HTTP", path="/")


def _normal_volume(volume: Json) -> None:
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}
    for source in _parts(volume, "secret", "configMap", "downwardAPI", "projected"):
        _drop(source, defaultMode=420)
        for part in [source, *_parts(source, "sources")]:
            _drop(part.get("serviceAccountToken", {}), expirationSeconds=3600)
            for item in [*_parts(part, "items"), *_parts(part.get("downwardAPI", {}), "items")]:
                _drop(item.get("fieldRef", {}), apiVersion="v1")
    for source in _parts(volume, "emptyDir"):
        if "sizeLimit" in source:
            source["sizeLimit"] = normal_quantity(source["sizeLimit"])
    for claim in _parts(volume.get("ephemeral", {}), "volumeClaimTemplate"):
        _drop(claim.get("spec", {}), volumeMode="Filesystem")
        for resources in _parts(claim.get("spec", {}), "resources"):
            _quantities(resources, "limits", "requests")


def _quantities(part: Json, *fields: str) -> None:
    for amounts in _parts(part, *fields):
        amounts.update({key: normal_quantity(amount) for key, amount in amounts.items()})


def _original_configs(spec: Json, configs: Mapping[str, str]) -> None:
    def rename(part: Json, field: str) -> None:
        if part.get(field) in configs:
            part[field] = configs[part[field]]

    for volume in _parts(spec, "volumes"):
        for holder in [volume, *_parts(volume.get("projected", {}), "sources")]:
            for source in _parts(holder, "configMap"):
                rename(source, "name")
            for source in _parts(holder, "secret"):
                rename(source, "name" if "name" in source else "secretName")
    for container in _parts(spec, "containers", "initContainers"):
        variables = [variable.get("valueFrom", {}) for variable in _parts(container, "env")]
        for holder in [*_parts(container, "envFrom"), *variables]:
            for reference in _parts(holder, "configMapRef", "secretRef", "configMapKeyRef", "secretKeyRef"):
                rename(reference, "name")
