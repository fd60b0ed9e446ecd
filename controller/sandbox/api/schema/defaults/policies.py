"""Defaults of network, access and admission policies, and of CustomResourceDefinitions."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

_RBAC = "rbac.authorization.k8s.io"


def network_policy(obj: Object) -> None:
    spec = obj["spec"]
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    for rule in [*spec.get("ingress", ()), *spec.get("egress", ())]:
        for port in rule.get("ports", ()):
            port.setdefault("protocol", "TCP")


def ingress_class(obj: Object) -> None:
    parameters = obj["spec"].get("parameters")
    if parameters is not None:
        parameters.setdefault("scope", "Cluster")


def role_binding(obj: Object) -> None:
    """Both kinds of role bindings."""
    obj["roleRef"]["apiGroup"] = obj["roleRef"].get("apiGroup") or _RBAC
    for subject in obj.get("subjects", ()):
        if subject.get("kind") in ("User", "Group"):
            subject.setdefault("apiGroup", _RBAC)
        elif subject.get("kind") == "ServiceAccount" and not subject.get("namespace"):
            subject.pop("apiGroup", None)


def admission_policy(obj: Object) -> None:
    obj["spec"].setdefault("failurePolicy", "Fail")
    _match(obj["spec"].get("matchConstraints"))


def admission_binding(obj: Object) -> None:
    _match(obj["spec"].get("matchResources"))


def _match(resources: Object | None) -> None:
    if resources is None:
        return
    resources.setdefault("matchPolicy", "Equivalent")
    resources.setdefault("namespaceSelector", {})
    resources.setdefault("objectSelector", {})
    for rule in [*resources.get("resourceRules", ()), *resources.get("excludeResourceRules", ())]:
        rule.setdefault("scope", "*")


def custom_resource_definition(obj: Object) -> None:
    spec = obj["spec"]
    names = spec.setdefault("names", {})
    kind = names.get("kind", "")
    names.setdefault("singular", kind.lower())
    if kind:
        names.setdefault("listKind", kind + "List")
    spec.setdefault("conversion", {"strategy": "None"})
    stored = [version["name"] for version in spec.get("versions") or () if version.get("storage")]
    if not obj["status"].get("storedVersions"):
        obj["status"]["storedVersions"] = stored[:1]
