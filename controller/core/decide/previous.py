"""The revision that was stable before the last promotion: how long it stays warm, and when there is none any more.

It keeps its pods for ``spec.workload.keepPrevious``, so that requests can go back to it in one step; then it keeps its
Deployment without pods. Only the latest one is kept.
"""

from __future__ import annotations

from dataclasses import replace

from controller.core.decide.model import Observed
from controller.core.release import Release
from controller.core.status import Revision, Status


def kept_until(release: Release, one: Revision) -> float | None:
    """When the previous revision's pods may go: epoch seconds, None while a route names it."""
    if one.unrouted_since is None:
        return None
    return one.unrouted_since + max(release.workload.keep_previous, release.traffic.propagation + release.traffic.drain)


def is_warm(release: Release, one: Revision, now: float) -> bool:
    """Whether it keeps its pods. Once it has none it gets them back by a person's word only, not by time or drift."""
    until = kept_until(release, one)
    return one.replicas > 0 and (until is None or now < until)


def known_still(release: Release, status: Status, observed: Observed) -> Status:
    """Without the previous revision if its Deployment is gone, or if none shall be kept any more."""
    one = status.previous
    if one is None:
        return status
    seen = observed.workload.revision(one.name)
    if seen is None or seen.deleting:
        return replace(status, previous=None)
    if release.workload.keep_previous or status.returning:
        return status
    return replace(status, previous=None, retiring=(*status.retiring, one))
