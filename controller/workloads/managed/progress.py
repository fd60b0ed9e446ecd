"""When a revision last came nearer to ready."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from controller.core.objects import Found, Object, condition
from controller.workloads.managed.pods import containers, pods_of

_STEPS = ("PodScheduled", "Initialized")


def progressed_at(deployment: Object, found: Found) -> float | None:
    """Epoch seconds, None when unknown.

    The Deployment's own word: a pod was made, became ready or available. Where pods were read, their steps before that
    too: scheduled, pulled and started. A container that ended once is no progress however often it starts again, and
    the moment at which a deadline was missed is none either.
    """
    own = condition(deployment, "Progressing") or {}
    moments = [_epoch(own.get("lastUpdateTime"))] if own.get("status") == "True" else []
    moments += [_epoch(text) for pod in pods_of(deployment, found) for text in _steps(pod)]
    return max((moment for moment in moments if moment is not None), default=None)


def _steps(pod: Object) -> Iterator[object]:
    for step in _STEPS:
        reached = condition(pod, step) or {}
        if reached.get("status") == "True":
            yield reached.get("lastTransitionTime")
    for container in containers(pod):
        if not container.get("restartCount"):
            state: Mapping[str, Any] = container.get("state") or {}
            yield (state.get("running") or {}).get("startedAt")


def _epoch(text: object) -> float | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None
