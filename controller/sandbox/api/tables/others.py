"""The columns of configuration, cluster objects, access and events."""

from __future__ import annotations

from typing import Any

from controller.sandbox.api.resources import Column
from controller.sandbox.api.tables.cells import AGE, CREATED_AT, NAME, NONE, UNKNOWN, age, at, column, field, text_list
from controller.sandbox.client import Object

_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_ROLE = "node-role.kubernetes.io/"


def plain_columns() -> tuple[Column, ...]:
    """Of a kind without columns of its own."""
    return (NAME, CREATED_AT)


def _count(*names: str) -> Any:
    return lambda item: sum(len(item.get(name) or ()) for name in names)


def configmap_columns() -> tuple[Column, ...]:
    return (NAME, column("Data", _count("data", "binaryData")), AGE)


def secret_columns() -> tuple[Column, ...]:
    return (NAME, column("Type", field("type")), column("Data", _count("data")), AGE)


def serviceaccount_columns() -> tuple[Column, ...]:
    return (NAME, column("Secrets", _count("secrets")), AGE)


def namespace_columns() -> tuple[Column, ...]:
    return (NAME, column("Status", field("status", "phase")), AGE)


def node_columns() -> tuple[Column, ...]:
    info = ("status", "nodeInfo")
    return (
        NAME,
        column("Status", _node_status),
        column("Roles", _roles),
        AGE,
        column("Version", field(*info, "kubeletVersion")),
        column("Internal-IP", lambda item: _address(item, "InternalIP"), wide=True),
        column("External-IP", lambda item: _address(item, "ExternalIP"), wide=True),
        column("OS-Image", field(*info, "osImage", absent=UNKNOWN), wide=True),
        column("Kernel-Version", field(*info, "kernelVersion", absent=UNKNOWN), wide=True),
        column("Container-Runtime", field(*info, "containerRuntimeVersion", absent=UNKNOWN), wide=True),
    )


def _node_status(node: Object) -> str:
    ready = [entry for entry in at(node, "status", "conditions") or [] if entry.get("type") == "Ready"]
    words = [("Ready" if entry.get("status") == "True" else "NotReady") for entry in ready] or ["Unknown"]
    if at(node, "spec", "unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def _roles(node: Object) -> str:
    labels = at(node, "metadata", "labels") or {}
    roles = {key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE)}
    if labels.get("kubernetes.io/role"):
        roles.add(labels["kubernetes.io/role"])
    return text_list(sorted(filter(None, roles)))


def _address(node: Object, kind: str) -> str:
    listed = at(node, "status", "addresses") or []
    return next((str(entry["address"]) for entry in listed if entry.get("type") == kind), NONE)


def _phase(item: Object) -> str:
    return "Terminating" if at(item, "metadata", "deletionTimestamp") else at(item, "status", "phase") or ""


def _access_modes(modes: list[str] | None) -> str:
    return ",".join(_MODES.get(mode, mode) for mode in modes or [])


def pv_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("Capacity", field("spec", "capacity", "storage")),
        column("Access Modes", lambda item: _access_modes(at(item, "spec", "accessModes"))),
        column("Reclaim Policy", field("spec", "persistentVolumeReclaimPolicy")),
        column("Status", _phase),
        column("Claim", _claim),
        column("StorageClass", field("spec", "storageClassName")),
        column("VolumeAttributesClass", field("spec", "volumeAttributesClassName", absent="<unset>")),
        column("Reason", field("status", "reason")),
        AGE,
        column("VolumeMode", field("spec", "volumeMode", absent="<unset>"), wide=True),
    )


def _claim(item: Object) -> str:
    claim = at(item, "spec", "claimRef")
    return f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else ""


def pvc_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("Status", _phase),
        column("Volume", field("spec", "volumeName")),
        column("Capacity", lambda item: field("status", "capacity", "storage")(item) if _bound(item) else ""),
        column("Access Modes", lambda item: _access_modes(at(item, "status", "accessModes")) if _bound(item) else ""),
        column("StorageClass", field("spec", "storageClassName")),
        column("VolumeAttributesClass", field("spec", "volumeAttributesClassName", absent="<unset>")),
        AGE,
        column("VolumeMode", field("spec", "volumeMode", absent="<unset>"), wide=True),
    )


def _bound(item: Object) -> bool:
    return bool(at(item, "spec", "volumeName"))


def binding_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("Role", lambda item: f"{at(item, 'roleRef', 'kind')}/{at(item, 'roleRef', 'name')}"),
        AGE,
        column("Users", lambda item: _subjects(item, "User"), wide=True),
        column("Groups", lambda item: _subjects(item, "Group"), wide=True),
        column("ServiceAccounts", lambda item: _subjects(item, "ServiceAccount"), wide=True),
    )


def _subjects(item: Object, kind: str) -> str:
    found = [subject for subject in item.get("subjects") or [] if subject.get("kind") == kind]
    if kind == "ServiceAccount":
        return ", ".join(f"{subject.get('namespace', '')}/{subject['name']}" for subject in found)
    return ", ".join(subject["name"] for subject in found)


def lease_columns() -> tuple[Column, ...]:
    return (NAME, column("Holder", field("spec", "holderIdentity")), AGE)


def controllerrevision_columns() -> tuple[Column, ...]:
    return (NAME, column("Controller", _controller), column("Revision", field("revision")), AGE)


def _controller(item: Object) -> str:
    owners = at(item, "metadata", "ownerReferences") or []
    owner = next((entry for entry in owners if entry.get("controller")), None)
    if owner is None:
        return NONE
    group = owner["apiVersion"].rpartition("/")[0]
    return f"{owner['kind'].lower()}{'.' + group if group else ''}/{owner['name']}"


def policy_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("Validations", lambda item: len(at(item, "spec", "validations") or []), "integer"),
        column("ParamKind", _param_kind),
        AGE,
    )


def _param_kind(item: Object) -> str:
    kind = at(item, "spec", "paramKind")
    return f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind else "<unset>"


def policy_binding_columns() -> tuple[Column, ...]:
    return (
        NAME,
        column("PolicyName", field("spec", "policyName")),
        column("ParamRef", _param_ref),
        AGE,
    )


def _param_ref(item: Object) -> str:
    ref = at(item, "spec", "paramRef")
    if not ref:
        return "<unset>"
    if ref.get("namespace"):
        return f"{ref['namespace']}/{ref.get('name', '')}"
    return f"*/{ref['name']}" if ref.get("name") else "*/*"


def event_columns() -> tuple[Column, ...]:
    """Of a core Event and of an events.k8s.io one."""
    return (
        Column("Last Seen", _last_seen),
        column("Type", field("type")),
        column("Reason", field("reason")),
        column("Object", _about),
        column(
            "Subobject",
            lambda item: _either(item, ("involvedObject", "fieldPath"), ("regarding", "fieldPath")),
            wide=True,
        ),
        column("Source", _source, wide=True),
        column("Message", lambda item: _either(item, ("message",), ("note",)).strip()),
        Column("First Seen", _first_seen, priority=1),
        column("Count", _times, wide=True),
        Column("Name", NAME.read, format="name", priority=1),
    )


def _either(item: Object, *paths: tuple[str, ...]) -> str:
    return next((str(at(item, *path)) for path in paths if at(item, *path)), "")


def _first_seen(item: Object, now: float) -> str:
    first = _either(item, ("firstTimestamp",), ("deprecatedFirstTimestamp",), ("eventTime",))
    return age(first, now)


def _last_seen(item: Object, now: float) -> str:
    last = _either(item, ("series", "lastObservedTime"), ("lastTimestamp",), ("deprecatedLastTimestamp",))
    return age(last, now) if last else _first_seen(item, now)


def _about(item: Object) -> str:
    kind = _either(item, ("involvedObject", "kind"), ("regarding", "kind"))
    return f"{kind.lower()}/{_either(item, ('involvedObject', 'name'), ('regarding', 'name'))}"


def _source(item: Object) -> str:
    component = _either(
        item,
        ("source", "component"),
        ("deprecatedSource", "component"),
        ("reportingComponent",),
        ("reportingController",),
    )
    host = _either(item, ("source", "host"), ("deprecatedSource", "host"), ("reportingInstance",))
    return f"{component}, {host}" if host else component


def _times(item: Object) -> int:
    return int(at(item, "series", "count") or item.get("count") or item.get("deprecatedCount") or 1)
