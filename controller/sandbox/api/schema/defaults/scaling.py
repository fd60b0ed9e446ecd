"""Defaults of the HorizontalPodAutoscaler."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def autoscaler(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if behavior is not None:
        up = behavior.setdefault("scaleUp", {})
        up.setdefault("stabilizationWindowSeconds", 0)
        _rules(up, [{"type": "Pods", "value": 4, "periodSeconds": 15}])
        _rules(behavior.setdefault("scaleDown", {}), [])


def _rules(rules: Object, policies: list[Object]) -> None:
    rules.setdefault("selectPolicy", "Max")
    rules.setdefault("policies", [*policies, {"type": "Percent", "value": 100, "periodSeconds": 15}])
