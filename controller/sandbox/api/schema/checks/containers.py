"""Checks of containers: names, images, ports, environment, mounts, probes, resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.sandbox.api.schema import errors, names, quantity
from controller.sandbox.api.schema.checks.common import (
    PROTOCOLS,
    Errors,
    Object,
    complaints,
    nonnegative,
    one_of,
    port_number_or_name,
)

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_FIELD_PATHS = frozenset(
    (
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    )
)
_RESOURCES = ("cpu", "memory", "ephemeral-storage")
_NOT_INIT = "may not be set for init containers without restartPolicy=Always"


def containers(items: list[Object], volumes: set[str], path: str) -> Errors:
    """A Pod's regular containers; `volumes` are the names that they may mount."""
    if not items:
        yield errors.required(path)
    seen: set[str] = set()
    for i, container in enumerate(items):
        at = f"{path}[{i}]"
        yield from _common(container, volumes, at)
        if container.get("name", "") in seen:
            yield errors.duplicate(f"{at}.name", container.get("name", ""))
        seen.add(container.get("name", ""))
        yield from _life(container, at)
    yield from _host_ports(items, path)


def init_containers(items: list[Object], regular: list[Object], volumes: set[str], path: str) -> Errors:
    """A Pod's init containers; those that restart always may have probes."""
    seen = {container.get("name", "") for container in regular}
    for i, container in enumerate(items):
        at = f"{path}[{i}]"
        yield from _common(container, volumes, at)
        policy = container.get("restartPolicy")
        if policy not in (None, "Always"):
            yield errors.not_supported(f"{at}.restartPolicy", policy, ["Always"])
        if container.get("name", "") in seen:
            yield errors.duplicate(f"{at}.name", container.get("name", ""))
        elif container.get("name"):
            seen.add(container["name"])
        if policy == "Always":
            yield from _life(container, at)
        else:
            for field in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
                if field in container:
                    yield errors.forbidden(f"{at}.{field}", _NOT_INIT)


def _common(container: Object, volumes: set[str], path: str) -> Errors:
    name = container.get("name", "")
    if name:
        yield from complaints(f"{path}.name", name, names.label(name))
    else:
        yield errors.required(f"{path}.name")
    if not container.get("image"):
        yield errors.required(f"{path}.image")
    yield from one_of(container, "terminationMessagePolicy", path, ("File", "FallbackToLogsOnError"))
    yield from _ports(container.get("ports", []), f"{path}.ports")
    yield from _environment(container.get("env", []), f"{path}.env")
    yield from _environment_from(container.get("envFrom", []), f"{path}.envFrom")
    yield from _mounts(container.get("volumeMounts", []), volumes, f"{path}.volumeMounts")
    yield from one_of(container, "imagePullPolicy", path, ("Always", "IfNotPresent", "Never"))
    yield from resources(container.get("resources", {}), f"{path}.resources")


def _ports(ports: list[Object], path: str) -> Errors:
    seen: set[str] = set()
    for i, port in enumerate(ports):
        at, name = f"{path}[{i}]", port.get("name", "")
        if name:
            texts = names.port_name(name)
            yield from complaints(f"{at}.name", name, texts)
            if not texts and name in seen:
                yield errors.duplicate(f"{at}.name", name)
            seen.add(name)
        if not port.get("containerPort"):
            yield errors.required(f"{at}.containerPort")
        else:
            yield from complaints(
                f"{at}.containerPort", port["containerPort"], names.port_number(port["containerPort"])
            )
        if port.get("hostPort"):
            yield from complaints(f"{at}.hostPort", port["hostPort"], names.port_number(port["hostPort"]))
        yield from one_of(port, "protocol", at, PROTOCOLS)


def _host_ports(items: list[Object], path: str) -> Errors:
    taken: set[tuple[Any, ...]] = set()
    for i, container in enumerate(items):
        for j, port in enumerate(container.get("ports", [])):
            if not port.get("hostPort"):
                continue
            key = (port.get("protocol"), port.get("hostIP", ""), port["hostPort"])
            if key in taken:
                shown = "/".join(str(part) for part in key)
                yield errors.duplicate(f"{path}[{i}].ports[{j}].hostPort", shown)
            taken.add(key)


def _environment(variables: list[Object], path: str) -> Errors:
    for i, variable in enumerate(variables):
        at, name = f"{path}[{i}]", variable.get("name", "")
        if not name:
            yield errors.required(f"{at}.name")
        else:
            yield from complaints(f"{at}.name", name, names.env_name(name))
        source = variable.get("valueFrom")
        if source is None:
            continue
        given = [kind for kind in _SOURCES if kind in source]
        for kind in given:
            yield from _source(kind, source[kind], f"{at}.valueFrom.{kind}")
        if not given:
            text = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
            yield errors.invalid(f"{at}.valueFrom", "", text)
        elif variable.get("value"):
            yield errors.invalid(f"{at}.valueFrom", "", "may not be specified when `value` is not empty")
        elif len(given) > 1:
            yield errors.invalid(f"{at}.valueFrom", "", "may not have more than one field specified at a time")


def _source(kind: str, source: Object, path: str) -> Errors:
    if kind == "fieldRef":
        field = source.get("fieldPath", "")
        if not field:
            yield errors.required(f"{path}.fieldPath")
        elif field not in _FIELD_PATHS and not field.startswith(("metadata.labels['", "metadata.annotations['")):
            text = f"error converting fieldPath: field label not supported: {field}"
            yield errors.invalid(f"{path}.fieldPath", field, text)
    elif kind in ("configMapKeyRef", "secretKeyRef"):
        if not source.get("name"):
            yield errors.required(f"{path}.name")
        if not source.get("key"):
            yield errors.required(f"{path}.key")
        else:
            yield from complaints(f"{path}.key", source["key"], names.config_key(source["key"]))
    elif kind == "resourceFieldRef" and not source.get("resource"):
        yield errors.required(f"{path}.resource")


def _environment_from(sources: list[Object], path: str) -> Errors:
    for i, source in enumerate(sources):
        given = [kind for kind in ("configMapRef", "secretRef") if kind in source]
        for kind in given:
            if not source[kind].get("name"):
                yield errors.required(f"{path}[{i}].{kind}.name")
        if not given:
            yield errors.invalid(f"{path}[{i}]", "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(given) > 1:
            yield errors.invalid(f"{path}[{i}]", "", "may not have more than one field specified at a time")


def _mounts(mounts: list[Object], volumes: set[str], path: str) -> Errors:
    points: set[str] = set()
    for i, mount in enumerate(mounts):
        at, name, point = f"{path}[{i}]", mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield errors.required(f"{at}.name")
        if name not in volumes:
            yield errors.not_found(f"{at}.name", name)
        if not point:
            yield errors.required(f"{at}.mountPath")
        if point in points:
            yield errors.invalid(f"{at}.mountPath", point, "must be unique")
        points.add(point)
        for field in ("subPath", "subPathExpr"):
            yield from _relative(mount.get(field, ""), f"{path}.{field}")


def _relative(text: str, path: str) -> Errors:
    if text.startswith("/"):
        yield errors.invalid(path, text, "must be a relative path")
    if ".." in text.split("/"):
        yield errors.invalid(path, text, "must not contain '..'")


def _life(container: Object, path: str) -> Errors:
    for hook in ("postStart", "preStop"):
        handler = container.get("lifecycle", {}).get(hook)
        if handler is not None:
            yield from _handler(handler, f"{path}.lifecycle.{hook}")
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        if kind in container:
            yield from _probe(container[kind], kind, f"{path}.{kind}")


def _probe(probe: Object, kind: str, path: str) -> Errors:
    yield from _handler(probe, path)
    fields = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
    yield from nonnegative(probe, path, *fields)
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        yield errors.invalid(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0")
    if kind == "readinessProbe":
        if grace is not None:
            text = "must not be set for readinessProbes"
            yield errors.invalid(f"{path}.terminationGracePeriodSeconds", grace, text)
    elif probe.get("successThreshold") != 1:
        yield errors.invalid(f"{path}.successThreshold", probe.get("successThreshold", 0), "must be 1")


def _handler(handler: Object, path: str) -> Errors:
    given = [kind for kind in _HANDLERS if kind in handler]
    if not given:
        yield errors.required(path, "must specify a handler type")
    for i, kind in enumerate(given):
        if i:
            yield errors.forbidden(f"{path}.{kind}", "may not specify more than 1 handler type")
        else:
            yield from _action(kind, handler[kind], f"{path}.{kind}")


def _action(kind: str, action: Object, path: str) -> Errors:
    if kind == "exec" and not action.get("command"):
        yield errors.required(f"{path}.command")
    elif kind == "httpGet":
        yield from port_number_or_name(action.get("port"), f"{path}.port")
        if action.get("scheme", "") not in ("HTTP", "HTTPS"):
            yield errors.not_supported(f"{path}.scheme", action.get("scheme", ""), ["HTTP", "HTTPS"])
        for header in action.get("httpHeaders", ()):
            name = header.get("name", "")
            yield from complaints(f"{path}.httpHeaders", name, names.header(name))
    elif kind == "tcpSocket":
        yield from port_number_or_name(action.get("port"), f"{path}.port")
    elif kind == "grpc":
        port = action.get("port", 0)
        yield from complaints(f"{path}.port", port, names.port_number(port))


def resources(requirements: Object, path: str) -> Errors:
    """Limits and requests: names, no negative amounts, no request above its limit."""
    limits, requests = requirements.get("limits", {}), requirements.get("requests", {})
    for field, amounts in (("limits", limits), ("requests", requests)):
        for name, text in amounts.items():
            yield from _resource_name(name, f"{path}.{field}[{name}]")
            if quantity.parse(text).value < 0:
                yield errors.invalid(f"{path}.{field}[{name}]", text, "must be greater than or equal to 0")
    for name, text in requests.items():
        if name in limits and quantity.parse(text).value > quantity.parse(limits[name]).value:
            told = f"must be less than or equal to {name} limit of {limits[name]}"
            yield errors.invalid(f"{path}.requests", text, told)
        elif name not in limits and "/" in name:
            yield errors.required(f"{path}.limits", "Limit must be set for non overcommitable resources")


def _resource_name(name: str, path: str) -> Iterator[errors.FieldError]:
    yield from complaints(path, name, names.qualified(name))
    if "/" not in name and name not in _RESOURCES and not name.startswith("hugepages-"):
        yield errors.invalid(path, name, "must be a standard resource type or fully qualified")
        yield errors.invalid(path, name, "must be a standard resource for containers")
