"""Checks of the kinds of group apps."""

from __future__ import annotations

from typing import Any

from controller.sandbox.api.schema import errors, names
from controller.sandbox.api.schema.checks import pods
from controller.sandbox.api.schema.checks.common import (
    Errors,
    Object,
    amount,
    at_most_100_percent,
    immutable,
    is_valid_selector,
    matches,
    nonnegative,
    positive_or_percent,
    selector,
)

_COUNTS = ("observedGeneration", "replicas", "unavailableReplicas")
_SET_MUTABLE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
_SET_FORBIDDEN = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def deployment(obj: Object, old: Object | None = None) -> Errors:
    spec = obj["spec"]
    yield from nonnegative(spec, "spec", "replicas")
    yield from _selected(spec, "deployment", "ReplicaSet")
    yield from _strategy(spec.get("strategy", {}))
    yield from nonnegative(spec, "spec", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        yield errors.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
    if old is not None:
        yield from immutable(spec.get("selector"), old["spec"].get("selector"), "spec.selector")


def _strategy(strategy: Object) -> Errors:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is not None:
            text = "may not be specified when strategy `type` is 'Recreate'"
            yield errors.forbidden("spec.strategy.rollingUpdate", text)
    elif kind == "RollingUpdate":
        path = "spec.strategy.rollingUpdate"
        fewer, more = (rolling or {}).get("maxUnavailable", 0), (rolling or {}).get("maxSurge", 0)
        yield from positive_or_percent(fewer, f"{path}.maxUnavailable")
        yield from positive_or_percent(more, f"{path}.maxSurge")
        if amount(fewer) == 0 and amount(more) == 0:
            yield errors.invalid(f"{path}.maxUnavailable", fewer, "may not be 0 when `maxSurge` is 0")
        yield from at_most_100_percent(fewer, f"{path}.maxUnavailable")
    else:
        shown = errors.Struct(Type=kind, RollingUpdate=_internal_rolling(rolling))
        yield errors.not_supported("spec.strategy", shown, ["Recreate", "RollingUpdate"])


def _internal_rolling(rolling: Object | None) -> Any:
    """The server shows its internal type here, whose fields have Go's names."""
    if rolling is None:
        return None
    return errors.Struct(MaxUnavailable=rolling.get("maxUnavailable", 0), MaxSurge=rolling.get("maxSurge", 0))


def _selected(spec: Object, kind: str, owner: str) -> Errors:
    """The selector, and that it selects the template's Pods."""
    chosen = spec.get("selector")
    if chosen is None:
        yield errors.required("spec.selector")
    else:
        yield from selector(chosen, "spec.selector")
        if not chosen.get("matchLabels") and not chosen.get("matchExpressions"):
            yield errors.invalid("spec.selector", chosen, f"empty selector is invalid for {kind}")
    if not is_valid_selector(chosen):
        yield errors.invalid("spec.selector", chosen, "invalid label selector")
        return
    template = spec.get("template", {})
    labels = template.get("metadata", {}).get("labels")
    if chosen != {} and not matches(chosen, labels or {}):
        text = "`selector` does not match template `labels`"
        yield errors.invalid("spec.template.metadata.labels", labels, text)
    yield from pods.template(template, "spec.template")
    policy = template.get("spec", {}).get("restartPolicy")
    if policy != "Always":
        yield errors.not_supported("spec.template.spec.restartPolicy", policy, ["Always"])
    if template.get("spec", {}).get("activeDeadlineSeconds") is not None:
        text = f"activeDeadlineSeconds in {owner} is not Supported"
        yield errors.forbidden("spec.template.spec.activeDeadlineSeconds", text)


def replica_set(obj: Object, old: Object | None = None) -> Errors:
    spec = obj["spec"]
    yield from nonnegative(spec, "spec", "replicas", "minReadySeconds")
    yield from _selected(spec, "deployment", "ReplicaSet")
    if old is not None:
        yield from immutable(spec.get("selector"), old["spec"].get("selector"), "spec.selector")


def stateful_set(obj: Object, old: Object | None = None) -> Errors:
    spec = obj["spec"]
    if spec.get("podManagementPolicy") not in ("OrderedReady", "Parallel"):
        text = "must be 'OrderedReady' or 'Parallel'"
        yield errors.invalid("spec.podManagementPolicy", spec.get("podManagementPolicy", ""), text)
    yield from nonnegative(spec, "spec", "replicas", "minReadySeconds")
    if old is None and spec.get("serviceName"):
        for text in names.label(spec["serviceName"]):
            yield errors.invalid("spec.serviceName", spec["serviceName"], text)
    claimed = [
        {"name": claim.get("metadata", {}).get("name"), "emptyDir": {}}
        for claim in spec.get("volumeClaimTemplates", ())
    ]
    template = spec.get("template", {})
    inner = template.get("spec", {})
    own = {volume["name"] for volume in claimed}
    volumes = claimed + [volume for volume in inner.get("volumes", ()) if volume.get("name") not in own]
    yield from _selected(
        spec | {"template": template | {"spec": inner | {"volumes": volumes}}}, "statefulset", "StatefulSet"
    )
    if old is not None:
        fixed, before = ({k: v for k, v in one["spec"].items() if k not in _SET_MUTABLE} for one in (obj, old))
        if fixed != before:
            yield errors.forbidden("spec", _SET_FORBIDDEN)


def daemon_set(obj: Object, old: Object | None = None) -> Errors:
    spec = obj["spec"]
    yield from _selected(spec, "daemonset", "DaemonSet")
    yield from nonnegative(spec, "spec", "minReadySeconds", "revisionHistoryLimit")
    rolling = spec.get("updateStrategy", {}).get("rollingUpdate")
    if spec.get("updateStrategy", {}).get("type") == "RollingUpdate" and rolling is not None:
        path = "spec.updateStrategy.rollingUpdate"
        for field in ("maxUnavailable", "maxSurge"):
            yield from positive_or_percent(rolling.get(field, 0), f"{path}.{field}")
            yield from at_most_100_percent(rolling.get(field, 0), f"{path}.{field}")
        fewer, more = amount(rolling.get("maxUnavailable", 0)), amount(rolling.get("maxSurge", 0))
        if fewer and more:
            text = "may not be set when maxUnavailable is non-zero"
            yield errors.invalid(f"{path}.maxSurge", rolling["maxSurge"], text)
        elif not fewer and not more:
            yield errors.required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")
    if old is not None:
        yield from immutable(spec.get("selector"), old["spec"].get("selector"), "spec.selector")


def deployment_status(obj: Object, old: Object | None = None) -> Errors:
    yield from _counts(obj, old, "updatedReplicas", "readyReplicas", "availableReplicas")


def replica_set_status(obj: Object, old: Object | None = None) -> Errors:
    yield from _counts(obj, old, "fullyLabeledReplicas", "readyReplicas", "availableReplicas")


def stateful_set_status(obj: Object, old: Object | None = None) -> Errors:
    parts = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
    yield from _counts(obj, old, *parts, ready="status.readyReplicas")


def _counts(obj: Object, old: Object | None, *parts: str, ready: str = "readyReplicas") -> Errors:
    """The counts of a status: none negative, no part above the total. ``ready``: what this kind's errors call them."""
    counts = obj.get("status", {})
    yield from nonnegative(counts, "status", *_COUNTS, *parts, "collisionCount")
    total, available = counts.get("replicas", 0), counts.get("availableReplicas", 0)
    for name in parts:
        if counts.get(name, 0) > total:
            yield errors.invalid(f"status.{name}", counts.get(name, 0), "cannot be greater than status.replicas")
    if available > counts.get("readyReplicas", 0):
        yield errors.invalid("status.availableReplicas", available, f"cannot be greater than {ready}")
    before = (old or {}).get("status", {}).get("collisionCount")
    if before is not None and counts.get("collisionCount", 0) < before:
        yield errors.invalid("status.collisionCount", counts.get("collisionCount", 0), "cannot be decremented")
