"""Kubernetes objects as plain data: times, owners, selectors, conditions, the readiness of pods. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from controller.sandbox.client import Object
from controller.sandbox.workloads.kinds import Kind


def stamp(moment: datetime) -> str:
    """A moment as Kubernetes writes it, in whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """The moment that :func:`stamp` (with or without a fraction) wrote."""
    return datetime.fromisoformat(text)


def seconds_since(text: str, now: datetime) -> float:
    return (now - moment(text)).total_seconds()


def name(item: Object) -> str:
    result: str = item["metadata"]["name"]
    return result


def namespace(item: Object) -> str:
    result: str = item["metadata"].get("namespace", "")
    return result


def uid(item: Object) -> str:
    result: str = item["metadata"].get("uid", "")
    return result


def labels_of(item: Object) -> dict[str, str]:
    return item["metadata"].get("labels") or {}


def annotations_of(item: Object) -> dict[str, str]:
    return item["metadata"].get("annotations") or {}


def deleting(item: Object) -> bool:
    return bool(item["metadata"].get("deletionTimestamp"))


def created(item: Object) -> str:
    result: str = item["metadata"].get("creationTimestamp") or ""
    return result


def owners(item: Object) -> list[Object]:
    return item["metadata"].get("ownerReferences") or []


def controller_of(item: Object) -> Object | None:
    """The owner reference of the one that controls ``item``."""
    return next((owner for owner in owners(item) if owner.get("controller")), None)


def controlled_by(item: Object, owner: Object) -> bool:
    reference = controller_of(item)
    return reference is not None and reference["uid"] == uid(owner)


def owner_reference(kind: Kind, owner: Object) -> Object:
    """What a controller writes into an object it makes."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": name(owner),
        "uid": uid(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def matches(selector: Object | None, found: Mapping[str, str]) -> bool:
    """Whether a LabelSelector (``matchLabels``, ``matchExpressions``) takes these labels; an empty one takes none.

    The API says that an empty selector takes all, but no controller here follows one that does.
    """
    selector = selector or {}
    exact, expressions = selector.get("matchLabels") or {}, selector.get("matchExpressions") or []
    if not exact and not expressions:
        return False
    return all(found.get(key) == value for key, value in exact.items()) and all(
        _expression(rule, found) for rule in expressions
    )


def _expression(rule: Object, found: Mapping[str, str]) -> bool:
    key, values = rule["key"], rule.get("values") or []
    match rule["operator"]:
        case "In":
            return found.get(key) in values
        case "NotIn":
            return found.get(key) not in values
        case "Exists":
            return key in found
        case _:
            return key not in found


def condition(item: Object, kind: str) -> Object | None:
    """The condition of one type in an object's status."""
    found = (item.get("status") or {}).get("conditions") or []
    return next((entry for entry in found if entry["type"] == kind), None)


def pod_is_ready(pod: Object) -> bool:
    entry = condition(pod, "Ready")
    return entry is not None and entry["status"] == "True"


def pod_has_ended(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def pod_is_active(pod: Object) -> bool:
    return not pod_has_ended(pod) and not deleting(pod)


def until_available(pod: Object, min_ready_seconds: int, now: datetime) -> float | None:
    """Seconds until the pod counts as available: 0 when it does, None while it is not ready."""
    entry = condition(pod, "Ready")
    if entry is None or entry["status"] != "True":
        return None
    if not min_ready_seconds:
        return 0.0
    since = entry.get("lastTransitionTime")
    return max(0.0, min_ready_seconds - seconds_since(since, now)) if since else float(min_ready_seconds)


def without_empties(value: Any) -> Any:
    """``value`` without members that are null, {} or []: what a server may add or leave out at will."""
    if isinstance(value, dict):
        cleaned = {key: without_empties(member) for key, member in value.items()}
        return {key: member for key, member in cleaned.items() if member not in (None, {}, [])}
    if isinstance(value, list):
        return [without_empties(member) for member in value]
    return value
