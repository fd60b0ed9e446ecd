"""Checks of autoscalers, disruption budgets, leases and access rules."""

from __future__ import annotations

from controller.sandbox.api.schema import errors, names, quantity
from controller.sandbox.api.schema.checks.common import (
    Errors,
    Object,
    at_most_100_percent,
    complaints,
    nonnegative,
    positive_or_percent,
    selector,
)

_METRICS = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_RBAC = "rbac.authorization.k8s.io"


def autoscaler(obj: Object, old: Object | None = None) -> Errors:
    spec = obj["spec"]
    low, high = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if low is not None and low < 1:
        yield errors.invalid("spec.minReplicas", low, "must be greater than or equal to 1")
    if high < 1:
        yield errors.invalid("spec.maxReplicas", high, "must be greater than 0")
    if low is not None and high < low:
        yield errors.invalid("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`")
    yield from _target_reference(spec.get("scaleTargetRef", {}), "spec.scaleTargetRef")
    for i, metric in enumerate(spec.get("metrics", ())):
        yield from _metric(metric, f"spec.metrics[{i}]")
    for direction, rules in spec.get("behavior", {}).items():
        yield from _scaling_rules(rules, f"spec.behavior.{direction}")


def _target_reference(reference: Object, path: str) -> Errors:
    for field in ("kind", "name"):
        value = reference.get(field, "")
        if not value:
            yield errors.required(f"{path}.{field}")
        else:
            yield from complaints(f"{path}.{field}", value, names.path_segment(value))
    version = reference.get("apiVersion", "")
    if not version:
        yield errors.invalid(f"{path}.apiVersion", "", "apiVersion must specify API group")
    elif version.count("/") > 1:
        yield errors.invalid(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}")


def _metric(metric: Object, path: str) -> Errors:
    kind = metric.get("type", "")
    if not kind:
        yield errors.required(f"{path}.type", "must specify a metric source type")
    if kind not in _METRICS:
        yield errors.not_supported(f"{path}.type", kind, list(_METRICS))
        return
    wanted = _METRICS[kind]
    given = [field for field in _METRICS.values() if field in metric]
    if wanted not in given:
        yield errors.required(f"{path}.{wanted}", "must populate information for the given metric source")
    for field in given:
        if field != wanted:
            yield errors.forbidden(f"{path}.{field}", "must populate the given metric source only")
    if "resource" in given:
        yield from _resource_metric(metric["resource"], f"{path}.resource")


def _resource_metric(source: Object, path: str) -> Errors:
    if not source.get("name"):
        yield errors.required(f"{path}.name", "must specify a resource name")
    target = source.get("target", {})
    kind = target.get("type", "")
    if not kind:
        yield errors.required(f"{path}.target.type", "must specify a metric target type")
    if kind not in ("Utilization", "Value", "AverageValue"):
        yield errors.invalid(f"{path}.target.type", kind, "must be either Utilization, Value, or AverageValue")
    for field in ("value", "averageValue"):
        if field in target and quantity.parse(target[field]).value <= 0:
            yield errors.invalid(f"{path}.target.{field}", target[field], "must be positive")
    share, amount = target.get("averageUtilization"), target.get("averageValue")
    if share is not None and share < 1:
        yield errors.invalid(f"{path}.target.averageUtilization", share, "must be greater than 0")
    if share is None and amount is None:
        text = "must set either a target raw value or a target utilization"
        yield errors.required(f"{path}.target.averageUtilization", text)
    if share is not None and amount is not None:
        text = "may not set both a target raw value and a target utilization"
        yield errors.forbidden(f"{path}.target.averageValue", text)


def _scaling_rules(rules: Object, path: str) -> Errors:
    window = rules.get("stabilizationWindowSeconds")
    if window is not None and window > 3600:
        text = "must be less than or equal to 3600"
        yield errors.invalid(f"{path}.stabilizationWindowSeconds", window, text)
    yield from nonnegative(rules, path, "stabilizationWindowSeconds")
    if rules.get("selectPolicy") not in (None, "Max", "Min", "Disabled"):
        yield errors.not_supported(f"{path}.selectPolicy", rules["selectPolicy"], ["Disabled", "Max", "Min"])
    if not rules.get("policies"):
        yield errors.required(f"{path}.policies", "must specify at least one Policy")
    for i, policy in enumerate(rules.get("policies", ())):
        at = f"{path}.policies[{i}]"
        if policy.get("type") not in ("Pods", "Percent"):
            yield errors.not_supported(f"{at}.type", policy.get("type", ""), ["Percent", "Pods"])
        for field in ("value", "periodSeconds"):
            if policy.get(field, 0) <= 0:
                yield errors.invalid(f"{at}.{field}", policy.get(field, 0), "must be greater than zero")
        if policy.get("periodSeconds", 0) > 1800:
            yield errors.invalid(f"{at}.periodSeconds", policy["periodSeconds"], "must be less than or equal to 1800")


def disruption_budget(obj: Object, old: Object | None = None) -> Errors:
    spec = obj["spec"]
    if "minAvailable" in spec and "maxUnavailable" in spec:
        shown = errors.Struct(
            MinAvailable=spec["minAvailable"],
            Selector=spec.get("selector"),
            MaxUnavailable=spec["maxUnavailable"],
            UnhealthyPodEvictionPolicy=spec.get("unhealthyPodEvictionPolicy"),
        )
        yield errors.invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set")
    for field in ("minAvailable", "maxUnavailable"):
        if field in spec:
            yield from positive_or_percent(spec[field], f"spec.{field}")
            yield from at_most_100_percent(spec[field], f"spec.{field}")
    yield from selector(spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy not in (None, "AlwaysAllow", "IfHealthyBudget"):
        allowed = ["AlwaysAllow", "IfHealthyBudget"]
        yield errors.not_supported("spec.unhealthyPodEvictionPolicy", policy, allowed)


def lease(obj: Object, old: Object | None = None) -> Errors:
    spec = obj["spec"]
    seconds, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if seconds is not None and seconds <= 0:
        yield errors.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")
    if transitions is not None and transitions < 0:
        yield errors.invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0")
    if spec.get("preferredHolder") and not spec.get("strategy"):
        yield errors.forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined")


def role(obj: Object, old: Object | None = None) -> Errors:
    """Both Roles and ClusterRoles."""
    namespaced = obj.get("kind") == "Role"
    for i, rule in enumerate(obj.get("rules") or ()):
        yield from _rule(rule, f"rules[{i}]", namespaced=namespaced)


def _rule(rule: Object, path: str, *, namespaced: bool) -> Errors:
    if not rule.get("verbs"):
        yield errors.required(f"{path}.verbs", "verbs must contain at least one value")
    urls = rule.get("nonResourceURLs")
    if urls:
        if namespaced:
            text = "namespaced rules cannot apply to non-resource URLs"
            yield errors.invalid(f"{path}.nonResourceURLs", urls, text)
        if any(rule.get(field) for field in ("apiGroups", "resources", "resourceNames")):
            text = "rules cannot apply to both regular resources and non-resource URLs"
            yield errors.invalid(f"{path}.nonResourceURLs", urls, text)
        return
    if not rule.get("apiGroups"):
        yield errors.required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        yield errors.required(f"{path}.resources", "resource rules must supply at least one resource")


def role_binding(obj: Object, old: Object | None = None) -> Errors:
    """Both RoleBindings and ClusterRoleBindings."""
    namespaced, reference = obj.get("kind") == "RoleBinding", obj.get("roleRef", {})
    if reference.get("apiGroup") != _RBAC:
        yield errors.not_supported("roleRef.apiGroup", reference.get("apiGroup", ""), [_RBAC])
    kinds = ["Role", "ClusterRole"] if namespaced else ["ClusterRole"]
    if reference.get("kind") not in kinds:
        yield errors.not_supported("roleRef.kind", reference.get("kind", ""), kinds)
    if not reference.get("name"):
        yield errors.required("roleRef.name")
    for i, subject in enumerate(obj.get("subjects", ())):
        yield from _subject(subject, f"subjects[{i}]", namespaced=namespaced)
    if old is not None and reference != old.get("roleRef"):
        shown = errors.Struct(
            APIGroup=reference.get("apiGroup", ""), Kind=reference.get("kind", ""), Name=reference.get("name", "")
        )
        yield errors.invalid("roleRef", shown, "cannot change roleRef")


def _subject(subject: Object, path: str, *, namespaced: bool) -> Errors:
    kind, name, group = subject.get("kind", ""), subject.get("name", ""), subject.get("apiGroup", "")
    if not name:
        yield errors.required(f"{path}.name")
    if kind == "ServiceAccount":
        if name:
            yield from complaints(f"{path}.name", name, names.subdomain(name))
        if group:
            yield errors.not_supported(f"{path}.apiGroup", group, [""])
        if not namespaced and not subject.get("namespace"):
            yield errors.required(f"{path}.namespace")
    elif kind in ("User", "Group"):
        if group != _RBAC:
            yield errors.not_supported(f"{path}.apiGroup", group, [_RBAC])
    else:
        yield errors.not_supported(f"{path}.kind", kind, ["ServiceAccount", "User", "Group"])
