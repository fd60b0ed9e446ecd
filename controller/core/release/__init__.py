"""What the user asked for, exactly: durations in seconds, shares in whole per mille, tolerances as plain ratios.

Everything here is a value without behaviour beyond its own arithmetic. Defaults are those of the Release page and stand
here only: the wire models of ``controller.crd`` say what may be written, these types say what it means.
"""

from controller.core.release.command import APPROVALS, COMMAND, COMMAND_BY, COMMAND_REASON, Command, CommandName
from controller.core.release.compare import Compare, Tolerance
from controller.core.release.gates import (
    DEFAULT_MIN_REQUESTS,
    Fallback,
    Gates,
    LatencyLimit,
    Limit,
    PrometheusLimit,
    RequestRateLimit,
    SuccessRateLimit,
)
from controller.core.release.routing import IstioRouting, ObjectRef, Routing, Unsplit
from controller.core.release.spec import Release
from controller.core.release.strategy import ApprovalStep, Bake, Canary, RampStep, Step, WeightStep
from controller.core.release.workload import Capacity, ManagedWorkload

__all__ = [
    "APPROVALS",
    "COMMAND",
    "COMMAND_BY",
    "COMMAND_REASON",
    "DEFAULT_MIN_REQUESTS",
    "ApprovalStep",
    "Bake",
    "Canary",
    "Capacity",
    "Command",
    "CommandName",
    "Compare",
    "Fallback",
    "Gates",
    "IstioRouting",
    "LatencyLimit",
    "Limit",
    "ManagedWorkload",
    "ObjectRef",
    "PrometheusLimit",
    "RampStep",
    "Release",
    "RequestRateLimit",
    "Routing",
    "Step",
    "SuccessRateLimit",
    "Tolerance",
    "Unsplit",
    "WeightStep",
]
