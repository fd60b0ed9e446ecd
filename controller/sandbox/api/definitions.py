"""What the server writes into a CustomResourceDefinition: names, the finalizer, conditions, stored versions."""

from __future__ import annotations

from controller.sandbox.api.patch.values import duplicate
from controller.sandbox.client import Object

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"


def prepare_definition(crd: Object, old: Object | None) -> None:
    """What the server fills in when a CRD is written, in place."""
    spec = crd["spec"]
    names = spec.get("names") or {}
    if names.get("kind"):
        names.setdefault("singular", names["kind"].lower())
        names.setdefault("listKind", f"{names['kind']}List")
    spec.setdefault("conversion", {"strategy": "None"})
    if old is None:
        crd["status"] = {
            "conditions": None,
            "acceptedNames": {"kind": "", "plural": ""},
            "storedVersions": [version["name"] for version in spec.get("versions") or [] if version.get("storage")][:1],
        }


def mark_terminating(crd: Object, now: str) -> None:
    """What a DELETE does to a CRD, in place: it stays until the last of its objects is gone."""
    metadata = crd["metadata"]
    if CLEANUP not in (metadata.get("finalizers") or []):
        metadata["finalizers"] = [*(metadata.get("finalizers") or []), CLEANUP]
    conditions = [entry for entry in crd["status"].get("conditions") or [] if entry["type"] != "Terminating"]
    text = "CustomResource deletion is in progress"
    condition = {"type": "Terminating", "status": "True", "lastTransitionTime": now}
    crd["status"]["conditions"] = [*conditions, {**condition, "reason": "InstanceDeletionInProgress", "message": text}]


def is_established(crd: Object) -> bool:
    """Whether the names in the spec are accepted and the kind is served."""
    conditions = (crd.get("status") or {}).get("conditions") or []
    accepted = (crd.get("status") or {}).get("acceptedNames")
    return accepted == crd["spec"]["names"] and any(
        condition["type"] == "Established" and condition["status"] == "True" for condition in conditions
    )


def stored_versions(crd: Object) -> list[str]:
    """Every version in which objects were ever stored."""
    known: list[str] = list((crd.get("status") or {}).get("storedVersions") or [])
    storage = [version["name"] for version in crd["spec"]["versions"] if version.get("storage")]
    return known + [name for name in storage if name not in known]


def established(crd: Object, now: str) -> Object:
    """A copy with the status of a CRD whose kind is served since ``now``."""
    result: Object = duplicate(crd)
    rows = (
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    )
    result["status"] = {
        "conditions": [
            {"type": kind, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message}
            for kind, reason, message in rows
        ],
        "acceptedNames": duplicate(crd["spec"]["names"]),
        "storedVersions": stored_versions(crd),
    }
    return result
