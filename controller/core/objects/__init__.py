"""Kubernetes objects as plain data, JSON that is never changed in place: names, owners, readiness, equal meaning.

Whatever an object lacks reads as its empty value, so that a half-filled object from a watch never raises.
"""

from controller.core.objects.changes import Change, Create, Delete, Patch, change, difference, ref_of
from controller.core.objects.deployments import Readiness, images, pod_template, readiness
from controller.core.objects.found import Found, FoundObjects, Ref
from controller.core.objects.managers import manager_of
from controller.core.objects.metadata import (
    PREFIX,
    Object,
    annotations,
    condition,
    controller_reference,
    deleting,
    generation,
    is_owned_by,
    labels,
    name,
    namespace,
    owner_reference,
    resource_version,
    uid,
    where,
)
from controller.core.objects.names import label_value, named_after, revision_name
from controller.core.objects.template import normal_template, restart_mark, same_template

__all__ = [
    "PREFIX",
    "Change",
    "Create",
    "Delete",
    "Found",
    "FoundObjects",
    "Object",
    "Patch",
    "Readiness",
    "Ref",
    "annotations",
    "change",
    "condition",
    "controller_reference",
    "deleting",
    "difference",
    "generation",
    "images",
    "is_owned_by",
    "label_value",
    "labels",
    "manager_of",
    "name",
    "named_after",
    "namespace",
    "normal_template",
    "owner_reference",
    "pod_template",
    "readiness",
    "ref_of",
    "resource_version",
    "restart_mark",
    "revision_name",
    "same_template",
    "uid",
    "where",
]
