"""What the stories have in common: a Release of the sample application, with times that suit a test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

QUICK = {"interval": "5s", "minimumStep": "10s", "warmUp": "0s", "stepDeadline": "5m"}


def release(
    steps: Sequence[dict[str, Any]], gates: dict[str, Any], *, keep: str = "0s", **canary: Any
) -> dict[str, Any]:
    """``gates`` beside the quick times, ``canary`` beside the steps; the previous revision stays warm for ``keep``."""
    return {
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "Release",
        "metadata": {"name": "podinfo", "namespace": "shop"},
        "spec": {
            "workload": {"deployment": "podinfo", "keepPrevious": keep},
            "traffic": {
                "service": "podinfo",
                "propagation": "500ms",
                "drain": "3s",
                "istio": {"virtualService": "podinfo", "destinationRule": "podinfo"},
            },
            "strategy": {"canary": {"steps": list(steps), **canary}},
            "gates": {**QUICK, **gates},
        },
    }
