"""The pods of a revision, as far as they were read: they are only where its Deployment does not get on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.core.objects import Found, Object, deleting, namespace
from controller.workloads.managed.known import revision_of
from controller.workloads.managed.marks import REVISION_LABEL


def pods_of(deployment: Object, found: Found) -> tuple[Object, ...]:
    """Those that are not on their way out: what these say is about their end."""
    read = found.list("Pod", namespace(deployment), {REVISION_LABEL: revision_of(deployment)})
    return tuple(one for one in read if not deleting(one))


def containers(pod: Object) -> list[Mapping[str, Any]]:
    """The states of its containers, init containers first."""
    status: Mapping[str, Any] = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
