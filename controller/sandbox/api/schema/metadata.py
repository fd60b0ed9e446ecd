"""Checks of ObjectMeta on creation and on update (k8s.io/apimachinery/pkg/api/validation/objectmeta.go)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.sandbox.api.schema import errors, names
from controller.sandbox.api.schema.errors import FieldError

Object = dict[str, Any]

_ANNOTATIONS_LIMIT = 256 * 1024
_MANAGER_LIMIT = 128
_IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
_STANDARD_FINALIZERS = ("orphan", "foregroundDeletion", "kubernetes")
IMMUTABLE = "field is immutable"


def check_create(
    metadata: Object, *, namespaced: bool, name_rule: names.NameCheck = names.object_subdomain, path: str = "metadata"
) -> list[FieldError]:
    """What is wrong with the metadata of a new object; generateName has become a name by now."""
    found: list[FieldError] = []
    generate, name = metadata.get("generateName", ""), metadata.get("name", "")
    if generate:
        found += (errors.invalid(f"{path}.generateName", generate, text) for text in name_rule(generate, True))
    if not name:
        found.append(errors.required(f"{path}.name", "name or generateName is required"))
    else:
        found += (errors.invalid(f"{path}.name", name, text) for text in name_rule(name, False))
    namespace = metadata.get("namespace", "")
    if not namespaced and namespace:
        found.append(errors.forbidden(f"{path}.namespace", "not allowed on this type"))
    elif namespaced and not namespace:
        found.append(errors.required(f"{path}.namespace"))
    elif namespaced:
        found += (errors.invalid(f"{path}.namespace", namespace, text) for text in names.object_label(namespace))
    if metadata.get("generation", 0) < 0:
        found.append(errors.invalid(f"{path}.generation", metadata["generation"], "must be greater than or equal to 0"))
    found += _common(metadata, path)
    finalizers = metadata.get("finalizers", [])
    for finalizer in finalizers:
        found += (errors.invalid(f"{path}.finalizers", finalizer, text) for text in names.qualified(finalizer))
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        text = "finalizer orphan and foregroundDeletion cannot be both set"
        found.append(errors.invalid(f"{path}.finalizers", finalizers, text))
    return found


def check_update(metadata: Object, old: Object, path: str = "metadata") -> list[FieldError]:
    """What is wrong with the metadata of an object that replaces `old`."""
    found: list[FieldError] = []
    if old.get("deletionTimestamp"):
        extra = sorted(set(metadata.get("finalizers", [])) - set(old.get("finalizers", [])))
        if extra:
            shown = "[]string{" + ", ".join(errors.quoted(item) for item in extra) + "}"
            text = f"no new finalizers can be added if the object is being deleted, found new finalizers {shown}"
            found.append(errors.forbidden(f"{path}.finalizers", text))
    if not metadata.get("resourceVersion"):
        found.append(errors.invalid(f"{path}.resourceVersion", "", "must be specified for an update"))
    if metadata.get("generation", 0) < old.get("generation", 0):
        found.append(errors.invalid(f"{path}.generation", metadata.get("generation", 0), "must not be decremented"))
    for name in _IMMUTABLE:
        if metadata.get(name) != old.get(name):
            empty = "" if name in ("name", "namespace", "uid") else None
            found.append(errors.invalid(f"{path}.{name}", metadata.get(name, empty), IMMUTABLE))
    return found + _common(metadata, path)


def check_labels(labels: dict[str, str], path: str) -> list[FieldError]:
    """The syntax of labels' keys and values."""
    found: list[FieldError] = []
    for key, value in labels.items():
        found += (errors.invalid(path, key, text) for text in names.qualified(key))
        found += (errors.invalid(path, value, text) for text in names.label_value(value))
    return found


def check_annotations(annotations: dict[str, str], path: str) -> list[FieldError]:
    """The syntax of annotations' keys, whatever their case, and the size of them all."""
    found: list[FieldError] = []
    for key in annotations:
        found += (errors.invalid(path, key, text) for text in names.qualified(key.lower()))
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > _ANNOTATIONS_LIMIT:
        found.append(errors.too_long(path, _ANNOTATIONS_LIMIT))
    return found


def check_finalizers(metadata: Object, path: str = "metadata") -> list[FieldError]:
    """Finalizers of built-in kinds have a domain or are standard ones."""
    text = "name is neither a standard finalizer name nor is it fully qualified"
    return [
        errors.invalid(f"{path}.finalizers[{i}]", name, text)
        for i, name in enumerate(metadata.get("finalizers", []))
        if "/" not in name and name not in _STANDARD_FINALIZERS
    ]


def finalizer_warnings(metadata: Object, old: Object | None = None) -> list[str]:
    """The Warning texts for finalizers of custom resources that have no domain."""
    known = set((old or {}).get("finalizers", []))
    warnings = []
    for finalizer in sorted(set(metadata.get("finalizers", [])) - known):
        shown = f"metadata.finalizers: {errors.quoted(finalizer)}"
        warnings += [f"{shown}: {text}" for text in names.qualified(finalizer)]
        if "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
            path = " including a path (/)" if "." in finalizer else ""
            warnings.append(
                f"{shown}: prefer a domain-qualified finalizer name{path} "
                "to avoid accidental conflicts with other finalizer writers"
            )
    return warnings


def _common(metadata: Object, path: str) -> list[FieldError]:
    found = check_labels(metadata.get("labels", {}), f"{path}.labels")
    found += check_annotations(metadata.get("annotations", {}), f"{path}.annotations")
    found += _check_owners(metadata.get("ownerReferences", []), f"{path}.ownerReferences")
    for i, entry in enumerate(metadata.get("managedFields", [])):
        found += _check_managed(entry, f"{path}.managedFields[{i}]")
    return found


def _check_owners(owners: list[Object], path: str) -> Iterator[FieldError]:
    controller = ""
    for owner in owners:
        group_version = owner.get("apiVersion", "")
        if not group_version.rpartition("/")[2]:
            yield errors.invalid(f"{path}.apiVersion", group_version, "version must not be empty")
        for name in ("kind", "name", "uid"):
            if not owner.get(name):
                yield errors.invalid(f"{path}.{name}", "", "must not be empty")
        if (group_version, owner.get("kind")) == ("v1", "Event"):
            yield errors.invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner")
        if owner.get("controller"):
            current = f"{owner.get('kind')}/{owner.get('name')}"
            if controller:
                text = (
                    'Only one reference can have Controller set to true. Found "true" in references for '
                    f"{controller} and {current}"
                )
                yield errors.invalid(path, owners, text)
            controller = controller or current


def _check_managed(entry: Object, path: str) -> Iterator[FieldError]:
    if entry.get("operation") not in ("Apply", "Update"):
        yield errors.invalid(f"{path}.operation", entry.get("operation", ""), "must be `Apply` or `Update`")
    if entry.get("fieldsType", "FieldsV1") != "FieldsV1":
        yield errors.invalid(f"{path}.fieldsType", entry["fieldsType"], "must be `FieldsV1`")
    if len(entry.get("manager", "")) > _MANAGER_LIMIT:
        yield errors.too_long(f"{path}.manager", _MANAGER_LIMIT)
