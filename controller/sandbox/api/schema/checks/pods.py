"""Checks of Pods and of the templates that they are made from."""

from __future__ import annotations

import copy

from controller.sandbox.api.schema import errors, names
from controller.sandbox.api.schema.checks.common import Errors, Object, complaints, one_of
from controller.sandbox.api.schema.checks.containers import containers, init_containers
from controller.sandbox.api.schema.metadata import check_annotations, check_labels

_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_TOP_INT32 = 2**31 - 1
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def pod(obj: Object, old: Object | None = None) -> Errors:
    """A whole Pod; on an update almost nothing of its specification may change."""
    yield from pod_spec(obj["spec"], "spec")
    if old is not None:
        yield from _update(obj["spec"], old["spec"])


def template(value: Object, path: str) -> Errors:
    """A PodTemplateSpec."""
    metadata = value.get("metadata", {})
    yield from check_labels(metadata.get("labels", {}), f"{path}.labels")
    yield from check_annotations(metadata.get("annotations", {}), f"{path}.annotations")
    yield from pod_spec(value.get("spec", {}), f"{path}.spec")
    if value.get("spec", {}).get("ephemeralContainers"):
        yield errors.forbidden(f"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template")


def pod_spec(spec: Object, path: str) -> Errors:
    mountable: set[str] = set()
    yield from _volumes(spec.get("volumes", []), mountable, f"{path}.volumes")
    regular = spec.get("containers") or []
    yield from containers(regular, mountable, f"{path}.containers")
    yield from init_containers(spec.get("initContainers", []), regular, mountable, f"{path}.initContainers")
    yield from one_of(spec, "restartPolicy", path, ("Always", "OnFailure", "Never"))
    yield from one_of(spec, "dnsPolicy", path, _DNS)
    yield from check_labels(spec.get("nodeSelector", {}), f"{path}.nodeSelector")
    for field in ("serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"):
        if spec.get(field):
            yield from complaints(f"{path}.{field}", spec[field], names.subdomain(spec[field]))
    for field in ("hostname", "subdomain"):
        if spec.get(field):
            yield from complaints(f"{path}.{field}", spec[field], names.label(spec[field]))
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _TOP_INT32:
        yield errors.invalid(f"{path}.activeDeadlineSeconds", deadline, names.between(1, _TOP_INT32))
    yield from _tolerations(spec.get("tolerations", []), f"{path}.tolerations")


def _volumes(volumes: list[Object], mountable: set[str], path: str) -> Errors:
    for i, volume in enumerate(volumes):
        at, name = f"{path}[{i}]", volume.get("name", "")
        found = list(_volume(volume, at))
        if not name:
            found.append(errors.required(f"{at}.name"))
        else:
            found += complaints(f"{at}.name", name, names.label(name))
        if name in mountable:
            found.append(errors.duplicate(f"{at}.name", name))
        if not found:
            mountable.add(name)
        yield from found


_ASKED_FIRST = ("emptyDir", "hostPath", "secret", "nfs", "persistentVolumeClaim", "configMap", "downwardAPI")
"""The order in which a real server asks for a volume's type: what comes later is one too many."""


def _asked(kind: str) -> int:
    return _ASKED_FIRST.index(kind) if kind in _ASKED_FIRST else len(_ASKED_FIRST)


def _volume(volume: Object, path: str) -> Errors:
    given = sorted((kind for kind in volume if kind != "name"), key=_asked)
    if not given:
        yield errors.required(path, "must specify a volume type")
    for kind in given[1:]:
        yield errors.forbidden(f"{path}.{kind}", "may not specify more than 1 volume type")
    for kind, field in (("secret", "secretName"), ("configMap", "name"), ("persistentVolumeClaim", "claimName")):
        if given[:1] == [kind] and not volume[kind].get(field):
            yield errors.required(f"{path}.{kind}.{field}")
    if given[:1] == ["hostPath"] and not volume["hostPath"].get("path"):
        yield errors.required(f"{path}.hostPath.path")


def _tolerations(tolerations: list[Object], path: str) -> Errors:
    for i, toleration in enumerate(tolerations):
        at, key = f"{path}[{i}]", toleration.get("key", "")
        operator, effect = toleration.get("operator", ""), toleration.get("effect", "")
        if key:
            yield from complaints(f"{at}.key", key, names.qualified(key))
        elif operator != "Exists":
            text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            yield errors.invalid(f"{at}.operator", operator, text)
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            yield errors.invalid(f"{at}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
        if operator in ("", "Equal"):
            yield from complaints(
                f"{at}.operator", toleration.get("value", ""), names.label_value(toleration.get("value", ""))
            )
        elif operator == "Exists":
            if toleration.get("value"):
                yield errors.invalid(f"{at}.operator", toleration, "value must be empty when `operator` is 'Exists'")
        else:
            yield errors.not_supported(f"{at}.operator", operator, ["Equal", "Exists"])
        if effect and effect not in _EFFECTS:
            yield errors.not_supported(f"{at}.effect", effect, _EFFECTS)


def _update(new: Object, old: Object) -> Errors:
    for kind in ("containers", "initContainers"):
        if len(new.get(kind, [])) != len(old.get(kind, [])):
            yield errors.forbidden(f"spec.{kind}", "pod updates may not add or remove containers")
            return
    kept = [_without_seconds(toleration) for toleration in new.get("tolerations", [])]
    if any(_without_seconds(toleration) not in kept for toleration in old.get("tolerations", [])):
        text = "existing toleration can not be modified except its tolerationSeconds"
        yield errors.forbidden("spec.tolerations", text)
    if _fixed(new, old) != _fixed(old, old):
        yield errors.forbidden("spec", f"pod updates may not change fields other than {_UPDATABLE}\n")


def _without_seconds(toleration: Object) -> Object:
    return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}


def _fixed(spec: Object, old: Object) -> Object:
    """The part of a specification that no update may change."""
    out = copy.deepcopy(spec)
    for field in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        out.pop(field, None)
    if old.get("terminationGracePeriodSeconds", 0) < 0 and out.get("terminationGracePeriodSeconds") == 1:
        out["terminationGracePeriodSeconds"] = old["terminationGracePeriodSeconds"]
    for kind in ("containers", "initContainers"):
        for container in out.get(kind, []):
            container.pop("image", None)
    return out
