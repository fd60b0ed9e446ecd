"""A stage for the controller: its real parts over HTTP, on an API without kubelet and mesh, and a clock that jumps.

Nothing is awaited by time: a pass runs when its date has come, and the clock goes to the next date when none has. A
wake-up that gets lost is found: where nothing has a date, :meth:`Stage.until` fails.
"""

from tests.stage.clock import Clock
from tests.stage.objects import (
    DEPLOYMENTS,
    KEY,
    NAME,
    NAMESPACE,
    RELEASES,
    REPLICA_SETS,
    ROUTES,
    deployment,
    release,
    workload,
)
from tests.stage.stage import CRDS, LIMIT, Stage, staged
from tests.stage.view import AGENT

__all__ = [
    "AGENT",
    "CRDS",
    "DEPLOYMENTS",
    "KEY",
    "LIMIT",
    "NAME",
    "NAMESPACE",
    "RELEASES",
    "REPLICA_SETS",
    "ROUTES",
    "Clock",
    "Stage",
    "deployment",
    "release",
    "staged",
    "workload",
]
