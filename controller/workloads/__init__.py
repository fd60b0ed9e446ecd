"""Wanted revisions and the objects found -> the objects wanted. Pure.

May not go in: traffic (routers), order in time (core/decide), requests (act).
"""

from controller.core.release import Release
from controller.workloads.managed import Managed
from controller.workloads.workload import Workload

__all__ = ["Workload", "workload_of"]

_MANAGED = Managed()


def workload_of(release: Release) -> Workload:
    """The form of workload that a Release asks for; there is one so far."""
    return _MANAGED
